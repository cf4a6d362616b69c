"""Which measures tell one net from another, and whether they predict how a seed ends: on numbers
made by hand."""

import csv
import math
from statistics import NormalDist

import numpy as np
import pytest

from minires.errors import DataError
from minires.experiments import suspects
from minires.experiments.claims import CLAIMS
from minires.experiments.suspects import MEASURES, apart, ranks
from minires.experiments.training_tables import GRADIENTS, METRICS

RATIO, WHOLE, LONGER, SLOWEST = MEASURES


def a_run(folder, gradients, errors):
    """A recorded run. `gradients`: net, seed, step -> (gradient, weights) of each layer."""
    lines = [",".join(GRADIENTS)]
    for (net, seed, step), layers in gradients.items():
        for depth, (gradient, weights) in enumerate(layers, 1):
            row = {
                "net": net,
                "seed": seed,
                "iteration": step,
                "layer": f"layer{depth}",
                "depth": depth,
                "gradient_norm": gradient,
                "weight_norm": weights,
                "ratio": gradient / weights,
            }
            lines.append(",".join(str(row[name]) for name in GRADIENTS))
    (folder / "gradients.csv").write_text("\n".join(lines) + "\n")
    lines = [",".join(METRICS)]
    for (net, seed), its in errors.items():
        for epoch, error in enumerate(its, 1):
            row = dict.fromkeys(METRICS, 1) | {
                "net": net,
                "seed": seed,
                "iteration": 5 * epoch,
                "epoch": epoch,
                "train_error": error,
            }
            lines.append(",".join(str(row[name]) for name in METRICS))
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return suspects.read_run(folder)


def layers(first, weights=1.0, slow=1.0):
    """Eleven convolutions and a last layer for the logits, which no measure counts."""
    return [(first, weights)] + [(1.0, weights)] * 9 + [(slow, 1.0), (1000.0, 1.0)]


@pytest.fixture()
def run(tmp_path):
    gradients = {}
    for seed, size in ((0, 1.0), (1, 2.0)):
        gradients["plain-56", seed, 0] = layers(100 * size)
        gradients["plain-56", seed, 5] = layers(3.0, weights=3.0 * size, slow=0.01)
        gradients["plain-20", seed, 0] = layers(2.0 * size)
        gradients["plain-20", seed, 5] = layers(2.0 * size)
    errors = {("plain-56", 0): [90, 80], ("plain-56", 1): [88, 70]}
    errors |= {("plain-20", 0): [80, 60], ("plain-20", 1): [89, 61]}
    return a_run(tmp_path, gradients, errors)


def test_measures_by_hand(run):
    assert run.at(RATIO, "plain-56", 0) == [100, 200]
    assert run.at(RATIO, "plain-56", 5) == pytest.approx([300, 300])
    assert run.at(WHOLE, "plain-20", 0) == pytest.approx([math.sqrt(14), math.sqrt(26)])
    assert run.at(LONGER, "plain-56", 5) == pytest.approx([3, 6])
    assert run.at(SLOWEST, "plain-56", 5) == pytest.approx([0.01, 0.01])
    assert run.error("plain-56") == [80, 70] and run.error("plain-56", 1) == [90, 88]
    assert (run.seeds, run.steps, run.steps_an_epoch) == ([0, 1], [0, 5], 5)


def test_nets_are_apart_where_no_seed_lies_between():
    assert apart.side([3, 4], [1, 2]) == 1 and apart.side([0, 1], [2, 3]) == -1
    assert apart.side([1, 3], [2, 4]) == 0 and apart.side([1, 2], [2, 3]) == 0


def test_the_steps_at_which_nets_are_apart(run):
    found = suspects.when_apart(run, SLOWEST, "plain-56", "plain-20")
    assert (found.above, found.below) == ([], [5])
    assert suspects.when_apart(run, RATIO, "plain-56", "plain-20").steps == [0, 5]
    assert suspects.when_apart(run, LONGER, "plain-56", "plain-20").above == [5]


def test_a_run_without_gradients_is_an_error(tmp_path):
    with pytest.raises(DataError, match="gradients.csv: no such file"):
        suspects.read_run(tmp_path)


def claims_run(folder, **shift):
    """The tables of a run of claims with made-up errors; `shift`: claim -> points to add."""
    folder.mkdir()
    base = {suspects.interventions.DEEP: 70, suspects.interventions.SHALLOW: 50}
    tables = {}
    for one in suspects.CURES:
        tables.setdefault(one.claim, {**base})[one.net, one.variant] = 66 + shift.get(one.claim, 0)
    for name, errors in tables.items():
        columns = CLAIMS[name].columns
        known = [
            {"net": net, "variant": variant, "train_error": error, "seed": seed}
            for (net, variant), error in errors.items()
            for seed in (0, 1)
        ]
        with (folder / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, columns, restval=0)
            table.writeheader()
            table.writerows(known)
    return folder


def test_a_cure_is_read_from_the_first_folder_that_holds_it(tmp_path):
    new, old = claims_run(tmp_path / "new", longer=-6), claims_run(tmp_path / "old")
    (new / "aftermath.csv").unlink()
    found = {one.claim: one for one in suspects.cures(new, old)}
    assert found["longer"].changes == [-10, -10] and found["longer"].closed == 0.5
    assert found["aftermath"].changes == [-4, -4] and found["aftermath"].helps
    with pytest.raises(DataError, match="no plain-56 .clipped. with plain-20 and plain-56 beside"):
        suspects.cures(new)


def test_rank_correlation_by_hand():
    """d = 1, -1, 0, 2, -2: rho = 1 - 6 * 10 / (5 * 24)."""
    found = suspects.ranked([10, 20, 30, 40, 50], [200, 100, 300, 5000, 400])
    assert found.rho == pytest.approx(1 - 6 * 4 / 120)
    half = NormalDist().inv_cdf(0.975) * math.sqrt((1 + found.rho**2 / 2) / 2)
    assert found.low == pytest.approx(math.tanh(math.atanh(found.rho) - half))
    assert found.low < found.rho < found.high and found.n == 5
    assert suspects.ranked([1, 2, 3, 4], [5, 6, 7, 8])[:3] == pytest.approx((1, 1, 1))


def test_rank_correlation_is_scipys():
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(0)
    for _ in range(20):
        one, other = generator.integers(0, 6, (2, 10))  # with ties
        assert suspects.ranked(one, other).rho == pytest.approx(stats.spearmanr(one, other)[0])


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Pairs drawn from a bell curve with correlation 0.6, whose rank correlation is 0.58."""
    generator, hits = np.random.default_rng(1), 0
    truth = 6 / math.pi * math.asin(0.6 / 2)
    for _ in range(400):
        one = generator.standard_normal(10)
        other = 0.6 * one + 0.8 * generator.standard_normal(10)
        found = suspects.ranked(one, other)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 400 <= 0.99


def test_the_largest_of_many_correlations_is_large_by_chance():
    generator = np.random.default_rng(2)
    errors = generator.standard_normal(10)
    noise = generator.standard_normal((100, 10))
    largest, chance = suspects.chance_of_largest(noise, errors, draws=500)
    assert largest > 0.6 and chance > 0.1  # a single correlation would have 0.05 or less
    _, of_one = suspects.chance_of_largest([errors * 2], errors, draws=500)
    assert of_one < 0.01
    assert suspects.chance_of_largest([[1.0] * 10], errors, draws=50) == (0, 1)


def test_equal_values_share_their_ranks():
    assert list(ranks._ranks([5, 1, 5, 7])) == [1.5, 0, 1.5, 3]
