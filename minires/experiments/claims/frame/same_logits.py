"""Whether two nets compute the same: the largest difference between their logits.

Claims about nets that fold into plain nets, and about deeper copies of a net, measure it.
"""

from collections.abc import Sequence

import numpy as np

from ....autograd import Tensor, no_grad
from ....nn import Module
from ....types import Row
from .criterion import seeds_of

EQUAL = 1e-3  # logits that differ by less count as equal


def largest_difference(first: Module, second: Module, images: Tensor) -> float:
    """The largest absolute difference between the logits of two nets for the same images."""
    with no_grad():
        return float(np.abs((first(images) - second(images)).to("cpu").numpy()).max())


def differences(rows: Sequence[Row]) -> list[float]:
    """The largest difference for each seed, from the column ``difference``."""
    return [
        max(row["difference"] for row in rows if row["seed"] == seed) for seed in seeds_of(rows)
    ]
