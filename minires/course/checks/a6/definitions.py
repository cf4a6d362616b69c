"""What the checks of A6 share: the norm of an array, two nets, the words of a verdict."""

import math
from typing import Any

import numpy as np

OUTCOMES = ("supported", "contradicted", "undecided")
# Nets as (family, depth, width, batch norm).
RESIDUAL, WITHOUT = ("resnet", 8, 3, True), ("plain", 8, 2, False)


def length(array: Any) -> float:
    """The Euclidean norm of an array, added up number by number in float64."""
    total = 0.0
    for number in np.asarray(array).ravel().tolist():
        total += number * number
    return math.sqrt(total)
