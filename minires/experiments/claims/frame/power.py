"""What the deciding seeds of a claim can show, from how far its exploratory seeds scatter."""

from collections.abc import Sequence
from math import isfinite, log, sqrt
from statistics import NormalDist, mean, stdev
from typing import NamedTuple

from ....types import Row
from . import registration
from .claim import Claim
from .criterion import Criterion
from .laboratory import Laboratory


class Power(NamedTuple):
    """One criterion of a claim: what was seen while exploring, and how many seeds will decide."""

    claim: Claim
    criterion: Criterion
    values: Sequence[float]  # one for each exploratory seed

    @property
    def known(self) -> bool:
        """Whether the values say anything about how far seeds scatter."""
        return len(self.values) > 1 and all(map(isfinite, self.values))

    @property
    def spread(self) -> float:
        """Standard deviation of the values."""
        return stdev(self.values)

    @property
    def seen(self) -> float:
        """How far the mean lies beyond the threshold; negative on the side of the opponents."""
        beyond = mean(self.values) - self.criterion.threshold
        return beyond if self.criterion.side == "above" else -beyond

    @property
    def smallest(self) -> float:
        """The smallest effect that the deciding seeds show: see `registration.smallest_effect`."""
        seeds = self.claim.deciding_seeds
        return registration.smallest_effect(self.values, self.criterion.margin, seeds)

    @property
    def chance(self) -> float:
        """The probability that all deciding seeds lie beyond the margin, on the side of the mean.

        Phi((|e| - margin) / s)^n, if seeds scatter like a bell curve around the effect e that was
        seen, with the standard deviation s.
        """
        beyond = abs(self.seen) - self.criterion.margin
        if self.spread == 0:
            return float(beyond > 0)
        return NormalDist().cdf(beyond / self.spread) ** self.claim.deciding_seeds


def of(claim: Claim, rows: Sequence[Row]) -> list[Power]:
    """For each criterion of a claim, from its table of results."""
    explored = registration.exploratory(rows)
    return [Power(claim, one, one.values(explored)) for one in claim.criteria]


def true_spread() -> tuple[float, float]:
    """Between which multiples of the standard deviation of three values the true one lies, with a
    confidence of 95 %.

    (n - 1) s^2 / sigma^2 has a chi-squared distribution with n - 1 degrees of freedom, and with two
    of them its quantile of p is -2 ln(1 - p).
    """
    low, high = (sqrt(2 / (-2 * log(tail))) for tail in (0.025, 0.975))
    return low, high


def trainings_of_a_seed(claim: Claim, laboratory: Laboratory) -> float:
    """What one seed of this claim alone costs, in usual trainings of plain-56."""
    usual, _ = laboratory.needs("plain-56")
    return claim.cost + sum(laboratory.needs(*one)[0] for one in claim.trainings) / usual
