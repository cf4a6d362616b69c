"""Verdicts: numbers that must come out supported, contradicted and undecided."""

import pytest

from minires.experiments.claims.frame.verdict import (
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    Verdict,
    above,
    below,
    spread,
    together,
)


@pytest.mark.parametrize(
    "values, outcome",
    [
        ([5, 6, 7], SUPPORTED),
        ([-5, -6, -7], CONTRADICTED),
        ([5, 6, -7], UNDECIDED),  # the seeds disagree
        ([5, 6, 1], UNDECIDED),  # one seed is too near to 0
        ([1, -1, 0.5], UNDECIDED),
        ([3, 3], SUPPORTED),
        ([3], UNDECIDED),  # large enough, but a single seed does not decide
        ([5], SUPPORTED),
        ([-5], CONTRADICTED),
        ([], UNDECIDED),
        ([float("nan"), 5], UNDECIDED),
    ],
)
def test_above_zero_by_two(values, outcome):
    assert above(values, 0, 2, "the gap").outcome == outcome
    mirrored = {SUPPORTED: CONTRADICTED, CONTRADICTED: SUPPORTED}.get(outcome, UNDECIDED)
    assert below(values, 0, 2, "the gap").outcome == mirrored


def test_reasons_give_the_numbers_and_how_many_there_are():
    assert (
        above([5, 6, 7], 0, 2, "the gap", "points").reason
        == "the gap is 6 points (5 to 7, 95 % confidence interval 3.52 to 8.48, "
        "n = 3 seeds), above 0 by more than 2"
    )
    one = above([5], 0, 2, "the gap").reason
    assert one == "the gap is 5 (1 seed, no confidence interval), above 0 by more than 4"
    assert "but the seeds disagree" in above([5, -5], 0, 2, "the gap").reason
    assert "within 2 of 0" in above([1, 1.5], 0, 2, "the gap").reason
    assert spread([12345.6]) == "12,346 (1 seed, no confidence interval)"


@pytest.mark.parametrize(
    "outcomes, outcome",
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED),
        ([UNDECIDED, CONTRADICTED], CONTRADICTED),
    ],
)
def test_a_claim_with_several_criteria(outcomes, outcome):
    verdict = together(*(Verdict(o, f"part {i}") for i, o in enumerate(outcomes)))
    assert verdict.outcome == outcome and all(
        f"part {i} ({o})" in verdict.reason for i, o in enumerate(outcomes)
    )
