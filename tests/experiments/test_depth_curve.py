"""docs/depth.md on error against depth matches the records."""

from itertools import pairwise
from pathlib import Path
from statistics import mean

from minires.experiments.degradation.verdict import final_rows
from minires.experiments.records import read_config, read_table
from minires.experiments.training_tables import METRICS, TEXT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "results/depth-cifar10"
DOC = (ROOT / "docs" / "depth.md").read_text(encoding="utf-8")
WORDS = " ".join(DOC.split())
DEPTHS = read_config(FOLDER)["depths"]


def ends(folder):
    """(net, seed) -> the row of its last epoch."""
    return final_rows(read_table(ROOT / folder / "metrics.csv", METRICS, TEXT))


def errors(family, depth, quantity="train_error"):
    last = ends(FOLDER)
    return [row[quantity] for (net, _), row in last.items() if net == f"{family}-{depth}"]


def table():
    """A row for each depth: means of the seeds, and in brackets the lowest and the highest."""
    for depth in DEPTHS:
        cells = []
        for family in ("plain", "resnet"):
            for quantity in ("train_error", "test_error"):
                its = errors(family, depth, quantity)
                assert len(its) == 3
                cells.append(f"{mean(its):.1f} ({min(its):.1f} to {max(its):.1f})")
        yield f"| {depth} | {' | '.join(cells)} |"


def test_the_table_is_that_of_the_records():
    assert "\n".join(table()) in DOC and DEPTHS == [8, 14, 20, 32, 44, 56, 110]


def test_the_command_and_the_settings():
    config = read_config(FOLDER)
    assert config["environment"]["command"] in DOC and config["seeds"] == [0, 1, 2]
    assert (config["train_size"], config["image_size"], config["epochs"]) == (10_000, 16, 7)
    assert config["lr"] == 0.1 and config["warmup"] == 0


def test_plain_nets_get_worse_at_every_step():
    means = [mean(errors("plain", depth)) for depth in DEPTHS]
    assert means == sorted(means) and f"first one by {means[1] - means[0]:.1f} points" in WORDS
    for depth, deeper in pairwise(DEPTHS):
        assert max(errors("plain", depth)) < min(errors("plain", deeper))
    assert min(errors("plain", 110)) > 89


def test_residual_nets_get_worse_beyond_32_layers():
    means = {depth: mean(errors("resnet", depth)) for depth in DEPTHS}
    assert means[8] > means[14] > means[20]
    assert f"by {means[8] - means[20]:.1f} points of training error" in WORDS
    assert min(errors("resnet", 32)) < min(errors("resnet", 20))
    assert max(errors("resnet", 32)) > max(errors("resnet", 20))
    last = ends(FOLDER)
    for depth, deeper in pairwise((32, 44, 56, 110)):
        for seed in range(3):
            pair = [last[f"resnet-{one}", seed]["train_error"] for one in (depth, deeper)]
            assert pair[0] < pair[1]
    assert sum(error > 88 for error in errors("resnet", 110)) == 2
    assert min(errors("resnet", 110)) < 80


def test_longer_training_moves_the_depth_where_errors_rise():
    longer = ends("results/degradation-small-cifar10")
    for seed in range(3):
        shallow, deep, plain_shallow, plain_deep = (
            longer[net, seed]["train_error"]
            for net in ("resnet-20", "resnet-56", "plain-20", "plain-56")
        )
        assert deep < shallow and plain_deep > plain_shallow + 20


def test_the_nets_of_ten_seeds_are_the_same():
    here, there = ends(FOLDER), ends("results/ten-seeds-cifar10")
    for net in ("plain-20", "plain-56", "resnet-20", "resnet-56"):
        for seed in range(3):
            for quantity in ("train_loss", "train_error", "test_error"):
                assert here[net, seed][quantity] == there[net, seed][quantity]
