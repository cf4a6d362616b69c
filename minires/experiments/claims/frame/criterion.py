"""What a claim predicts in numbers: a quantity, one value for each seed, and the side of a
threshold on which all of them must lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ....types import Row
from . import verdict
from .verdict import Verdict

ALL, ANY = "all", "any"  # of a claim's criteria must be met


@dataclass(frozen=True)
class Criterion:
    """One prediction of a claim.

    Parameters
    ----------
    what : str
        The quantity, in words.
    values : callable
        ``values(rows)``: the quantity from the rows of all seeds, one value for each seed.
    side : {"above", "below"}
        Where the claim expects it.
    threshold, margin : float
        Values within `margin` of `threshold` are on neither side.
    unit : str
    """

    what: str
    values: Callable[[Sequence[Row]], Sequence[float]]
    side: str
    threshold: float
    margin: float
    unit: str = ""

    def judge(self, rows: Sequence[Row]) -> Verdict:
        """Whether the quantity lies there with every seed."""
        compare = verdict.above if self.side == "above" else verdict.below
        return compare(self.values(rows), self.threshold, self.margin, self.what, self.unit)

    def __str__(self) -> str:
        """The prediction as a sentence that data can contradict."""
        unit = f" {self.unit}" if self.unit else ""
        margin = f" by more than {self.margin:g}" if self.margin else ""
        return f"{self.what} is {self.side} {self.threshold:g}{unit}{margin}, with every seed"


def above(
    what: str,
    values: Callable[[Sequence[Row]], Sequence[float]],
    threshold: float,
    margin: float,
    unit: str = "",
) -> Criterion:
    """A claim expects this quantity above `threshold`."""
    return Criterion(what, values, "above", threshold, margin, unit)


def below(
    what: str,
    values: Callable[[Sequence[Row]], Sequence[float]],
    threshold: float,
    margin: float,
    unit: str = "",
) -> Criterion:
    """A claim expects this quantity below `threshold`."""
    return Criterion(what, values, "below", threshold, margin, unit)


def seeds_of(rows: Sequence[Row]) -> list[int]:
    """The seeds of the rows, in order."""
    return sorted({row["seed"] for row in rows})
