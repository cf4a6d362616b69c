"""Checks of reading records and taking the final errors from them."""

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .answers import drawn_table, short


@task("a5.read_rows")
def read_rows(function: Answer, trial: Trial) -> None:
    # Old names of nets: the library's own reader would change them to the new ones.
    table = [
        {**row, "net": str(row["net"]).replace("resnet", "residual")}
        for row in drawn_table(trial)[:40]
    ]
    orders = (
        ("net", "seed", "iteration", "epoch", "train_error", "test_error", "seconds"),
        ("epoch", "test_error", "seconds", "seed", "train_error", "net"),
    )
    for columns in orders:
        lines = [",".join(columns)]
        for i, row in enumerate(table):
            cells = {**row, "epoch": f"{row['epoch']:g}", "iteration": 10 * i, "seconds": 1.5 * i}
            lines.append(",".join(str(cells[name]) for name in columns))
        what = (
            "read_rows" if columns is orders[0] else "read_rows, with the columns in another order"
        )
        try:
            got = probe("a5.read", function, "\n".join(lines) + "\n")
        except WrongAnswer as error:
            if columns is not orders[0]:
                raise WrongAnswer(
                    f"{what}: {error}. Read a cell by the name of its column, not by its position"
                ) from None
            if "IndexError" in str(error):
                raise WrongAnswer(
                    f"{error}. Columns come in any order, and some may be missing: read a cell by "
                    "the name of its column, not by its position"
                ) from None
            if "StringIO" in str(error):
                raise WrongAnswer(
                    f"{error}. `file` is open already: pass it to csv.DictReader as it is"
                ) from None
            if "invalid literal for int" in str(error):
                raise WrongAnswer(
                    f"{error}. int('73.5978') is an error: errors have decimals, so make them float"
                ) from None
            raise
        expect_that(got is not None, f"{what}: expected a list, got None; is a `return` missing?")
        expect_that(
            isinstance(got, list), f"{what}: expected a list of dictionaries, got {short(got)}"
        )
        hint = {
            1: "; is the line of names among them?",
            -1: "; is the first row left out? DictReader has already read the line of names",
        }
        expect_that(
            len(got) == len(table),
            f"{what}: expected {len(table)} rows, got {len(got)}"
            + hint.get(len(got) - len(table), ""),
        )
        for number, (mine, row) in enumerate(zip(got, table)):
            expect_that(
                isinstance(mine, dict),
                f"{what}: expected a dictionary for each row, got {short(mine)}",
            )
            lacking = [name for name in row if name not in mine]
            expect_that(not lacking, f"{what}: row {number} has no {', '.join(map(repr, lacking))}")
            expect_that(
                isinstance(mine["net"], str),
                f'{what}: "net" must be text, got {short(mine["net"])}',
            )
            for name in ("seed", "epoch", "train_error", "test_error"):
                if isinstance(mine[name], str):
                    raise WrongAnswer(
                        f"{what}: {name!r} is still text, {short(mine[name])}. Text is compared "
                        "letter by letter, '10' < '9', and cannot be subtracted. Convert it to a "
                        "number with int or float"
                    )
                expect_that(
                    isinstance(mine[name], (int, float)) and not isinstance(mine[name], bool),
                    f"{what}: {name!r} must be a number, got {short(mine[name])}",
                )
        for name in ("train_error", "test_error", "epoch", "seed"):
            right = np.array([row[name] for row in table])
            other = {"train_error": "test_error", "test_error": "train_error"}.get(name, name)
            expect(
                f"{what}: {name!r}",
                np.array([mine[name] for mine in got], dtype=float),
                right,
                [
                    ("the decimals are cut off: use float, not int(float(...))", np.trunc(right)),
                    ("the errors are rounded to whole numbers", np.round(right)),
                    ("the errors are rounded to one decimal", np.round(right, 1)),
                    ("the errors are divided by 100: keep them in percent", right / 100),
                    (f"{other!r} is used instead", np.array([row[other] for row in table])),
                    ("the rows are in another order: keep the order of the file", np.sort(right)),
                ],
            )
        for number, (mine, row) in enumerate(zip(got, table)):
            expect_that(
                mine["net"] == row["net"],
                f"{what}: the names of the networks differ from those in the file: expected "
                f"{row['net']!r} in row {number}, got {short(mine['net'])}",
            )


@task("a5.final")
def final(function: Answer, trial: Trial) -> None:
    rows = drawn_table(trial)
    cut_off = [
        row
        for row in rows
        if not (row["net"] == "plain-44" and row["seed"] == 1 and row["epoch"] > 8)
    ]
    in_order = sorted(rows, key=lambda row: (row["seed"], row["net"], row["epoch"]))
    for what, table, quantity in (
        ("rows in order", in_order, "train_error"),
        ("rows in a random order", rows, "train_error"),
        ('quantity="test_error"', rows, "test_error"),
        ("one run shorter than the others", cut_off, "train_error"),
    ):
        given = (table,) if quantity == "train_error" else (table, quantity)
        got = probe("a5.plain", function, *given)
        _expect_final(f"final, {what}", got, table, quantity)


