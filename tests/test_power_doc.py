"""docs/power.md: what the deciding seeds of each claim can show is computed from the records."""

from dataclasses import replace
from statistics import NormalDist, mean, stdev

import numpy as np
import pytest

from docs.generate import power as made
from docs.generate.places import ROOT
from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import power, registration
from minires.experiments.claims.frame.criterion import below
from minires.experiments.claims.frame.laboratory import Laboratory
from minires.experiments.presets import PRESETS
from minires.experiments.records import read_table

PAGE = (ROOT / "docs" / "power.md").read_text(encoding="utf-8")
TRAINING = 60  # seconds: see the test below


def test_the_page_is_what_the_records_say():
    assert made.page() == PAGE, "make it again: python -m docs.generate.power"


def test_a_row_by_hand():
    """From the table of one claim, without the code that makes the page."""
    claim = CLAIMS["longer"]
    rows = read_table(ROOT / "results/claims/longer.csv", claim.columns, claim.text)
    error = {(row["net"], row["variant"], row["seed"]): row["train_error"] for row in rows}
    gaps = [
        error["plain-56", "three times longer", seed] - error["plain-20", "usual", seed]
        for seed in range(3)
    ]
    normal, s, n = NormalDist(), stdev(gaps), 3
    smallest = 2 + s * normal.inv_cdf(0.8 ** (1 / n))
    chance = normal.cdf((mean(gaps) - 2) / s) ** n
    assert chance > 0.9
    cells = next(line for line in PAGE.splitlines() if line.startswith("| [longer]")).split(" | ")
    assert cells[2:9] == [
        "above 0",
        "2",
        f"{mean(gaps):.3g}",
        f"{s:.3g}",
        "3",
        f"{smallest:.3g}",
        f"{mean(gaps):.3g}",
    ]
    assert cells[9].startswith("over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %")


def test_every_claim_with_records_is_there():
    for name in CLAIMS:
        if (ROOT / f"results/claims/{name}.csv").exists():
            assert f"\n| [{name}](verdicts.md#{name}) | " in PAGE, name


def test_an_effect_on_the_other_side_is_negative():
    claim = replace(CLAIMS["longer"], criteria=(below("it", lambda rows: [4.0, 5.0, 6.0], 1, 2),))
    (found,) = power.of(claim, [])
    assert found.seen == -4 and found.known
    assert found.chance == pytest.approx(NormalDist().cdf(2 / 1.0) ** claim.deciding_seeds)


def test_deciding_seeds_tell_nothing_about_their_own_power():
    claim = replace(
        CLAIMS["longer"],
        criteria=(below("it", lambda rows: [row["value"] for row in rows], 0, 1),),
    )
    rows = [{"seed": seed, "value": seed} for seed in (0, 1, 100, 101)]
    assert power.of(claim, rows)[0].values == [0, 1]


def test_how_little_three_seeds_say_about_a_spread():
    """For three seeds from a bell curve with spread 1, 95 of 100 sample spreads lie in this
    range."""
    low, high = power.true_spread()
    spreads = np.random.default_rng(0).standard_normal((20_000, 3)).std(axis=1, ddof=1)
    assert np.mean((spreads * low < 1) & (spreads * high > 1)) == pytest.approx(0.95, abs=0.005)
    assert np.mean(spreads * low > 1) == pytest.approx(0.025, abs=0.004)


def test_a_training_of_plain_56_takes_a_minute():
    """So three minutes are three trainings. The time is that of the recorded run of the preset
    quick."""
    lines = (ROOT / "results/degradation-quick-cifar10/metrics.csv").read_text().splitlines()
    names = lines[0].split(",")
    rows = [dict(zip(names, line.split(","))) for line in lines[1:]]
    last = [
        float(row["seconds"]) for row in rows if (row["net"], row["epoch"]) == ("plain-56", "7")
    ]
    assert mean(last) == pytest.approx(TRAINING, rel=0.15)


def test_cheap_claims_are_decided_by_five_seeds_and_all_by_three(tmp_path):
    preset = replace(PRESETS["quick"], train_size=1280, test_size=10)
    laboratory = Laboratory(tmp_path, preset=preset)
    for claim in CLAIMS.values():
        trainings = power.trainings_of_a_seed(claim, laboratory)
        least = 5 if trainings * TRAINING < 3 * 60 else 3
        assert claim.deciding_seeds >= least, f"{claim.name}: {trainings:.1f} trainings a seed"


def test_the_number_of_seeds_is_part_of_the_prediction():
    claim = CLAIMS["longer"]
    more = replace(claim, deciding_seeds=claim.deciding_seeds + 1)
    assert registration.fingerprint(more) != registration.fingerprint(claim)
