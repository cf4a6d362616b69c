"""Verdicts: numbers that must come out supported, contradicted and undecided."""

import pytest

from minires.experiments.claims.frame.verdict import (
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    Verdict,
    judge,
    one_of,
    spread,
    together,
)


def above(values, threshold, margin, what, unit=""):
    return judge(values, "above", threshold, margin, what, unit)


def below(values, threshold, margin, what, unit=""):
    return judge(values, "below", threshold, margin, what, unit)


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
    assert above([1, 1.5], 0, 2, "the gap").reason.endswith("within 2 of 0")
    assert above([5, 1.5], 0, 2, "the gap").reason.endswith(
        "above 0, but not by more than 2 with every seed"
    )
    assert below([-5, -1.5], 0, 2, "the gap").reason.endswith(
        "below 0, but not by more than 2 with every seed"
    )
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
    verdict = together(*(Verdict(o, (f"part {i}",), f"part {i}") for i, o in enumerate(outcomes)))
    assert verdict.outcome == outcome and all(
        f"part {i} ({o})" in verdict.reason for i, o in enumerate(outcomes)
    )


def test_in_short_a_verdict_is_one_line_with_interval_n_and_prediction():
    gap = above([5, 6, 7], 0, 2, "the gap", "points")
    assert gap.brief == (
        "the gap is 6 points (95 % interval 3.52 to 8.48, n = 3); predicted: above 0"
    )
    rank = below([3, 4], 2, 0.3, "the rank")
    assert rank.brief.endswith("; predicted: below 2")
    assert above([5], 0, 2, "the gap").brief == "the gap is 5 (1 seed); predicted: above 0"


def test_in_short_a_claim_of_several_parts_shows_the_part_that_decided():
    gap, rank = above([5, 6, 7], 0, 2, "the gap"), below([3, 4], 2, 0.3, "the rank")
    for verdict, part in (
        (together(gap, rank), rank),
        (together(gap, gap), gap),
        (one_of(rank, gap), gap),
        (one_of(rank, rank), rank),
    ):
        assert verdict.brief.startswith(part.brief)
    assert together(gap, rank).brief.endswith("(1 of 2 predictions supported)")
