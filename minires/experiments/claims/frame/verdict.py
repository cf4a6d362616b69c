"""From one number for each seed to a verdict on a claim: supported, contradicted or undecided, with
the reason.
"""

from collections.abc import Sequence
from math import isfinite
from statistics import mean
from typing import NamedTuple

from ...confidence import in_words, interval

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"


class Verdict(NamedTuple):
    """The outcome of a claim, and the numbers that it is based on: all of them, and in short."""

    outcome: str  # SUPPORTED, CONTRADICTED or UNDECIDED
    numbers: tuple[str, ...]  # the reason, a sentence for each prediction
    brief: str  # one line, with the quantity that decided

    @property
    def reason(self) -> str:
        """All numbers in one line."""
        return "; ".join(self.numbers)


def judge(
    values: Sequence[float], side: str, threshold: float, margin: float, what: str, unit: str = ""
) -> Verdict:
    """The verdict on a claim that a quantity is above or below `threshold`: supported if it is so
    with every seed, contradicted if it is on the other side with every seed.

    Values within `margin` of the threshold count for neither side, because so small a difference
    does not matter. With a single seed nobody knows how far seeds differ, so the margin is doubled.
    Without values, or with values that are not finite, the claim is undecided.

    Parameters
    ----------
    values : list of float
        One for each seed.
    side : {"above", "below"}
    threshold, margin : float
    what, unit : str
        The quantity and its unit, for the sentence.

    Returns
    -------
    Verdict
    """
    if not values:
        return _in_words(UNDECIDED, f"{what}: nothing was measured")
    if not all(map(isfinite, values)):
        return _in_words(UNDECIDED, f"{what} is not finite with every seed")
    margin = 2 * margin if len(values) == 1 else margin
    found = _side(values, threshold, margin)
    outcome = {None: UNDECIDED, side: SUPPORTED}.get(found, CONTRADICTED)
    where = _undecided(values, threshold, margin)
    if found is not None:
        where = f"{found} {_number(threshold)}{_by(margin)}"
    return Verdict(
        outcome,
        (f"{what} is {spread(values, unit)}, {where}",),
        f"{what} is {short_spread(values, unit)}; predicted: {side} {_number(threshold)}",
    )


def _side(values, threshold, margin=0):
    """The side of the threshold on which all values lie, by more than the margin; None if they do
    not.
    """
    if min(values) > threshold + margin:
        return "above"
    return "below" if max(values) < threshold - margin else None


def _undecided(values, threshold, margin):
    """Why such values decide nothing, in words."""
    if all(abs(value - threshold) <= margin for value in values):
        return f"within {_number(margin)} of {_number(threshold)}"
    found = _side(values, threshold)
    if found is None:
        return "but the seeds disagree"
    return f"{found} {_number(threshold)}, but not{_by(margin)} with every seed"


def together(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim that predicts several things at once: supported if all of them are,
    contradicted if one of them is.
    """
    return _first(verdicts, CONTRADICTED, UNDECIDED, SUPPORTED)


def one_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim that at least one of several things holds: supported if one of them
    is, contradicted if all of them are.
    """
    return _first(verdicts, SUPPORTED, UNDECIDED, CONTRADICTED)


def _first(verdicts, *order):
    """The first outcome in this order that one of the verdicts has, with the reasons of all. In
    short: the first verdict with this outcome, and how many of all are supported.
    """
    outcomes = [verdict.outcome for verdict in verdicts]
    outcome = next(outcome for outcome in order if outcome in outcomes)
    supported = f"{outcomes.count(SUPPORTED)} of {len(verdicts)} predictions supported"
    return Verdict(
        outcome,
        tuple(f"{verdict.reason} ({verdict.outcome})" for verdict in verdicts),
        f"{verdicts[outcomes.index(outcome)].brief} ({supported})",
    )


def _in_words(outcome, words):
    """A verdict without numbers."""
    return Verdict(outcome, (words,), words)


def spread(values: Sequence[float], unit: str = "") -> str:
    """The values of the seeds in words: their mean, range, confidence interval and number."""
    unit = f" {unit}" if unit else ""
    range_of = f"{_number(min(values))} to {_number(max(values))}, " if len(values) > 1 else ""
    return f"{_number(mean(values))}{unit} ({range_of}{in_words(values, _number)})"


def short_spread(values: Sequence[float], unit: str = "") -> str:
    """The mean of the seeds, its confidence interval and their number."""
    unit = f" {unit}" if unit else ""
    if len(values) == 1:
        return f"{_number(values[0])}{unit} (1 seed)"
    low, high = map(_number, interval(values))
    return f"{_number(mean(values))}{unit} (95 % interval {low} to {high}, n = {len(values)})"


def _by(margin: float) -> str:
    return f" by more than {_number(margin)}" if margin else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
