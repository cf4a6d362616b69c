"""The results of a sweep in words and as a figure, from its records alone."""

from pathlib import Path

from ... import plot as plots
from ...names import expanded
from ...training.kinds import WORDS
from ...types import Figure, PathLike, Row
from ..records import of_one_run, read_config, read_table, save_figures
from ..training_tables import nothing_to_show
from .runs import settings_of
from .table import NAME, RESULTS


def report(folder: PathLike) -> str:
    """The results of the sweep in `folder` as a table in plain text, with the lowest test error
    first.

    Raises DataError if the records are missing, damaged or empty.
    """
    columns, rows = _read(expanded(folder))
    lines = [[*columns, "training error", "test error", "parameters", "time"]]
    for row in sorted(rows, key=lambda row: row["test_error"]):
        lines.append(
            [
                *(row[name] for name in columns),
                f"{row['train_error']:.1f} %",
                f"{row['test_error']:.1f} %",
                f"{row['parameters']:,}",
                f"{row['seconds']:.0f} s",
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i < len(columns) else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


def _read(folder):
    """The names of the swept settings, and the rows of ``sweep.csv``."""
    config = read_config(folder, NAME, {"runs": WORDS})
    columns = list(dict.fromkeys(key for name in config["runs"] for key in settings_of(name)))
    rows = read_table(folder / "sweep.csv", (*columns, *RESULTS), columns)
    if not rows:
        raise nothing_to_show(folder, "at least one finished run")
    return columns, rows


def plot(folder: PathLike) -> list[Path]:
    """Draw ``sweep.png`` from the table in `folder`, and return its path in a list.

    Raises DataError as `figures` does, and CheckpointError if the file cannot be written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figure of the sweep in `folder`: the errors of each combination of settings, with a dot
    for each seed.

    Raises DataError if the records are missing, damaged or empty.
    """
    folder = expanded(folder)
    columns, rows = _read(folder)
    settings = [name for name in columns if name != "seed"]
    with of_one_run(folder):
        groups: dict[str, list[Row]] = {}
        for row in rows:
            label = ", ".join(f"{name} {row[name]}" for name in settings) or "all seeds"
            groups.setdefault(label, []).append(row)
        return {"sweep": plots.sweep(groups, read_config(folder)["dataset_name"])}
