"""Predictions are written down before the numbers, and a later change of a prediction shows."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from minires.experiments import claims
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import registration
from minires.experiments.claims.frame.claim import FIRST_DECIDING
from minires.experiments.claims.frame.criterion import above
from minires.experiments.claims.frame.registration import (
    deciding_seeds,
    fingerprint,
    standing,
)
from minires.experiments.presets import PRESETS

from ...tiny import tiny_preset

TINY = tiny_preset(test_size=32, batch_size=32, iterations=2)


def lies_at(*values):
    """A claim that its seed's number is above 0, with numbers for seeds 0, 1, ...: exploratory and
    deciding."""

    def measure(laboratory, seed):
        number = values[seed % FIRST_DECIDING] * (-1 if seed >= FIRST_DECIDING else 1)
        return [{"value": number}]

    return replace(
        CLAIMS["longer"],
        name="mine",
        columns=("seed", "value"),
        text=(),
        measure=measure,
        criteria=(above("the number", lambda rows: [row["value"] for row in rows], 0, 0.5),),
        draw=lambda rows, caption: CLAIMS["longer"].draw([], caption),
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(claims.frame.run, "save", lambda figure, path: path)
    monkeypatch.setattr(claims.frame.run.report, "write", lambda *args: None)

    def measured(claim, seeds):
        claim = replace(claim, draw=lambda rows, caption: None)
        (finding,) = claims.run([claim], tmp_path, preset="tiny", seeds=seeds, progress=False)
        return finding

    return measured


def test_only_deciding_seeds_decide(run):
    claim = lies_at(1.0, 2.0)
    first = run(claim, [0, 1])
    assert first.verdict.outcome == "supported" and first.seeds == [0, 1]
    assert first.standing.startswith("exploratory seeds (0, 1)")
    second = run(claim, [100, 101])
    assert second.verdict.outcome == "contradicted" and second.seeds == [100, 101]
    assert second.standing == (
        f"predicted ({fingerprint(claim)}) before seeds 100, 101 were measured; "
        "still to decide: 102"
    )


def test_a_claim_names_its_own_seeds(run):
    """Each claim is measured with its own deciding seeds."""
    claim = lies_at(1.0, 2.0, 3.0)
    found = run(claim, deciding_seeds)
    assert claim.deciding_seeds == 3 and found.seeds == [100, 101, 102]
    expected = f"predicted ({fingerprint(claim)}) before seeds 100 to 102 were measured"
    assert found.standing == expected


def test_claims_with_different_numbers_of_seeds_in_one_run(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(claims.frame.run, "save", lambda figure, path: path)
    monkeypatch.setattr(claims.frame.run.report, "write", lambda *args: None)
    few, many = (
        replace(lies_at(*range(9)), name=name, draw=lambda *_: None, deciding_seeds=seeds)
        for name, seeds in (("few", 2), ("many", 4))
    )
    found = claims.run([few, many], tmp_path, preset="tiny", seeds=deciding_seeds, progress=False)
    assert [one.seeds for one in found] == [[100, 101], [100, 101, 102, 103]]


def test_a_claim_found_in_deciding_seeds_is_decided_by_later_ones(run):
    claim = replace(lies_at(*[1.0] * 4), first_deciding_seed=102, deciding_seeds=2)
    first = run(claim, [100, 101])
    assert first.standing.startswith("exploratory seeds (100, 101)")
    second = run(claim, deciding_seeds)
    assert second.seeds == [102, 103]
    expected = f"predicted ({fingerprint(claim)}) before seeds 102, 103 were measured"
    assert second.standing == expected


def test_a_prediction_that_was_changed_afterwards_is_marked(run, tmp_path):
    claim = lies_at(1.0, 2.0, 3.0)
    run(claim, [100, 101])
    moved = replace(claim, criteria=(replace(claim.criteria[0], threshold=-5),))
    found = run(moved, [100, 101])
    assert found.verdict.outcome == "supported"  # the same numbers, another threshold
    changed = "the prediction was changed after it had been registered for seeds"
    assert found.standing == f"{changed} 100, 101"
    assert f"{changed} 100, 101" in run(moved, [100, 101, 102]).standing
    assert run(claim, [102]).standing.startswith(f"{changed} 102")


def test_what_a_fingerprint_covers():
    claim = CLAIMS["degradation"]
    same = replace(claim, draw=None, source="elsewhere", cost=7)
    assert fingerprint(same) == fingerprint(claim)
    (first, *others) = claim.criteria
    for criterion in (
        replace(first, threshold=1),
        replace(first, margin=1.0),
        replace(first, side="below"),
        replace(first, what="another quantity"),
    ):
        assert fingerprint(replace(claim, criteria=(criterion, *others))) != fingerprint(claim)
    for change in (
        {"statement": "Other."},
        {"needed": "any"},
        {"predictions": {"we": "more"}},
        {"deciding_seeds": 4},
        {"first_deciding_seed": 105},
    ):
        assert fingerprint(replace(claim, **change)) != fingerprint(claim)
    assert len({fingerprint(one) for one in CLAIMS.values()}) == len(CLAIMS)


def test_runs_from_before_the_registration_say_so():
    claim = CLAIMS["degradation"]
    assert standing(claim, [0, 1, 2], []).startswith("exploratory seeds (0 to 2)")
    expected = "no prediction was recorded before seeds 100 were measured"
    assert standing(claim, [100], []) == expected


def test_the_smallest_effect_is_found_with_the_stated_probability():
    spread, margin, seeds = 3.0, 2.0, 5
    values = [-spread / 2**0.5, spread / 2**0.5]  # with this standard deviation
    effect = registration.smallest_effect(values, margin, seeds)
    one = NormalDist(effect, spread).cdf(margin)
    assert (1 - one) ** seeds == pytest.approx(registration.CHANCE)
    draws = np.random.default_rng(0).normal(effect, spread, (4000, seeds))
    assert np.mean(draws.min(axis=1) > margin) == pytest.approx(registration.CHANCE, abs=0.03)
