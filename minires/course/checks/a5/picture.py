"""Checks of the error curves: their numbers and their style."""

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect_that
from ...trial import Trial
from .. import task
from .answers import drawn_table, short


def _curves(rows):
    """The curves of the records: net -> (epochs, mean training error, mean test error)."""
    found = {}
    for net in sorted({row["net"] for row in rows}):
        epochs = np.array(sorted({row["epoch"] for row in rows if row["net"] == net}))
        found[net] = (
            epochs,
            *(
                np.array(
                    [
                        np.mean(
                            [
                                row[name]
                                for row in rows
                                if row["net"] == net and row["epoch"] == epoch
                            ]
                        )
                        for epoch in epochs
                    ]
                )
                for name in ("train_error", "test_error")
            ),
        )
    return found


def _line(lines, x, y):
    """The first line with these points, or None."""
    return next(
        (
            line
            for line in lines
            if len(line["x"]) == len(x)
            and np.allclose(line["x"], x)
            and np.allclose(line["y"], y, rtol=1e-5)
        ),
        None,
    )


def _drawn(function, trial):
    """Have a student's function draw random records: the records, and a report on the picture."""
    rows = drawn_table(trial)
    report = probe("a5.picture", function, rows)
    expect_that(
        report["lines"],
        "error_curves: there is no line in the Axes `ax`. Draw with ax.plot(...), not with "
        "plt.plot(...)",
    )
    return rows, report


@task("a5.curves")
def curves(function: Answer, trial: Trial) -> None:
    rows, report = _drawn(function, trial)
    lines = report["lines"]
    for net, (x, train, test) in _curves(rows).items():
        own = [row for row in rows if row["net"] == net]
        for name, column, y in (("training", "train_error", train), ("test", "test_error", test)):
            if _line(lines, x, y) is None:
                raise WrongAnswer(
                    f"error_curves: expected a line through the {name} errors of {net}, the "
                    f"mean over the seeds at each of its {len(x)} epochs; "
                    f"there is none among the {len(lines)} lines" + _why(lines, own, column, x, y)
                )
    expected = 2 * len({row["net"] for row in rows})
    empty = sum(len(line["x"]) == 0 for line in lines)
    expect_that(
        len(lines) - empty <= 6 * expected,
        f"error_curves: there are {len(lines)} lines; expected {expected}: two for each network",
    )


def _why(lines, own, column, x, y):
    """The mistake that the lines look like, as the end of a message, or ""."""
    for sentence, at, values in _mistakes(own, column, x, y):
        if _line(lines, at, values) is not None:
            return f". It looks as if {sentence}"
    if any(sorted(line["y"]) == sorted(y.tolist()) for line in lines):
        return (
            ". It looks as if the points are there, but not in the order of their epochs: sort by "
            "the epoch as a number, as rows come in any order and '10' < '9' as text"
        )
    if any(len(line["x"]) == len(own) for line in lines):
        return (
            ". It looks as if all rows of the network are in one line, which jumps back and "
            "forth: take the mean over the seeds first"
        )
    return ""


def _mistakes(own, column, x, y):
    """Lines that are drawn by mistake instead of the mean over the seeds: a sentence, and the
    points.
    """
    rows = sorted(own, key=lambda row: row["epoch"])
    seeds = sorted({row["seed"] for row in own})
    by_seed = np.array([[row[column] for row in rows if row["seed"] == seed] for seed in seeds])
    yield "the axes are exchanged: ax.plot(epochs, errors)", y, x
    yield "the errors are divided by 100: draw them in percent", x, y / 100
    yield (
        "ax.plot got the errors without the epochs, so the first point is at 0",
        np.arange(len(y)),
        y,
    )
    yield (
        "the errors of the seeds are added up, but not divided by the number of seeds",
        x,
        by_seed.sum(axis=0),
    )
    yield "the lowest of the seeds is drawn instead of their mean", x, by_seed.min(axis=0)
    yield "the median over the seeds is drawn instead of the mean", x, np.median(by_seed, axis=0)
    for values in by_seed:
        yield "single seeds are drawn: expected their mean", x, values
    yield (
        "the best error so far is drawn, instead of the error of each epoch",
        x,
        np.minimum.accumulate(y),
    )


