"""How much of resnet-56's lead over plain-56 another net achieves."""

from collections.abc import Sequence
from math import nan

from ....types import Row
from . import error_comparison
from .claim import Training
from .criterion import Criterion, above

PLAIN, RESIDUAL = ("plain-56", "usual"), ("resnet-56", "usual")
HALF, MARGIN = 0.5, 0.1  # shares of the lead
SMALLEST = 2.0  # points: of a smaller lead, or of none, nobody can have a share


def shares(rows: Sequence[Row], training: Training) -> list[float]:
    """The share of resnet-56's lead over plain-56 that another net has, one for each seed.

    (plain-56 - net) / (plain-56 - resnet-56) of the training errors: 0 for a net as bad as
    plain-56, 1 for a net as good as resnet-56, nan where the lead is not above `SMALLEST`.
    """
    plain, residual, own = (error_comparison.of(rows, *one) for one in (PLAIN, RESIDUAL, training))
    return [
        (p - x) / (p - r) if p - r > SMALLEST else nan
        for p, r, x in zip(plain, residual, own, strict=True)
    ]


def most_of_the_lead(what: str, training: Training) -> Criterion:
    """The `Criterion` that a net has more than half of the lead; `what` names the net."""
    return above(
        f"of resnet-56's lead over plain-56 in training error, the share that {what} has",
        lambda rows: shares(rows, training),
        HALF,
        MARGIN,
    )
