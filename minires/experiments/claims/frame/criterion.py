"""A prediction in numbers: a quantity with one value for each seed, and the side of a threshold on
which all values must lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ....types import Row
from .verdict import Verdict, judge

ALL, ANY = "all", "any"  # how many of a claim's criteria must be met


@dataclass(frozen=True)
class Criterion:
    """One prediction of a claim.

    Parameters
    ----------
    what : str
        The quantity, in words.
    values : callable
        ``values(rows)`` computes the quantity from the rows of all seeds, one value for each seed.
    side : {"above", "below"}
        The side of the threshold on which the claim expects the quantity.
    threshold, margin : float
        Values within `margin` of `threshold` count for neither side.
    unit : str
        The unit of all these numbers, for sentences about them.
    """

    what: str
    values: Callable[[Sequence[Row]], Sequence[float]]
    side: str
    threshold: float
    margin: float
    unit: str = ""

    def judge(self, rows: Sequence[Row]) -> Verdict:
        """The verdict on this prediction: does the quantity lie on the expected side with every
        seed?
        """
        values = self.values(rows)
        return judge(values, self.side, self.threshold, self.margin, self.what, self.unit)

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
    """The `Criterion` that this quantity is above `threshold`."""
    return Criterion(what, values, "above", threshold, margin, unit)


def below(
    what: str,
    values: Callable[[Sequence[Row]], Sequence[float]],
    threshold: float,
    margin: float,
    unit: str = "",
) -> Criterion:
    """The `Criterion` that this quantity is below `threshold`."""
    return Criterion(what, values, "below", threshold, margin, unit)


def seeds_of(rows: Sequence[Row]) -> list[int]:
    """Each seed that occurs in the rows, in ascending order."""
    return sorted({row["seed"] for row in rows})
