"""The tables and the figure of docs/claims.md on what tells plain-56 from plain-20.
``python -m docs.generate.suspects`` works them out from the records and writes them into the page,
between its marks.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import exp, log
from statistics import mean

from minires import plot
from minires.experiments import suspects
from minires.experiments.claims import rank_collapse
from minires.experiments.confidence import interval
from minires.experiments.records import read_config
from minires.experiments.suspects import MEASURES, Ranked, Run
from minires.types import Figure

from .marked import filled
from .places import ROOT
from .recorded_claims import RECORDED, best_rows

PAGE = "docs/claims.md"
SEEDS = "results/ten-seeds-cifar10"  # ten seeds of four nets, with gradients
PICTURES = "docs/pictures"
NETS = ("plain-56", "plain-20", "resnet-56")
DEEP, SHALLOW, RESIDUAL = NETS
MOMENTS = (0, 10, 54, 270)
CRITICAL = 0.65  # of |rho| with ten seeds: chance alone makes one as large 1 time in 20
RATIO, WHOLE, LONGER, SLOWEST = MEASURES


@cache
def run() -> Run:
    """The recorded run of ten seeds."""
    return suspects.read_run(ROOT / SEEDS)


def sharpness(net: str) -> list[float]:
    """Of a net before training, in limits, one for each of five seeds."""
    rows = best_rows("sharpness-at-start")
    return [
        row["sharpness"] / row["limit"]
        for row in rows
        if (row["net"], row["length"]) == (net, 1e-3)
    ]


def likeness(net: str) -> list[float]:
    """How alike the gradients at neighbouring inputs are, one value for each of five seeds."""
    rows = best_rows("shattering")
    return [row["autocorrelation"] for row in rows if (row["net"], row["lag"]) == (net, 1)]


def rank(net: str) -> list[float]:
    """Effective rank of 256 images at the end of a net, one for each of five seeds."""
    return rank_collapse.rank(best_rows("rank-collapse"), net)


def ranked(measure: str, step: int) -> Ranked:
    """How a measure of plain-56 at a step goes with its final errors."""
    return suspects.ranked(run().at(measure, DEEP, step), run().error(DEEP))


def ranked_error(epoch: int) -> Ranked:
    """How the error of plain-56 in an epoch goes with its final errors."""
    return suspects.ranked(run().error(DEEP, epoch), run().error(DEEP))


def luck() -> tuple[float, float, int]:
    """The largest |rho| of all measures at all recorded steps, the chance of one as large, and how
    many correlations these are.
    """
    measured = [run().at(name, DEEP, step) for name in MEASURES for step in run().steps]
    largest, chance = suspects.chance_of_largest(measured, run().error(DEEP))
    return largest, chance, len(measured)


def order_table() -> str:
    """What tells the nets apart, in the order in which it appears."""
    lines = [
        "| measure | plain-56 | plain-20 | resnet-56 | apart from plain-20 | from resnet-56 | n |",
        "| --- | ---: | ---: | ---: | --- | --- | ---: |",
    ]
    at_start: tuple[tuple[str, Callable[[str], list[float]]], ...] = (
        (
            "sharpness over the limit of stability ([sharpness](verdicts.md#sharpness-at-start))",
            sharpness,
        ),
        (
            "likeness of gradients at neighbouring inputs ([shattering](verdicts.md#shattering))",
            likeness,
        ),
        ("effective rank at the end of the net ([rank](verdicts.md#rank-collapse))", rank),
    )
    for name, values in at_start:
        found = [values(net) for net in NETS]
        apart = [
            "before training" if suspects.apart.side(found[0], other) else "no"
            for other in found[1:]
        ]
        lines.append(_row(name, *map(spread, found), *apart, str(len(found[0]))))
    for name, measure, step in (
        ("first layer's gradient over the last one's, before training", RATIO, 0),
        ("gradient of all layers together, before training", WHOLE, 0),
        ("length of the first ten layers' weights over that at the start, step 10", LONGER, 10),
        ("gradient over weights in the slowest layer, step 54", SLOWEST, 54),
    ):
        found = [run().at(measure, net, step) for net in NETS]
        apart = [steps_apart(measure, other) for other in NETS[1:]]
        lines.append(_row(name, *map(spread, found), *apart, str(len(found[0]))))
    found = [run().error(net, 1) for net in NETS]
    apart = [
        f"epoch 1 (steps 1 to {run().steps_an_epoch})"
        if suspects.apart.side(found[0], other)
        else f"epoch {first_epoch_apart(net)}"
        for net, other in zip(NETS[1:], found[1:])
    ]
    lines.append(
        _row("**training error**, epoch 1, %", *map(spread, found), *apart, str(len(found[0])))
    )
    return "\n".join(lines)


def first_epoch_apart(other: str) -> int:
    """The first epoch from which plain-56 has a higher error than `other`, with every seed."""
    epochs = range(1, len(run().errors[DEEP, 0]) + 1)
    apart = [suspects.apart.side(run().error(DEEP, e), run().error(other, e)) > 0 for e in epochs]
    return next(e for e in epochs if all(apart[e - 1 :]))


def ranks_table() -> str:
    """Does a measure say which seeds of plain-56 end badly?"""
    heads = [f"step {step}" for step in MOMENTS]
    lines = [f"| measure | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for name in MEASURES:
        cells = [
            "the same with all" if name == LONGER and step == 0 else str(ranked(name, step))
            for step in MOMENTS
        ]
        lines.append(_row(name, *cells))
    epochs = [1, 2, 4, 5]
    lines += ["", f"| | {' | '.join(f'epoch {epoch}' for epoch in epochs)} |"]
    lines += ["| --- |" + " ---: |" * len(epochs)]
    lines.append(_row("training error", *(str(ranked_error(epoch)) for epoch in epochs)))
    return "\n".join(lines)


def cures_table() -> str:
    """What happened to the error when somebody took a suspect away."""
    lines = [
        "| what is changed | what that does | training error, points (range of n = 3 seeds) | "
        "share of the gap to plain-20 that is gone | with every seed? |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for one in suspects.cures(ROOT / RECORDED):
        worse = min(one.changes) > 2
        lines.append(
            _row(
                f"{one.name} ([{one.claim}](verdicts.md#{one.claim}))",
                one.does,
                change_in_points(one.changes),
                f"{100 * one.closed:.0f} %",
                "yes" if one.helps else "worse with every seed" if worse else "no",
            )
        )
    return "\n".join(lines)


def causes_table() -> str:
    """The suspects, held against the four questions."""
    held = {one.variant: one for one in suspects.cures(ROOT / RECORDED)}
    clipped, kept, small = (
        change_in_points(held[one].changes) for one in ("clipped", "kept norms", "small rate")
    )
    not_recorded = "not recorded for these seeds"
    lines = [
        "| suspect | does it tell plain-56 from plain-20? | is it there before the error? | "
        "does it say which seeds end badly? (rank correlation, n = 10) | "
        "does curing it cure the error? (points, n = 3) |",
        "| --- | --- | --- | --- | --- |",
        _row(
            "vanishing gradients",
            f"at step 27 only ({spread(run().at(RATIO, DEEP, 27))} against "
            f"{spread(run().at(RATIO, SHALLOW, 27))}); before training it is the reverse",
            "yes, for a while",
            f"not shown: {ranked(RATIO, 27)} at step 27",
            "not tried",
        ),
        _row(
            "exploding gradients",
            f"yes, {steps_apart(RATIO, SHALLOW)}",
            "yes",
            f"not shown: {ranked(RATIO, 0)} before training",
            f"not shown: {clipped} with clipped gradients",
        ),
        _row(
            "weights flung out, so a small effective rate",
            f"yes, {steps_apart(LONGER, SHALLOW)}",
            "yes",
            f"not shown: {ranked(LONGER, 10)} at step 10",
            f"not shown: {kept} with weights kept at their length",
        ),
        _row(
            "frozen layers",
            f"yes, {steps_apart(SLOWEST, SHALLOW)}",
            "yes",
            f"not shown: {ranked(SLOWEST, 54)} at step 54",
            "not tried by itself",
        ),
        _row(
            "a loss too sharp for the step",
            f"yes, before training ({geometric_mean(sharpness(DEEP)):,.0f} against "
            f"{geometric_mean(sharpness(SHALLOW)):.1f} times the limit)",
            "yes",
            not_recorded,
            f"no: {small} with a tenth of the rate; [muon](verdicts.md#muon) is to be decided",
        ),
        _row(
            "shattered gradients",
            f"by little ({mean(likeness(DEEP)):.2f} against {mean(likeness(SHALLOW)):.2f}; "
            f"resnet-56 {mean(likeness(RESIDUAL)):.2f})",
            "yes",
            not_recorded,
            "not tried; [looks-linear](verdicts.md#looks-linear) is to be decided",
        ),
        _row(
            "collapse of rank",
            f"yes ({mean(rank(DEEP)):.1f} against {mean(rank(SHALLOW)):.1f} directions), but "
            f"resnet-56, which trains, has {mean(rank(RESIDUAL)):.1f}",
            "yes",
            not_recorded,
            "not tried",
        ),
        _row(
            "forgetting the input",
            "not measured yet ([forgetting](verdicts.md#forgetting))",
            "?",
            not_recorded,
            "[dirac](verdicts.md#dirac) is to be decided",
        ),
    ]
    return "\n".join(lines)


def change_in_points(changes: Sequence[float]) -> str:
    """The mean change of the error, and the smallest and largest of the seeds."""
    return f"{mean(changes):+.1f} ({min(changes):+.1f} to {max(changes):+.1f})"


def steps_apart(measure: str, other: str) -> str:
    """When a measure tells plain-56 from `other` with every seed, in words."""
    found = suspects.when_apart(run(), measure, DEEP, other)
    parts = [
        f"{side} {_steps(steps)}"
        for side, steps in (("above at", found.above), ("below at", found.below))
        if steps
    ]
    return "; ".join(parts) or "no"


def _steps(steps: Sequence[int]) -> str:
    """Recorded steps in words: those without a gap in the records are a range."""
    known, ranges = run().steps, []
    for step in steps:
        if ranges and known.index(step) == known.index(ranges[-1][1]) + 1:
            ranges[-1][1] = step
        else:
            ranges.append([step, step])
    words = [f"{low} to {high}" if low != high else str(low) for low, high in ranges]
    return f"steps {', '.join(words)}" if len(steps) > 1 else f"step {words[0]}"


def geometric_mean(values: Sequence[float]) -> float:
    """Of positive numbers."""
    return exp(mean(map(log, values)))


def spread(values: Sequence[float]) -> str:
    """The smallest and the largest of some values."""
    return f"{_number(min(values))} to {_number(max(values))}"


def error_with_interval(net: str) -> str:
    """The mean final training error and its interval."""
    errors = run().error(net)
    low, high = interval(errors)
    return f"{mean(errors):.1f} % ({low:.1f} to {high:.1f})"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def figure() -> Figure:
    """Three measures step by step, and how their ranks go with the final errors."""
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


TABLES = {
    "causes": causes_table,
    "order": order_table,
    "ranks": ranks_table,
    "cures": cures_table,
}


def page() -> str:
    """The page with its tables made anew, between their marks."""
    tables = {f"table {name}": table() for name, table in TABLES.items()}
    return filled((ROOT / PAGE).read_text(encoding="utf-8"), tables, "docs.generate.suspects")


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    for look in (plot.LIGHT, plot.DARK):
        with plot.use_theme(look):
            plot.save(figure(), ROOT / f"{PICTURES}/suspects{look.suffix}.png")
