"""From numbers, one a seed, to a verdict on a claim: supported, contradicted, or undecided and
why.
"""

from collections.abc import Sequence
from math import isfinite
from statistics import mean
from typing import NamedTuple

from ...confidence import in_words

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"


class Verdict(NamedTuple):
    """What the numbers say of a claim, and the numbers in a sentence."""

    outcome: str  # SUPPORTED, CONTRADICTED or UNDECIDED
    reason: str


def above(
    values: Sequence[float], threshold: float, margin: float, what: str, unit: str = ""
) -> Verdict:
    """Supported if `what` is above `threshold` with every seed, contradicted if it is below with
    every seed.

    Values within `margin` of the threshold are on neither side: a difference that small would not
    be called one. With a single seed nobody knows how far seeds differ, so the margin is doubled.

    Parameters
    ----------
    values : list of float
        One for each seed.
    threshold, margin : float
    what, unit : str
        For the sentence: what the values are, and in which unit.

    Returns
    -------
    Verdict
    """
    if not values:
        return Verdict(UNDECIDED, f"{what}: nothing was measured")
    if not all(map(isfinite, values)):
        return Verdict(UNDECIDED, f"{what} is not finite with every seed")
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
    return Verdict(outcome, f"{what} is {spread(values, unit)}, {side}")


def below(
    values: Sequence[float], threshold: float, margin: float, what: str, unit: str = ""
) -> Verdict:
    """Like `above`, for a claim that `what` is below `threshold`."""
    outcome, reason = above(values, threshold, margin, what, unit)
    return Verdict(
        {SUPPORTED: CONTRADICTED, CONTRADICTED: SUPPORTED}.get(outcome, UNDECIDED), reason
    )


def together(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim that says several things: supported if all are, contradicted if one
    is.
    """
    return _first(verdicts, CONTRADICTED, UNDECIDED, SUPPORTED)


def one_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim that one of several things holds: supported if one does, contradicted
    if none does.
    """
    return _first(verdicts, SUPPORTED, UNDECIDED, CONTRADICTED)


def _first(verdicts, *order):
    """The first outcome in this order that one of the verdicts has; all their reasons."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return Verdict(
        next(outcome for outcome in order if outcome in outcomes),
        "; ".join(f"{verdict.reason} ({verdict.outcome})" for verdict in verdicts),
    )


def spread(values: Sequence[float], unit: str = "") -> str:
    """Values, one a seed, in words: the mean, the range, the confidence interval and how many."""
    unit = f" {unit}" if unit else ""
    range_of = f"{_number(min(values))} to {_number(max(values))}, " if len(values) > 1 else ""
    return f"{_number(mean(values))}{unit} ({range_of}{in_words(values, _number)})"


def _by(margin: float) -> str:
    return f" by more than {_number(margin)}" if margin else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
