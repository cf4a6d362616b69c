"""How far a net's probabilities can be believed: of what it gives 80 %, are 80 % right?

Guo et al. 2017 (arXiv:1706.04599), section 2: images are put into bins by the probability of the
class that they were taken for. In a well calibrated net each bin's mean probability is the part of
its images that are right. The expected calibration error is the mean distance between the two,
weighted by the number of images.
"""

from typing import NamedTuple

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..checks import integer
from .classification import Classified


class Bin(NamedTuple):
    """Images that a net is about equally sure of."""

    low: float  # probabilities above this
    high: float  # and up to this
    images: int
    confidence: float  # mean probability, in percent; nan without images
    accuracy: float  # images that are right, in percent; nan without images


class Calibration(NamedTuple):
    """What a net's probabilities are worth."""

    bins: list[Bin]
    error: float  # expected calibration error, in percentage points


def calibration(classified: Classified, bins: int = 15) -> Calibration:
    """Compare the probability of each image's likeliest class with how often that is right.

    Parameters
    ----------
    classified : Classified
    bins : int
        Of equal width, from 0 to 1.

    Raises
    ------
    ConfigError
        For a number of bins below 1.
    """
    bins = integer("calibration", "bins", bins)
    logits, labels = classified
    probability = np.exp(F.log_softmax(Tensor(logits)).data).max(axis=1).astype(np.float64)
    is_right = logits.argmax(axis=1) == labels
    place = np.clip(np.ceil(probability * bins).astype(int) - 1, 0, bins - 1)
    found, error = [], 0.0
    for i in range(bins):
        inside = place == i
        count = int(inside.sum())
        confidence = 100 * float(probability[inside].mean()) if count else float("nan")
        accuracy = 100 * float(is_right[inside].mean()) if count else float("nan")
        found.append(Bin(i / bins, (i + 1) / bins, count, confidence, accuracy))
        if count:
            error += count / len(labels) * abs(confidence - accuracy)
    return Calibration(found, error)
