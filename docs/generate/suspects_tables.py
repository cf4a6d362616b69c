"""The tables of docs/claims.md on what tells plain-56 from plain-20, as Markdown."""

from collections.abc import Callable, Sequence
from statistics import geometric_mean, mean

from minires.experiments import suspects
from minires.experiments.claims.forgetting import MOMENTS
from minires.experiments.suspects import MEASURES

from .places import ROOT
from .recorded_claims import DECIDED, RECORDED, recorded
from .suspects_numbers import (
    DEEP,
    LONGER,
    NETS,
    RATIO,
    RESIDUAL,
    SHALLOW,
    SLOWEST,
    WHOLE,
    effective_rank,
    first_epoch_apart,
    forgotten,
    gradient_likeness,
    ranked,
    ranked_error,
    run,
    sharpness,
)

STEPS = (0, 10, 54, 270)  # of the table of rank correlations
EPOCHS = (1, 2, 4, 5)
MUCH_WORSE = 2  # points of error: with more of them in every seed, a cure makes things worse


def order_table() -> str:
    """What tells the nets apart, in the order in which it appears in training."""
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
            gradient_likeness,
        ),
        (
            "effective rank at the end of the net ([rank](verdicts.md#rank-collapse))",
            effective_rank,
        ),
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


def ranks_table() -> str:
    """How measures of plain-56 correlate with its final errors: do they say which seeds end
    badly?
    """
    heads = [f"step {step}" for step in STEPS]
    lines = [f"| measure | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for name in MEASURES:
        cells = [
            "the same with all" if name == LONGER and step == 0 else str(ranked(name, step))
            for step in STEPS
        ]
        lines.append(_row(name, *cells))
    lines += ["", f"| | {' | '.join(f'epoch {epoch}' for epoch in EPOCHS)} |"]
    lines += ["| --- |" + " ---: |" * len(EPOCHS)]
    lines.append(_row("training error", *(str(ranked_error(epoch)) for epoch in EPOCHS)))
    return "\n".join(lines)


def cures_table() -> str:
    """How the error of plain-56 changed when a suspect was taken away."""
    lines = [
        "| what is changed | what that does | training error, points (range of the seeds) | "
        "share of the gap to plain-20 that is gone | with every seed? | seeds |",
        "| --- | --- | ---: | ---: | --- | ---: |",
    ]
    for one in suspects.cures(ROOT / DECIDED, ROOT / RECORDED):
        worse = min(one.changes) > MUCH_WORSE
        lines.append(
            _row(
                f"{one.name} ([{one.claim}](verdicts.md#{one.claim}))",
                one.does,
                change_in_points(one.changes),
                f"{100 * one.closed:.0f} %",
                "yes" if one.helps else "worse with every seed" if worse else "no",
                f"{len(one.changes)} {'fresh' if one.folder == ROOT / DECIDED else 'exploratory'}",
            )
        )
    return "\n".join(lines)


def causes_table() -> str:
    """Each suspect, and the answers to four questions about it."""
    tried = {
        (one.claim, one.variant): one.changes
        for one in suspects.cures(ROOT / DECIDED, ROOT / RECORDED)
    }
    clipped, kept, small = (
        change_in_points(tried["aftermath", one]) for one in ("clipped", "kept norms", "small rate")
    )
    linear = tried["looks-linear", "clipped"]
    sharp = geometric_mean(sharpness(DEEP))
    likeness = {net: mean(gradient_likeness(net)) for net in NETS}
    rank = {net: mean(effective_rank(net)) for net in NETS}
    lost = [
        f"the last block loses {lost[DEEP]:.1f} points, in plain-20 {lost[SHALLOW]:.1f}, in "
        f"resnet-56 {lost[RESIDUAL]:.1f}"
        for moment in MOMENTS
        for lost in [{net: mean(forgotten(net, moment)) for net in NETS}]
    ]
    not_recorded = "not recorded for these seeds"
    too_early = f"not known: apart at step 27, the error within steps 1 to {run().steps_an_epoch}"
    lines = [
        "| suspect | does it tell plain-56 from plain-20? | is it there before the error? | "
        "does it say which seeds end badly? (rank correlation, n = 10) | "
        f"does curing it cure the error? (points, n = {len(tried['aftermath', 'clipped'])}) |",
        "| --- | --- | --- | --- | --- |",
        _row(
            "vanishing gradients",
            f"at step 27 only ({spread(run().at(RATIO, DEEP, 27))} against "
            f"{spread(run().at(RATIO, SHALLOW, 27))}); before training it is the reverse",
            too_early,
            f"not shown: {ranked(RATIO, 27)} at step 27",
            "not tried",
        ),
        _row(
            "exploding gradients",
            f"yes, {steps_apart(RATIO, SHALLOW)}",
            "yes",
            f"not shown: {ranked(RATIO, 0)} before training",
            f"not shown: {clipped} with clipped gradients; {_verdict('group-norm')}",
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
            too_early,
            f"not shown: {ranked(SLOWEST, 54)} at step 54",
            "not tried by itself",
        ),
        _row(
            "a loss too sharp for the step",
            f"yes, before training ({sharp:,.0f} against "
            f"{geometric_mean(sharpness(SHALLOW)):.1f} times the limit)",
            "yes",
            not_recorded,
            f"not tried: with a tenth of the rate it is still {sharp / 10:,.0f} times the limit, "
            f"and the error changes by {small}",
        ),
        _row(
            "shattered gradients",
            f"by little ({likeness[DEEP]:.2f} against {likeness[SHALLOW]:.2f}; "
            f"resnet-56 {likeness[RESIDUAL]:.2f})",
            "yes",
            not_recorded,
            f"not tried by itself; a linear start: {change_in_points(linear)}, n = {len(linear)}",
        ),
        _row(
            "collapse of rank",
            f"yes ({rank[DEEP]:.1f} against {rank[SHALLOW]:.1f} directions), but "
            f"resnet-56, which trains, has {rank[RESIDUAL]:.1f}",
            "yes",
            not_recorded,
            "not tried",
        ),
        _row(
            "forgetting the input",
            f"not before training ({lost[0]}); after it yes ({lost[1]})",
            "no: before training all nets forget",
            not_recorded,
            "not tried",
        ),
    ]
    return "\n".join(lines)


def _verdict(name):
    """The verdict on a claim about a cure, with its page."""
    known = {one.claim.name: one.verdict.outcome for one in recorded()}
    place = f"[{name}](verdicts.md#{name})"
    return f"{place} is {known[name]}" if name in known else f"{place} is to be decided"


def change_in_points(changes: Sequence[float]) -> str:
    """The mean change of the error over the seeds, with the smallest and the largest."""
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
    """Some recorded steps in words. Neighbours in the records become a range."""
    known, ranges = run().steps, []
    for step in steps:
        if ranges and known.index(step) == known.index(ranges[-1][1]) + 1:
            ranges[-1][1] = step
        else:
            ranges.append([step, step])
    words = [f"{low} to {high}" if low != high else str(low) for low, high in ranges]
    return f"steps {', '.join(words)}" if len(steps) > 1 else f"step {words[0]}"


def spread(values: Sequence[float]) -> str:
    """The smallest and the largest of some values."""
    return f"{_number(min(values))} to {_number(max(values))}"


def _number(value: float) -> str:
    """A number with three significant digits; below 0.01 with two."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"


def _row(*cells: str) -> str:
    """A row of a table, as Markdown."""
    return f"| {' | '.join(cells)} |"
