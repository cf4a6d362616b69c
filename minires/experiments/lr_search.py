"""Find a learning rate to start with, for a net and its data: ``minires train --find-lr``.

lr_finder.csv    step, lr, loss and smoothed_loss of each step
lr_finder.png    the same as a figure
"""

from pathlib import Path
from typing import Any

from .. import backend
from .. import plot as plots
from ..distributed import alone
from ..names import expanded
from ..serialization.weights import WeightsFile
from ..training.config import RunConfig
from ..training.kinds import COUNT, NUMBER, WORD
from ..training.lr_finder import RULE, RangeTest, find_lr
from ..training.trainer import Trainer
from ..types import Figure, PathLike
from . import single_net
from .records import RunFolder, check_new, of_one_run, read_config, read_table, save_figures
from .training_tables import nothing_to_show

NAME = "learning rate"
NEEDED = {"model": WORD, "dataset_name": WORD, "batch_size": COUNT, "seed": NUMBER}
TABLE = ("step", "lr", "loss", "smoothed_loss")


def run(
    config: RunConfig, out: PathLike, progress: bool = True, file: WeightsFile | None = None
) -> RangeTest:
    """Run the range test of learning rates for the net in `config`, and record it in the folder
    `out`. The trained net is thrown away.

    Parameters
    ----------
    config : RunConfig
        From `model_setup.complete`.
    out : str or Path
        A new or empty folder.
    progress : bool
    file : WeightsFile, optional
        The open file of weights that the config names.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError
        For the same reasons as in `single_net.run`.
    """
    device = backend.check_device(config.device, "--device")
    check_new(expanded(out), resume=None)  # before the work
    prepared = single_net.prepare(config, file, None, progress, alone())
    config = prepared.config
    settings = {
        "experiment": NAME,
        **config.deciding(),
        "dataset_name": prepared.train_set.name,
        "suggested_lr": None,
    }
    trained, train, test, val = prepared.trained(progress)
    trainer = Trainer(trained, train, test, config, progress=False, val_set=val)
    found = find_lr(trainer)
    settings["suggested_lr"] = found.suggestion
    with RunFolder(expanded(out), settings, device=device) as folder:
        folder.table("lr_finder", TABLE).replace(found.rows)
    return found


def report(folder: PathLike) -> str:
    """The suggested learning rate, in words. Raises DataError if records are missing or damaged."""
    config, rows = _read(expanded(folder))
    lowest = min(rows, key=lambda row: row["smoothed_loss"])
    suggestion = config.get("suggested_lr")
    turn = f"the smoothed loss was lowest, {lowest['smoothed_loss']:.3f}, at lr {lowest['lr']:.2g}"
    if suggestion is None:
        return (
            f"no learning rate can be suggested: {turn}, which was the first step, so the loss "
            "never fell; check the data and the net"
        )
    return f"{turn}\nsuggested: --lr {suggestion:g} ({RULE}): a place to start, not the best rate"


def _read(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with of_one_run(folder):
        config = read_config(folder, NAME, NEEDED)
        rows = read_table(folder / "lr_finder.csv", TABLE)
        if not rows:
            raise nothing_to_show(folder, "at least one step")
        return config, rows


def plot(folder: PathLike) -> list[Path]:
    """Draw ``lr_finder.png`` from the table in `folder`, and return its path in a list.

    Raises DataError as `figures` does, and CheckpointError if the file cannot be written.
    """
    folder = expanded(folder)
    return save_figures(figures(folder), folder)


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figure of the test in `folder`. Raises DataError if records are missing or damaged."""
    config, rows = _read(expanded(folder))
    caption = f"{config['model']} on {config['dataset_name']}, batch {config['batch_size']}"
    return {"lr_finder": plots.lr_finder(rows, config.get("suggested_lr"), caption)}
