"""The table ``sweep.csv``: a row for each finished run of a sweep."""

from collections.abc import Sequence
from pathlib import Path

from ...types import Row
from .. import single_net
from ..records import RunFolder, read_config, read_table
from ..training_tables import METRICS, TEXT
from ..validation_records import kept_epoch, read_validation
from .runs import settings_of

#: The name of this experiment in config.json.
NAME = "sweep"
#: The columns of ``sweep.csv`` after the settings that are swept.
RESULTS = ("train_error", "test_error", "parameters", "seconds")


def write_table(folder: RunFolder, runs: Sequence[str]) -> None:
    """Write ``sweep.csv``, with the results of all finished runs.

    Raises DataError if the records of a run are damaged, and CheckpointError if the table cannot be
    written.
    """
    swept = list(dict.fromkeys(key for name in runs for key in settings_of(name)))
    folder.table("sweep", (*swept, *RESULTS), swept).replace(_results(folder.path, runs))


def _results(out: Path, runs: Sequence[str]) -> list[Row]:
    rows = []
    for name in runs:
        folder = out / name
        if (folder / "evaluation.json").exists():  # a run writes this file last
            config = read_config(folder, single_net.NAME, single_net.NEEDED)
            metrics = read_table(folder / "metrics.csv", METRICS, TEXT)
            last = kept_epoch(metrics, read_validation(folder, config))
            its = {"parameters": config["parameters"]} | {
                key: last[key] for key in RESULTS if key in last
            }
            rows.append({**settings_of(name), **its})
    return rows
