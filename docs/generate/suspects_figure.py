"""The figure of docs/claims.md: what tells plain-56 from plain-20."""

from collections.abc import Sequence

from minires import plot
from minires.experiments.records import read_config
from minires.types import Figure

from .places import ROOT
from .suspects_numbers import DEEP, LONGER, RATIO, SEEDS, SLOWEST, ranked, ranked_error, run

CRITICAL = 0.65  # of |rho| with ten seeds: chance alone makes one as large 1 time in 20


def draw() -> Figure:
    """Three measures step by step, and their rank correlations with the final errors."""
    found, steps = run(), run().steps
    titles = {
        RATIO: ("the explosion is short", "first layer's gradient over the last one's"),
        LONGER: ("it leaves long weights", "length of early weights, 1 at the start"),
        SLOWEST: ("and a layer that stands still", "gradient over weights, slowest layer"),
    }
    measured = {
        title: (
            quantity,
            {
                net: [
                    [found.values[name][net, seed][step] for step in steps] for seed in found.seeds
                ]
                for net in ("plain-20", "resnet-56", "plain-56")
            },
        )
        for name, (title, quantity) in titles.items()
    }
    epochs = range(1, 1 + len(found.errors[DEEP, 0]))
    correlations: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        name: (steps[1:], [ranked(measure, step).rho for step in steps[1:]])
        for name, measure in (("explosion", RATIO), ("length", LONGER), ("slowest layer", SLOWEST))
    }
    correlations["training error itself"] = (
        [epoch * found.steps_an_epoch for epoch in epochs],
        [ranked_error(epoch).rho for epoch in epochs],
    )
    name, seeds = read_config(ROOT / SEEDS)["dataset_name"], len(found.seeds)
    return plot.suspects(
        steps,
        measured,
        correlations,
        CRITICAL,
        f"{name}, 10,000 images of 16x16, width 8; a line: a seed, n = {seeds}; last panel: "
        f"Spearman's rank correlation with the final training error of plain-56, n = {seeds}; "
        f"shaded: up to {CRITICAL}, which chance alone passes 1 time in 20",
    )
