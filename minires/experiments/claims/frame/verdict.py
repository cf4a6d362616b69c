"""From one number for each seed to a verdict on a claim: supported, contradicted or undecided, with
the reason.
"""

from collections.abc import Sequence
from math import isfinite
from statistics import mean
from typing import NamedTuple

from ...confidence import in_words, interval

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
BETWEEN = "; "  # stands between the reasons of several predictions, and nowhere in one of them


class Verdict(NamedTuple):
    """The outcome of a claim, and the numbers that it is based on: all of them, and in short."""

    outcome: str  # SUPPORTED, CONTRADICTED or UNDECIDED
    reason: str
    brief: str  # one line, with the quantity that decided

    @property
    def numbers(self) -> list[str]:
        """The reason in parts: one for each prediction."""
        return self.reason.split(BETWEEN)


def above(
    values: Sequence[float], threshold: float, margin: float, what: str, unit: str = ""
) -> Verdict:
    """The verdict on a claim that a quantity is above `threshold`: supported if it is above with
    every seed, contradicted if it is below with every seed.

    Values within `margin` of the threshold count for neither side, because so small a difference
    does not matter. With a single seed nobody knows how far seeds differ, so the margin is doubled.
    Without values, or with values that are not finite, the claim is undecided.

    Parameters
    ----------
    values : list of float
        One for each seed.
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
    if min(values) > threshold + margin:
        outcome, side = SUPPORTED, f"above {_number(threshold)}{_by(margin)}"
    elif max(values) < threshold - margin:
        outcome, side = CONTRADICTED, f"below {_number(threshold)}{_by(margin)}"
    else:
        outcome = UNDECIDED
        disagree = min(values) < threshold - margin or max(values) > threshold + margin
        side = (
            "but the seeds disagree"
            if len(values) > 1 and disagree
            else f"within {_number(margin)} of {_number(threshold)}"
        )
    predicted = f"predicted: above {_number(threshold)}"
    return Verdict(
        outcome,
        f"{what} is {spread(values, unit)}, {side}",
        f"{what} is {short_spread(values, unit)}; {predicted}",
    )


def below(
    values: Sequence[float], threshold: float, margin: float, what: str, unit: str = ""
) -> Verdict:
    """The verdict on a claim that a quantity is below `threshold`. Parameters as for `above`."""
    outcome, reason, brief = above(values, threshold, margin, what, unit)
    mirrored = {SUPPORTED: CONTRADICTED, CONTRADICTED: SUPPORTED}.get(outcome, UNDECIDED)
    return Verdict(mirrored, reason, brief.replace("predicted: above", "predicted: below"))


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
        BETWEEN.join(f"{verdict.reason} ({verdict.outcome})" for verdict in verdicts),
        f"{verdicts[outcomes.index(outcome)].brief} ({supported})",
    )


def _in_words(outcome, words):
    """A verdict without numbers."""
    return Verdict(outcome, words, words)


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
