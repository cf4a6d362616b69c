"""The parts of a degradation run: one for each net and seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...serialization.old_names import previous_net
from ..degradation import NEEDED, all_iterations, nets_of
from ..net_folders import TABLES, folder_of
from ..records import RunFolder, read_config
from ..seeds import as_text
from ..training_tables import (
    GRADIENTS,
    GRADIENTS_OF,
    METRICS,
    METRICS_OF,
    TEXT,
    check_once,
    checked_rows,
    finished_tables,
    update_rows,
)
from .parts import Part, Unit, few, files_in
from .sources import Source


def check(sources: Sequence[Source]) -> None:
    """Raise DataError if settings are missing or damaged that every degradation run has."""
    for source in sources:
        read_config(source.path, "degradation", NEEDED)


def read(source: Source) -> dict[Unit, Part]:
    """The parts of a run: every net with any rows. They are read from the nets' folders or, in
    early runs, which have none, from the tables of the run. Raises DataError if they are damaged.
    """
    iterations = all_iterations(source.config)
    tables = finished_tables(source.path, nets_of(source.config))
    updates = update_rows(source.path, nets_of(source.config))
    parts = {}
    for net, seed in nets_of(source.config):
        folder = folder_of(source.path, net, seed)
        if (folder / "metrics.csv").is_file():
            rows = net_tables(folder, net, seed)
        else:
            rows = {
                name: [row for row in table if (row["net"], row["seed"]) == (net, seed)]
                for name, table in zip(TABLES, (*tables, updates))
            }
        if any(rows.values()):
            done = bool(rows["metrics"]) and rows["metrics"][-1]["iteration"] >= iterations
            files = files_in(folder, folder_of(Path(), net, seed).as_posix())
            parts[net, seed] = Part(rows, done, files or _early_checkpoint(source, net, seed))
    return parts


def net_tables(folder: Path, net: str, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Name -> rows of the tables in the folder of one net. Raises DataError if a table is missing
    or damaged.
    """
    trained = [(net, seed)]
    metrics = checked_rows(folder / "metrics.csv", METRICS, METRICS_OF, trained)
    check_once(folder / "metrics.csv", metrics)
    gradients = checked_rows(folder / "gradients.csv", GRADIENTS, GRADIENTS_OF, trained)
    updates = update_rows(folder, trained)
    return {"metrics": metrics, "gradients": gradients, "updates": updates}


def _early_checkpoint(source, net, seed):
    names = [f"checkpoints/{name}-seed{seed}.safetensors" for name in (net, previous_net(net))]
    return {name: source.path / name for name in names if (source.path / name).is_file()}


def settings(sources: Sequence[Source], parts: Mapping[Unit, Part]) -> dict[str, Any]:
    """The settings of the pooled run in which the single runs may differ: its seeds."""
    return {"seeds": sorted({seed for one in sources for seed in one.config["seeds"]})}


def write(folder: RunFolder, config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> None:
    """Write the tables of the pooled run, in the order in which one run would have written them."""
    for name, columns in TABLES.items():
        rows = [row for net in nets_of(config) if net in parts for row in parts[net].tables[name]]
        folder.table(name, columns, TEXT).replace(rows)


def notes(config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> list[str]:
    """Lines on the nets that are not trained to the end, and on nets without a checkpoint."""
    nets = {f"{net} seed {seed}": parts.get((net, seed)) for net, seed in nets_of(config)}
    missing = [name for name, part in nets.items() if part is None or not part.finished]
    bare = [name for name, part in nets.items() if part is not None and not _has_checkpoint(part)]
    found = []
    if missing:
        command = f"--seeds {as_text(config['seeds'])} --resume"
        found.append(
            f"not finished: {few(missing)}; to train them, repeat the runs' command with {command}"
        )
    if bare:
        found.append(f"without a checkpoint: {few(bare)}; --resume would train them again")
    return found


def _has_checkpoint(part):
    return any(name.endswith(".safetensors") for name in part.files)
