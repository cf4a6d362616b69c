"""The length of an array, and the words of a verdict."""

import math
from typing import Any

import numpy as np

OUTCOMES = ("supported", "contradicted", "undecided")
RESIDUAL, WITHOUT = (
    ("resnet", 8, 3, True),
    ("plain", 8, 2, False),
)  # family, depth, width, batch norm


def length(array: Any) -> float:
    """The root of the sum of squares, number by number."""
    total = 0.0
    for number in np.asarray(array).ravel().tolist():
        total += number * number
    return math.sqrt(total)
