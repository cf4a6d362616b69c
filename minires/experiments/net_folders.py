"""The folders of a run of several nets: one for each net and seed, and tables that gather the rows
of all of them.

    config.json  metrics.csv  gradients.csv  updates.csv
    nets/plain-20/seed0/    config.json  metrics.csv  gradients.csv  updates.csv  checkpoints/
    nets/plain-20/seed1/    ...

Only the process that trains a net writes to the folder of that net. Only the process that started
the run writes the tables of the run.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import DataError
from ..types import Row
from .records import RunFolder, Table, make_folder, renamed
from .training_records import say
from .training_tables import GRADIENTS, METRICS, TEXT, UPDATES

Net: TypeAlias = tuple[str, int]  # name and seed
TABLES = {"metrics": METRICS, "gradients": GRADIENTS, "updates": UPDATES}


def folder_of(run: Path, net: str, seed: int) -> Path:
    """The folder of one net, in the folder of a run."""
    return run / "nets" / net / f"seed{seed}"


def gather(run: RunFolder, nets: Sequence[Net]) -> None:
    """Write the tables of the run, with the rows of all its nets in the order of `nets`.

    Raises
    ------
    DataError
        If the table of a net is damaged.
    CheckpointError
        If a table of the run cannot be written.
    """
    for name in TABLES:
        run.table(name, TABLES[name], TEXT).replace(_rows(run.path, name, nets))


def _rows(run: Path, name: str, nets: Sequence[Net]) -> list[Row]:
    paths = [folder_of(run, net, seed) / f"{name}.csv" for net, seed in nets]
    return [
        row for path in paths if path.exists() for row in Table(path, TABLES[name], TEXT).rows()
    ]


def restore(run: RunFolder, nets: Sequence[Net]) -> None:
    """Restore the tables of the run from those of its nets, and print a note if rows in them were
    changed.

    Raises the errors of `gather`.
    """
    for name in TABLES:
        table, right = run.table(name, TABLES[name], TEXT), _rows(run.path, name, nets)
        try:
            found = table.lines(table.rows())
        except DataError as error:
            found = str(error)
        if not set(found.splitlines()) <= set(table.lines(right).splitlines()):
            say(f"{table.path}: rows were changed; they are restored from the tables in nets/")
    gather(run, nets)


def adopt(run: RunFolder, settings: Mapping[Net, dict[str, Any]]) -> None:
    """Bring a run of an early version into today's form, with a folder for each net.

    Early versions kept all checkpoints in one folder, and the rows of nets only in the tables of
    the run. Other runs stay as they are.

    Parameters
    ----------
    run : RunFolder
    settings : dict
        (net, seed) -> the settings for the ``config.json`` of this net.

    Raises
    ------
    ConfigError, DataError, CheckpointError
        If the folder of a net is in use or cannot be written, or a table is damaged.
    """
    checkpoints = run.path / "checkpoints"
    if not checkpoints.is_dir():
        return
    for (net, seed), own in settings.items():
        folder, old = folder_of(run.path, net, seed), run.checkpoint(net, seed)
        if not old.exists():
            continue
        with RunFolder(make_folder(folder), own, resume=True) as net_folder:
            for name in TABLES:
                rows = run.table(name, TABLES[name], TEXT).rows()
                net_folder.table(name, TABLES[name], TEXT).replace(
                    row for row in rows if (row["net"], row["seed"]) == (net, seed)
                )
            renamed(old, net_folder.checkpoint(net, seed))
    with suppress(OSError):  # the folder is kept if it holds other files
        checkpoints.rmdir()
