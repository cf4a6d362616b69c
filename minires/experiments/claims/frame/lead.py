"""How much of the lead of a residual net over the plain one another net has."""

from collections.abc import Sequence

from ....types import Row
from . import error_comparison
from .claim import Training
from .criterion import Criterion, above

PLAIN, RESIDUAL = ("plain-56", "usual"), ("resnet-56", "usual")
HALF, MARGIN = 0.5, 0.1


def shares(rows: Sequence[Row], training: Training) -> list[float]:
    """(plain-56 - net) / (plain-56 - resnet-56) of the training errors, one for each seed: 0 for a
    net like plain-56, 1 for one like resnet-56.
    """
    plain, residual, own = (error_comparison.of(rows, *one) for one in (PLAIN, RESIDUAL, training))
    return [(p - x) / (p - r) for p, r, x in zip(plain, residual, own, strict=True)]


def most_of_the_lead(what: str, training: Training) -> Criterion:
    """A claim's criterion that `shares` of a net are above a half."""
    return above(
        f"of resnet-56's lead over plain-56 in training error, the share that {what} has",
        lambda rows: shares(rows, training),
        HALF,
        MARGIN,
    )
