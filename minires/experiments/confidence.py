"""Confidence intervals: how far the mean of a few seeds may be from the mean of very many."""

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import NormalDist, mean, stdev

#: The 97.5 % quantile of Student's t distribution with 1, 2, ... degrees of freedom.
#: Source: NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def student_t(degrees: int) -> float:
    """The 97.5 % quantile t of Student's distribution: 95 % of it lie between -t and t.

    Beyond the table, it is computed by an expansion in 1 / degrees (Abramowitz and Stegun 1964,
    26.7.5), which is accurate to three digits there.
    """
    if degrees <= len(T_975):
        return T_975[degrees - 1]
    z = NormalDist().inv_cdf(0.975)
    return (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval (low, high) of the mean, from one value for each seed.

    It is mean ± t s / sqrt(n), with the standard deviation s of the n values (with n - 1) and
    Student's t for n - 1 degrees of freedom. If seeds are normally distributed, 95 of 100 such
    intervals contain the mean over all possible seeds. Raises an error if there are fewer than two
    values.
    """
    half = student_t(len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean(values) - half, mean(values) + half


def of_a_part(count: int, of: int) -> tuple[float, float]:
    """The 95 % confidence interval (low, high) of a proportion: `count` out of `of` were counted.

    The interval is that of Wilson 1927, "Probable inference, the law of succession, and statistical
    inference". It also holds for small proportions, where the usual p ± 2 sqrt(p (1 - p) / n)
    reaches below 0.
    """
    z = NormalDist().inv_cdf(0.975)
    part = count / of
    middle = (part + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * sqrt(part * (1 - part) / of + z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def in_words(values: Sequence[float], number: Callable[[float], str]) -> str:
    """The confidence interval of the mean and the number of seeds, in words; a single seed has no
    interval.

    `number` turns a number into text.
    """
    if len(values) == 1:
        return "1 seed, no confidence interval"
    low, high = (number(end) for end in interval(values))
    return f"95 % confidence interval {low} to {high}, n = {len(values)} seeds"
