"""How far a net's probabilities can be trusted: if it is 80 % sure, is it right in 80 % of cases?

After Guo et al. 2017 (arXiv:1706.04599), section 2. Images are put into bins by the probability
that the net gives the class it predicts. For a well calibrated net, the mean probability in a bin
equals the fraction of its images that are right. The expected calibration error is the mean
distance between the two, weighted by the number of images.
"""

from typing import NamedTuple

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..checks import integer
from .classification import Classified


class Bin(NamedTuple):
    """Images whose predicted class has about the same probability."""

    low: float  # from 0 to 1: probabilities in this bin are above this,
    high: float  # and at most this
    images: int
    confidence: float  # mean probability, in percent; nan without images
    accuracy: float  # percentage of images that are right; nan without images


class Calibration(NamedTuple):
    """How well a net's probabilities agree with how often it is right."""

    bins: list[Bin]
    error: float  # expected calibration error, in percentage points


def calibration(classified: Classified, bins: int = 15) -> Calibration:
    """Compare the probability of each image's predicted class with how often it is right.

    Parameters
    ----------
    classified : Classified
        From `classify`.
    bins : int
        The number of bins. They have the same width, and cover 0 to 1.

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
