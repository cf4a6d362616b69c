"""Rank correlations of a measure with the error over the seeds, and how often chance makes them.

Spearman's rank correlation is the correlation of the ranks: 1 if a larger value always goes with a
larger error, -1 if always with a smaller one. It does not assume a linear relation, and a single
outlier cannot cause it.
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
    """Spearman's rank correlation of two lists with one value for each of at least four seeds.

    Equal values share the mean of their ranks. The 95 % confidence interval is that of Bonett and
    Wright 2000 ("Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations"): normal in atanh(rho), with the standard error sqrt((1 + rho^2 / 2) / (n - 3)).
    With ten seeds it is rough. For |rho| = 1 it has no width.
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
    """The largest |rho| of many measures with the errors, and how often chance alone makes it as
    large.

    Among a hundred correlations some are large by luck. This permutation test therefore assigns the
    errors to the seeds at random, many times, and each time takes the largest |rho| of all
    measures. The measures keep their values, and so their correlations with each other.

    Parameters
    ----------
    measured : list of list of float
        A list for each measure, with one value for each seed.
    errors : list of float
        One for each seed.
    draws, seed : int
        Number of random permutations, and their seed.

    Returns
    -------
    (float, float)
        The largest |rho|, and the share of the permutations that reach it.
    """
    ranks = np.array([_ranks(values) for values in measured])
    its = _ranks(errors)
    seen = float(np.abs(_correlations(ranks, its[None])).max())
    generator = np.random.default_rng(seed)
    permuted = np.array([generator.permutation(its) for _ in range(draws)])
    largest = np.abs(_correlations(ranks, permuted)).max(axis=0)
    return seen, float(np.mean(largest >= seen - 1e-12))


def _ranks(values: Sequence[float]) -> Array:
    """The rank of each value, counted from 0. Equal values share the mean of their ranks."""
    ordered = np.sort(values)
    first = np.searchsorted(ordered, values, "left")
    return (first + np.searchsorted(ordered, values, "right") - 1) / 2


def _correlations(rows: Array, others: Array) -> Array:
    """The correlations of each of the M `rows` with each of the N `others`, as an array (M, N). A
    row of equal values has correlation 0 with all others.
    """
    units = []
    for block in (rows, others):
        centred = block - block.mean(axis=1, keepdims=True)
        length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
        units.append(centred / np.where(length == 0, inf, length))
    return units[0] @ units[1].T
