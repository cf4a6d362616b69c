"""Checks of the student's own run: its settings, its records and its errors."""

import numpy as np

from ....experiments import degradation
from ....training import RunConfig, Trainer
from ....types import Array, Row
from ...across import Answer
from ...compare import expect, expect_that
from ...trial import Trial
from .. import task
from .answers import short

SECONDS = 20  # the budget of all nets
NEAR = 6  # percentage points: far more than rounding errors add in a few hundred steps


@task("a5.settings")
def settings(
    depths: Answer, seeds: Answer, train_size: Answer, epochs: Answer, trial: Trial
) -> None:
    expect_that(
        isinstance(depths, (tuple, list)) and len(depths) == 2 and all(map(_is_whole, depths)),
        f"depths: expected two whole numbers, shallow and deep, got {short(depths)}",
    )
    for name, value in (("seeds", seeds), ("train_size", train_size), ("epochs", epochs)):
        expect_that(
            _is_whole(value) and value > 0,
            f"{name}: expected a whole number above 0, got {short(value)}",
        )
    for depth in depths:
        expect_that(
            depth >= 8 and depth % 6 == 2,
            f"depths: {depth} is not 6n + 2: expected 8, 14, 20, 26, ...",
        )
    shallow, deep = depths
    expect_that(shallow < deep, f"depths: the shallow one comes first, got {tuple(depths)}")
    expect_that(
        deep >= 3 * shallow,
        f"depths: {deep} layers are {deep / shallow:.1f} times {shallow}; expected at least 3 "
        "times as many, or the difference is lost in the scatter between seeds",
    )
    expect_that(
        seeds >= 3,
        f"seeds: expected at least 3, got {seeds}: fewer seeds do not show how far seeds differ",
    )
    expect_that(
        train_size <= 10_000, f"train_size: expected at most 10,000 images, got {train_size}"
    )
    expect_that(
        epochs >= 5, f"epochs: expected at least 5, got {epochs}: a curve needs a few points"
    )
    steps = epochs * (train_size // 64)
    expect_that(
        steps >= 60,
        f"each network would make {steps} steps (epochs x whole batches of 64); expected at least "
        "60: with fewer, even the shallow networks learn next to nothing, and there is nothing "
        "to compare",
    )
    seconds = 2 * (shallow + deep) * seeds * steps * 1e-3
    expect_that(
        seconds <= SECONDS,
        f"the experiment would take about {seconds:.0f} s; the budget is {SECONDS} s. Two families "
        "x the sum of the depths x seeds x steps x 1 ms: "
        "cut what your question needs least",
    )


def _is_whole(value):
    """Whether a value is a whole number, and no bool."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


@task("a5.run")
def run(
    rows: Answer,
    errors: Answer,
    depths: Answer,
    train_size: Answer,
    epochs: Answer,
    trial: Trial,
) -> None:
    expect_that(
        isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows),
        "rows: expected the list of dictionaries from read_rows, with at least one row",
    )
    nets = [f"{family}-{depth}" for family in ("plain", "resnet") for depth in depths]
    columns = ("net", "seed", "epoch", "train_error", "test_error")
    for row in rows:
        lacking = [name for name in columns if name not in row]
        expect_that(not lacking, f"rows: a row has no {', '.join(lacking)}; see read_rows")
        expect_that(
            all(isinstance(row[name], (int, float, np.number)) for name in columns[1:]),
            "rows: there is text where numbers should be; see read_rows",
        )
    missing = [net for net in nets if net not in {row["net"] for row in rows}]
    expect_that(
        not missing,
        f"rows: {', '.join(missing)} is not in the records: run both cells of part 5 to their end",
    )
    last: dict[tuple[str, int], Row] = {}
    for row in rows:
        place = row["net"], row["seed"]
        if place not in last or row["epoch"] > last[place]["epoch"]:
            last[place] = row
    seeds = {net: sorted(seed for name, seed in last if name == net) for net in nets}
    expect_that(
        min(map(len, seeds.values())) >= 3,
        "rows: expected at least 3 seeds of each network, got "
        f"{min(map(len, seeds.values()))}: run both cells of part 5",
    )
    expect_that(
        isinstance(errors, dict) and all(isinstance(errors.get(net), dict) for net in nets),
        "errors: expected the result of `final`: net -> {seed: error}",
    )
    for net in nets:
        expect_that(
            sorted(errors[net]) == seeds[net],
            f"errors of {net}: expected the seeds {seeds[net]}, got {short(sorted(errors[net]))}",
        )
        best = [
            min(row["train_error"] for row in rows if (row["net"], row["seed"]) == (net, seed))
            for seed in seeds[net]
        ]
        expect(
            f"errors of {net}",
            np.array([errors[net][seed] for seed in seeds[net]], dtype=float),
            [last[net, seed]["train_error"] for seed in seeds[net]],
            [
                (
                    "the test errors are taken",
                    [last[net, seed]["test_error"] for seed in seeds[net]],
                ),
                ("the best epoch is taken instead of the last", best),
            ],
        )
    everything = [row["train_error"] for row in rows]
    expect_that(
        0 <= min(everything) and 1 < max(everything) <= 100,
        "rows: expected training errors in percent, from 0 to 100",
    )
    # Safe on every machine: 60 steps bring the shallow nets to errors of 60 to 75 %.
    lowest = min(np.mean([*errors[net].values()]) for net in nets)
    expect_that(
        lowest < 85,
        f"the best of the four networks ends at {lowest:.0f} %, hardly better than guessing: did "
        "you change anything in the given cells?",
    )
    _trained_again(rows, depths, train_size, epochs, trial)


def _trained_again(rows, depths, train_size, epochs, trial):
    """Train one of the shallow nets here, and compare its errors with those of the records."""
    again = "run the cells of part 5 again from the top"
    depth = depths[0] if isinstance(depths, (tuple, list)) and depths else None
    expect_that(
        all(map(_is_whole, (depth, train_size, epochs)))
        and 8 <= depth <= 1000
        and depth % 6 == 2
        and 64 <= train_size <= 10_000
        and 0 < epochs * (train_size // 64) * depth * 6e-3 <= SECONDS,
        "depths, train_size and epochs: expected settings within the budget; see the check of the "
        "settings",
    )
    family, seed = ("plain", "resnet")[trial.rng.integers(0, 2)], int(trial.rng.integers(0, 3))
    net = f"{family}-{depth}"
    mine = sorted(
        (row["epoch"], row["train_error"], row["test_error"])
        for row in rows
        if (row["net"], row["seed"]) == (net, seed)
    )
    right = trained(family, int(depth), seed, int(train_size), int(epochs))
    expect_that(
        len(mine) == len(right),
        f"rows: expected {len(right)} epochs of {net}, seed {seed}, got {len(mine)}: {again}",
    )
    apart = np.abs(np.array(mine, dtype=float) - right)
    expect_that(
        (apart[:, 0] < 0.01).all() and apart[:, 1:].mean() <= NEAR,
        f"rows: the errors of {net}, seed {seed}, are {apart[:, 1:].mean():.1f} points away from "
        f"the errors that the net has when it is trained with these settings: {again}",
    )


def trained(family: str, depth: int, seed: int, train_size: int, epochs: int) -> Array:
    """Train a net with the settings of the assignment: an array (epochs, 3).

    Each row holds the epoch, the training error and the test error, both in percent.
    """
    config = RunConfig(
        image_size=8,
        net={"width": 8},
        train_size=train_size,
        test_size=200,
        epochs=epochs,
        drops=(0.6, 0.85),
        crop_padding=0,
        batch_size=64,
        lr=0.1,
        seed=seed,
    )
    train_set, test_set = degradation.load_sets(config)
    build = degradation.FAMILIES[family]
    net = build(depth, num_classes=len(train_set.classes), seed=seed, width=8)
    rows = Trainer(net, train_set, test_set, config.for_depth(depth), progress=False).run()
    return np.array([[row["epoch"], row["train_error"], row["test_error"]] for row in rows])
