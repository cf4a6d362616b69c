"""A run of several nets: a folder for each net and seed, and tables of all gathered from them.

    config.json  metrics.csv  gradients.csv  updates.csv
    nets/plain-20/seed0/    config.json  metrics.csv  gradients.csv  updates.csv  checkpoints/
    nets/plain-20/seed1/    ...

The folder of a net is written by the process that trains it, and by no other; the run's own tables
by the process that started the run.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import DataError
from ..types import Row
from .records import RunFolder, Table, make_folder, renamed
from .training_records import GRADIENTS, METRICS, TEXT, UPDATES, say

Net: TypeAlias = tuple[str, int]  # its name and its seed
TABLES = {"metrics": METRICS, "gradients": GRADIENTS, "updates": UPDATES}


def folder_of(run: Path, net: str, seed: int) -> Path:
    """The folder of one net in that of a run."""
    return run / "nets" / net / f"seed{seed}"


def gather(run: RunFolder, nets: Sequence[Net]) -> None:
    """Write the run's tables: the rows of all nets that have any, in the order of `nets`.

    Raises
    ------
    DataError
        If a net's table is damaged.
    CheckpointError
        If the run's cannot be written.
    """
    for name in TABLES:
        run.table(name, TABLES[name], TEXT).replace(_rows(run.path, name, nets))


def _rows(run: Path, name: str, nets: Sequence[Net]) -> list[Row]:
    paths = [folder_of(run, net, seed) / f"{name}.csv" for net, seed in nets]
    return [
        row for path in paths if path.exists() for row in Table(path, TABLES[name], TEXT).rows()
    ]


def restore(run: RunFolder, nets: Sequence[Net]) -> None:
    """Put the run's tables right, and say so if someone has changed them.

    Raises as `gather`.
    """
    for name in TABLES:
        table, right = run.table(name, TABLES[name], TEXT), _rows(run.path, name, nets)
        try:
            found = table.lines(table.rows())
        except DataError as error:
            found = str(error)
        if not set(found.splitlines()) <= set(table.lines(right).splitlines()):
            say(f"{table.path}: rows were changed; they are put back from those in nets/")
    gather(run, nets)


def adopt(run: RunFolder, settings: Mapping[Net, dict[str, Any]]) -> None:
    """Give each net its folder, in a run of an early version: that kept all checkpoints in one
    folder, and wrote the nets' rows into the run's tables only.

    Parameters
    ----------
    run : RunFolder
    settings : dict
        What the ``config.json`` of each net holds.
    """
    checkpoints = run.path / "checkpoints"
    if not checkpoints.is_dir():
        return
    for (net, seed), own in settings.items():
        folder, old = folder_of(run.path, net, seed), run.checkpoint(net, seed)
        if not old.exists():
            continue
        with RunFolder(make_folder(folder), own, resume=True) as its:
            for name in TABLES:
                rows = run.table(name, TABLES[name], TEXT).rows()
                its.table(name, TABLES[name], TEXT).replace(
                    row for row in rows if (row["net"], row["seed"]) == (net, seed)
                )
            renamed(old, its.checkpoint(net, seed))
    with suppress(OSError):  # there may be other files in it
        checkpoints.rmdir()