def _line_of(lines, own, column, x, y):
    """The line for an error of a network, whose numbers may be mistaken; None if there is none."""
    found = _line(lines, x, y)
    for _, at, values in _mistakes(own, column, x, y):
        found = found or _line(lines, at, values)
    return found


@task("a5.style")
def style(function: Answer, trial: Trial) -> None:
    rows, report = _drawn(function, trial)
    lines, chosen = report["lines"], {}
    for net, (x, train, test) in _curves(rows).items():
        own = [row for row in rows if row["net"] == net]  # its numbers are the other check's
        chosen[net] = (
            _line_of(lines, own, "train_error", x, train),
            _line_of(lines, own, "test_error", x, test),
        )
        expect_that(
            None not in chosen[net],
            f"error_curves: the lines of {net} are missing: see the check above",
        )
    swapped = trial.option("dashed line") == "training"
    first, second = ("test", "training") if swapped else ("training", "test")
    for net, (train, test) in chosen.items():
        one, other = (test, train) if swapped else (train, test)
        solid = [line["style"] == "-" for line in (one, other)]
        expect_that(
            solid != [False, True],
            f"error_curves: the {first} error of {net} is dashed and the {second} error solid: it "
            "must be the other way round",
        )
        expect_that(
            solid[0],
            f"error_curves: the {first} error of {net} is not solid: expected the line "
            f"style '-', got {short(one['style'])}",
        )
        expect_that(
            not solid[1],
            f"error_curves: the {second} error of {net} is solid, like the {first} error, so "
            "nobody can tell them apart: expected '--'",
        )
        expect_that(
            other["style"] not in ("None", "", " "),
            f"error_curves: the {second} error of {net} has no line: expected '--'",
        )
        expect_that(
            _alike(train, test),
            f"error_curves: the two lines of {net} have different colours: expected one colour "
            "for a network. Pass the same color= to both",
        )
    for net, (line, _) in chosen.items():
        for other, (its, _) in chosen.items():
            if net < other and _alike(line, its):
                family = (
                    "two families" if net.split("-")[0] != other.split("-")[0] else "two depths"
                )
                raise WrongAnswer(
                    f"error_curves: {net} and {other} have the same colour, although they belong "
                    f"to {family}. colour_of(net, nets) gives a colour for each"
                )
        red, _, blue = line["colour"]
        expect_that(
            (red > blue) == net.startswith("plain"),
            f"error_curves: {net} is not in the colour of its family: plain networks are orange, "
            "residual ones blue. Use colour_of(net, nets), with all networks in nets",
        )
    x_label, y_label = report["x_label"].lower(), report["y_label"].lower()
    if "error" in x_label and "epoch" in y_label:
        raise WrongAnswer(
            "error_curves: the labels of the axes are exchanged: the epoch is horizontal, the "
            "error vertical"
        )
    expect_that(
        "epoch" in x_label,
        f'error_curves: the horizontal axis should say "epoch", got {short(report["x_label"])}. '
        "Use ax.set_xlabel",
    )
    expect_that(
        "error" in y_label,
        f'error_curves: the vertical axis should say "error, %", got {short(report["y_label"])}. '
        "Use ax.set_ylabel",
    )
    expect_that(
        "%" in y_label or "percent" in y_label or "per cent" in y_label,
        'error_curves: the vertical axis should say the unit, "error, %", got '
        f"{short(report['y_label'])}",
    )
    for net in chosen:
        if not any(net in text for text in report["written"]):
            labels = any(net in line["label"] for line in lines)
            raise WrongAnswer(
                f"error_curves: {net} is not named in the picture. "
                + (
                    "Its line has a label, but no legend shows it: call ax.legend()"
                    if labels and not report["written"]
                    else "Give its lines a label with its name (label=...), and call ax.legend() "
                    "after they are drawn"
                )
            )
    low, high = sorted(report["y_range"])
    points = np.concatenate([line["y"] for pair in chosen.values() for line in pair])
    expect_that(
        low <= points.min() and points.max() <= high,
        f"error_curves: the vertical axis goes from {low:.3g} to {high:.3g} and cuts off lines "
        f"that go from {points.min():.3g} to {points.max():.3g}",
    )


def _alike(line, other):
    """Whether two lines have the same colour."""
    return bool(np.allclose(line["colour"], other["colour"], atol=0.02))
