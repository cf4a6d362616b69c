"""The results in docs/ten_seeds.md match the records."""

from pathlib import Path
from statistics import mean, median, stdev

import pytest

from minires.experiments.confidence import interval
from minires.experiments.degradation.verdict import final_rows
from minires.experiments.records import read_table
from minires.experiments.training_tables import METRICS, TEXT

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "ten_seeds.md").read_text(encoding="utf-8")
WORDS = " ".join(DOC.split())
NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
NEW = range(3, 10)  # the seeds of the expectations
#: (lowest, highest) points by which plain-56 was expected to end above plain-20; of the drawn
#: images, when they are recorded
EXPECTED = {"cifar10": (8, 30), "synthetic": (20, 60)}
RECORDED = [name for name in EXPECTED if (ROOT / f"results/ten-seeds-{name}").exists()]
TITLES = {"cifar10": "CIFAR-10 (JPEG copy)", "synthetic": "drawn images"}


def errors(dataset):
    """(net, seed) -> final training error in percent."""
    path = ROOT / f"results/ten-seeds-{dataset}/metrics.csv"
    last = final_rows(read_table(path, METRICS, TEXT))
    return {key: row["train_error"] for key, row in last.items()}


def of(found, net, seeds=range(10)):
    return [found[net, seed] for seed in seeds]


def differences(found, one, other):
    return [found[one, seed] - found[other, seed] for seed in NEW]


def table(dataset):
    """A row for each net: all seeds, their mean with its interval, their standard deviation."""
    found = errors(dataset)
    for net in NETS:
        its = of(found, net)
        low, high = interval(its)
        each = ", ".join(f"{error:.1f}" for error in its)
        yield f"| {net} | {each} | {mean(its):.1f} ({low:.1f} to {high:.1f}) | {stdev(its):.1f} |"


def outcomes(dataset):
    """The result for each expectation, and whether it came true."""
    found, (low, high) = errors(dataset), EXPECTED[dataset]
    deeper = differences(found, "plain-56", "plain-20")
    helped = differences(found, "resnet-56", "plain-56")
    paid = differences(found, "resnet-56", "resnet-20")
    spread = {net: stdev(of(found, net)) for net in ("plain-20", "plain-56")}
    stuck = sum(error > 80 for error in of(found, "plain-56"))
    residual = of(found, "resnet-56")
    yield f"{min(deeper):+.1f} to {max(deeper):+.1f}", low <= min(deeper) and max(deeper) <= high
    yield f"{min(helped):+.1f} to {max(helped):+.1f}", max(helped) <= -15
    limits = (3, 12) if dataset == "cifar10" else (0, 100)
    is_so = limits[0] < min(paid) and max(paid) <= limits[1]
    yield f"{min(paid):+.1f} to {max(paid):+.1f}", is_so
    is_so = spread["plain-56"] >= 2 * spread["plain-20"]
    yield f"{spread['plain-56']:.1f} against {spread['plain-20']:.1f}", is_so
    yield f"{stuck} of 10", stuck >= 1
    if dataset == "synthetic":
        far = sum(error > median(residual) + 10 for error in residual)
        yield f"{far} of 10", far in (2, 3)


@pytest.mark.parametrize("dataset", RECORDED)
def test_all_seeds(dataset):
    (part,) = DOC.split(f"### {TITLES[dataset]}\n")[1:]
    for row in table(dataset):
        assert row in part.split("###")[0]


@pytest.mark.parametrize("dataset", RECORDED)
def test_the_expectations(dataset):
    column = list(EXPECTED).index(dataset) + 1
    rows = [
        line.split(" | ")
        for line in DOC.splitlines()
        if line[:3] in map("| {}".format, range(1, 7))
    ]
    for row, (numbers, is_so) in zip(rows, outcomes(dataset), strict=False):
        assert row[column].strip(" |") == f"{numbers}: {'yes' if is_so else '**no**'}"
    assert len(rows) == 6


def test_what_the_page_on_the_experiment_says():
    found = errors("cifar10")
    gaps = [found["plain-56", seed] - found["plain-20", seed] for seed in range(10)]
    page = (ROOT / "docs" / "experiment.md").read_text(encoding="utf-8")
    assert f"plain-56 ends {min(gaps):.0f} to {max(gaps):.0f} points above plain-20" in page


def test_plain_56_comes_in_two_kinds():
    low = sorted(of(errors("cifar10"), "plain-56"))
    between = f"{low[0]:.1f} and {low[4]:.1f} %, four above 81 %"
    assert between in DOC and low[5] < 81 < low[6] and low[5] - low[4] > 2
    others = [stdev(of(errors("cifar10"), net)) for net in NETS if net != "plain-56"]
    assert f"scatter by {min(others):.1f} to {max(others):.1f} points" in DOC


def test_one_seed_of_resnet_56_fails_on_drawn_images():
    found = errors("synthetic")
    failed, beside = found["resnet-56", 5], found["plain-56", 5]
    assert f"it ends at {failed:.1f} % training error" in WORDS
    assert f"plain-56 with {beside:.1f} %" in WORDS
    others = [found["resnet-56", seed] for seed in range(10) if seed != 5]
    assert f"end between {min(others):.1f} and {max(others):.1f} %" in WORDS
    gaps = [found["plain-56", seed] - found["resnet-56", seed] for seed in range(10) if seed != 5]
    assert f"at least {int(min(gaps))} points below plain-56" in WORDS
    above = [found["resnet-56", seed] - median(of(found, "resnet-56")) for seed in (1, 7)]
    assert [round(one) for one in above] == [9, 10] and max(above) < 10
    plain = of(found, "plain-56")
    assert f"Plain-56 scatters over {max(plain) - min(plain):.0f} points here" in WORDS
