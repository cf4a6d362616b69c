"""Does a measure go with the error, from seed to seed? Rank correlations, and how little they say.

Spearman's: the correlation of the ranks, 1 if the seed with the larger value always ends with the
larger error, -1 if always with the smaller. It asks for no straight line, and one wild seed cannot
make it.
"""

from collections.abc import Sequence
from math import atanh, inf, sqrt, tanh
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ...types import Array


class Ranked(NamedTuple):
    """A rank correlation with its 95 % confidence interval, from n seeds."""

    rho: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.rho:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def ranked(values: Sequence[float], errors: Sequence[float]) -> Ranked:
    """Spearman's rank correlation of two lists, a value for each seed; at least four seeds.

    Equal values share the mean of their ranks. The interval is that of Bonett and Wright 2000
    ("Sample size requirements for estimating Pearson, Kendall and Spearman correlations"): in
    atanh(rho), with the standard error sqrt((1 + rho^2 / 2) / (n - 3)). With ten seeds it is
    rough.
    """
    rho = float(_correlations(_ranks(values)[None], _ranks(errors)[None])[0, 0])
    n = len(values)
    if abs(rho) > 1 - 1e-12:  # atanh would be infinite
        return Ranked(rho, rho, rho, n)
    half = NormalDist().inv_cdf(0.975) * sqrt((1 + rho**2 / 2) / (n - 3))
    return Ranked(rho, tanh(atanh(rho) - half), tanh(atanh(rho) + half), n)


def chance_of_largest(
    measured: Sequence[Sequence[float]], errors: Sequence[float], draws: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """The largest |rho| of many measures with the errors, and how often chance alone makes one at
    least as large.

    Of a hundred correlations some are large by luck. So the errors are dealt out to the seeds anew
    at random, and the largest |rho| of all measures is taken again, many times over. The measures
    stay as they are, with all that they have in common.

    Parameters
    ----------
    measured : list of list of float
        A list for each measure, with a value for each seed.
    errors : list of float
    draws, seed : int
        How often they are dealt out, and the seed of that.

    Returns
    -------
    (float, float)
        The largest |rho|, and the share of the draws that reach it.
    """
    ranks = np.array([_ranks(values) for values in measured])
    its = _ranks(errors)
    seen = float(np.abs(_correlations(ranks, its[None])).max())
    generator = np.random.default_rng(seed)
    dealt = np.array([generator.permutation(its) for _ in range(draws)])
    largest = np.abs(_correlations(ranks, dealt)).max(axis=0)
    return seen, float(np.mean(largest >= seen - 1e-12))


def _ranks(values: Sequence[float]) -> Array:
    """The rank of each value, from 0; equal ones share the mean of theirs."""
    ordered = np.sort(values)
    first = np.searchsorted(ordered, values, "left")
    return (first + np.searchsorted(ordered, values, "right") - 1) / 2


def _correlations(rows: Array, others: Array) -> Array:
    """Of each row of the one with each of the other. A row of equal values goes with nothing: 0."""
    units = []
    for block in (rows, others):
        centred = block - block.mean(axis=1, keepdims=True)
        length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
        units.append(centred / np.where(length == 0, inf, length))
    return units[0] @ units[1].T
