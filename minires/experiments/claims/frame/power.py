"""How large an effect the deciding seeds of a claim can show, estimated from the scatter of its
exploratory seeds.
"""

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
    """One criterion of a claim, with its values for the exploratory seeds."""

    claim: Claim
    criterion: Criterion
    values: Sequence[float]  # one for each exploratory seed

    @property
    def known(self) -> bool:
        """Whether there are enough finite values to estimate how far seeds scatter."""
        return len(self.values) > 1 and all(map(isfinite, self.values))

    @property
    def spread(self) -> float:
        """Standard deviation of the values. Raises StatisticsError if there are fewer than two."""
        return stdev(self.values)

    @property
    def seen(self) -> float:
        """How far the mean lies beyond the threshold, towards the side that the claim predicts;
        negative on the other side.
        """
        beyond = mean(self.values) - self.criterion.threshold
        return beyond if self.criterion.side == "above" else -beyond

    @property
    def smallest(self) -> float:
        """The smallest effect that the deciding seeds can show (`registration.smallest_effect`)."""
        seeds = self.claim.deciding_seeds
        return registration.smallest_effect(self.values, self.criterion.margin, seeds)

    @property
    def chance(self) -> float:
        """The probability that all deciding seeds lie beyond the margin, on the side of the mean.

        This is Phi((|e| - margin) / s)^n for n seeds that are normally distributed around the
        effect e of the exploratory seeds, with their standard deviation s.
        """
        beyond = abs(self.seen) - self.criterion.margin
        if self.spread == 0:
            return float(beyond > 0)
        return NormalDist().cdf(beyond / self.spread) ** self.claim.deciding_seeds


def of(claim: Claim, rows: Sequence[Row]) -> list[Power]:
    """The `Power` of each criterion of a claim, from the rows of its table of results."""
    explored = registration.exploratory(claim, rows)
    return [Power(claim, one, one.values(explored)) for one in claim.criteria]


def true_spread() -> tuple[float, float]:
    """The 95 % confidence interval of the true standard deviation sigma, as multiples of the
    standard deviation s of three values.

    (n - 1) s^2 / sigma^2 has a chi-squared distribution with n - 1 degrees of freedom. With two
    degrees of freedom, its quantile at p is -2 ln(1 - p).
    """
    low, high = (sqrt(2 / (-2 * log(tail))) for tail in (0.025, 0.975))
    return low, high


def trainings_of_a_seed(claim: Claim, laboratory: Laboratory) -> float:
    """The cost of one seed of this claim on its own, as a multiple of the usual training of
    plain-56.
    """
    usual, _ = laboratory.needs("plain-56")
    return claim.cost + sum(laboratory.needs(*one)[0] for one in claim.trainings) / usual