def _at_epoch(rows, epoch, column):
    return next(row[column] for row in rows if row["epoch"] == epoch)


def _expect_final(what, got, rows, quantity):
    """Compare a student's final errors with those of the last epochs."""
    places = sorted({(row["net"], row["seed"]) for row in rows})
    nets = sorted({net for net, _ in places})
    expect_that(got is not None, f"{what}: expected a dictionary, got None; is a `return` missing?")
    expect_that(
        isinstance(got, dict),
        f"{what}: expected a dictionary net -> {{seed: error}}, got {short(got)}",
    )
    if got and all(isinstance(key, tuple) for key in got):
        raise WrongAnswer(
            f"{what}: expected a dictionary of dictionaries, net -> {{seed: error}}, got "
            f"one whose keys are pairs such as {short(next(iter(got)))}"
        )
    expect_that(
        sorted(map(str, got)) == nets,
        f"{what}: expected the networks {', '.join(nets)}, got "
        f"{', '.join(map(str, got)) or 'none'}",
    )
    for net in nets:
        seeds = [seed for name, seed in places if name == net]
        if not isinstance(got[net], dict):
            number = isinstance(got[net], (int, float))
            raise WrongAnswer(
                f"{what}: expected {{seed: error}} for each network, got {short(got[net])} "
                f"for {net}"
                + (
                    ". A mean over the seeds cannot be compared seed by seed"
                    if number
                    else ". Without the seeds nobody can tell which errors form a pair"
                )
            )
        if any(isinstance(seed, str) for seed in got[net]):
            raise WrongAnswer(
                f"{what}: the seeds are text, as in {short(next(iter(got[net])))}: expected numbers"
            )
        expect_that(
            sorted(got[net]) == seeds,
            f"{what}: expected the seeds {seeds} for {net}, got {short(sorted(got[net]))}"
            + (
                ""
                if set(got[net]) - set(seeds)
                else ". Each network and seed has its own last epoch: a run that stopped early "
                "counts too"
            ),
        )

    def by(choose, column):
        return np.array(
            [
                choose([row for row in rows if (row["net"], row["seed"]) == place], column)
                for place in places
            ]
        )

    def at(key):
        return lambda own, column: max(own, key=key)[column]

    mine = [got[net][seed] for net, seed in places]
    expect_that(
        not any(isinstance(error, str) for error in mine),
        f"{what}: the errors are text: expected numbers",
    )
    expect_that(
        all(isinstance(error, (int, float)) for error in mine),
        f"{what}: expected one number for each seed, got {short(mine[0])}",
    )
    other = "test_error" if quantity == "train_error" else "train_error"
    want = by(at(lambda row: row["epoch"]), quantity)
    expect(
        what + ": the errors",
        np.array(mine, dtype=float),
        want,
        [
            (
                "the best epoch is taken instead of the last: the lowest of many errors is low by "
                "luck",
                by(lambda own, column: min(row[column] for row in own), quantity),
            ),
            (
                f"{other!r} is taken"
                + (
                    ": the question is about training"
                    if quantity == "train_error"
                    else ", the argument `quantity` is not used"
                ),
                by(at(lambda row: row["epoch"]), other),
            ),
            (
                "the last row in the file is taken: take the highest epoch, since rows come in "
                "any order",
                by(lambda own, column: own[-1][column], quantity),
            ),
            (
                "the first epoch is taken, or the highest error, instead of the last epoch",
                by(at(lambda row: -row["epoch"]), quantity),
            ),
            (
                "the first row in the file is taken: take the highest epoch",
                by(lambda own, column: own[0][column], quantity),
            ),
            (
                "epoch 7 is taken, whatever the last epoch of the run is",
                by(lambda own, column: _at_epoch(own, 7, column), quantity),
            ),
            (
                "the mean of the last two epochs is taken: only the last one counts",
                by(
                    lambda own, column: np.mean(
                        [row[column] for row in sorted(own, key=lambda row: row["epoch"])[-2:]]
                    ),
                    quantity,
                ),
            ),
            (
                "epochs are compared as text, where '9' comes after '10'",
                by(at(lambda row: str(row["epoch"])), quantity),
            ),
            (
                "the mean over the epochs is taken",
                by(lambda own, column: float(np.mean([row[column] for row in own])), quantity),
            ),
            (
                "the epoch with the lowest test error is taken: the test images must not choose "
                "the epoch",
                by(at(lambda row: -row["test_error"]), quantity),
            ),
            (
                "all seeds have the same error, the mean over the seeds",
                np.array(
                    [
                        np.mean([e for e, (name, _) in zip(want, places) if name == net])
                        for net, _ in places
                    ]
                ),
            ),
            ("the errors are divided by 100: keep them in percent", want / 100),
            ("the errors are rounded to whole numbers", np.round(want)),
            ("the decimals are cut off", np.trunc(want)),
            ("the errors are rounded to one decimal: round only what you print", np.round(want, 1)),
        ],
    )
