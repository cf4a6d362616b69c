"""Training nets and writing down how it went: what all experiments that train share."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..diagnostics import gradient_norms
from ..errors import CheckpointError, DataError
from ..nn import Module
from ..serialization.weights import save
from ..training.callbacks import Callback
from ..training.config import RunConfig
from ..training.kinds import COUNT, NOT_NEGATIVE, NUMBER, PERCENT, POSITIVE
from ..training.trainer import Trainer
from ..types import PathLike
from .records import RunFolder, make_folder, read_table

METRICS_OF = {  # a column of numbers -> what they are
    "seed": NUMBER,
    "iteration": COUNT,
    "epoch": POSITIVE,
    "lr": NOT_NEGATIVE,
    "train_loss": NOT_NEGATIVE,
    "train_error": PERCENT,
    "test_error": PERCENT,
    "seconds": NOT_NEGATIVE,
    "images_per_second": NOT_NEGATIVE,
}
METRICS = ("net", *METRICS_OF)
GRADIENTS_OF = {"seed": NUMBER, "iteration": NUMBER, "depth": COUNT}  # norms may be infinite
GRADIENTS = ("net", "seed", "iteration", "layer", "depth", "gradient_norm", "weight_norm", "ratio")
TEXT = ("net", "layer")  # columns that hold words; all others hold numbers
FIRST_STEPS = 10  # gradients are recorded at each of these, then
REGULAR_RECORDS = 20  # this many times in the rest of the run


class TrainingRecords:
    """The nets trained into the folder of a run.

    Writes ``metrics.csv`` (a row for each epoch), ``gradients.csv``, and the nets' checkpoints.

    Parameters
    ----------
    folder : RunFolder
    progress : bool
    """

    def __init__(self, folder: RunFolder, progress: bool = True) -> None:
        self.folder, self.progress = folder, progress
        self.metrics = folder.table("metrics", METRICS, TEXT)
        self.gradients = folder.table("gradients", GRADIENTS, TEXT)

    def train(
        self,
        net: str,
        model: Module,
        train_set: Any,
        test_set: Any,
        config: RunConfig,
        *,
        worth_recording: Callable[[int, int], bool] | None = None,
        weights: Path | None = None,
        callbacks: Sequence[Any] = (),
    ) -> Trainer:
        """Train a net, or go on where an interrupted run left it; a finished one is only loaded.

        Parameters
        ----------
        net : str
            What it is called in the tables.
        model : nn.Module
            With its initial weights.
        train_set, test_set : ImageDataset or another data set
        config : RunConfig
        worth_recording : callable, optional
            ``worth_recording(iteration, iterations)``: whether gradients are recorded there. By
            default in each of the first steps and twenty times after (`regularly`).
        weights : Path, optional
            A folder: the net's weights are kept there as they were after each epoch, in files
            named by the iteration (`weights_after`).
        callbacks : list of Callback
            Further ones for the `Trainer`.

        Returns
        -------
        Trainer
            With the trained model.
        """
        seed = config.seed
        recorders = [
            _MetricsRecorder(self.metrics, net, seed),
            _GradientRecorder(self.gradients, net, seed, worth_recording or regularly),
        ]
        if weights is not None:
            recorders.append(_WeightsRecorder(weights))
        trainer = Trainer(
            model,
            train_set,
            test_set,
            config,
            name=f"{net}, seed {seed}",
            path=self.folder.checkpoint(net, seed),
            progress=self.progress,
            callbacks=[*recorders, *callbacks],
        )
        worth_recording = worth_recording or regularly
        self._go_on(trainer, net, seed, worth_recording)
        if not trainer.finished:
            trainer.run()
            self._restore_metrics(trainer, net, seed)  # if someone has changed them meanwhile
        return trainer

    def _go_on(self, trainer, net, seed, worth_recording):
        """Load the net's checkpoint, if there is one, and drop its rows from beyond it."""
        if trainer.path.exists():
            try:
                trainer.load(trainer.path)
            except CheckpointError as error:
                raise CheckpointError(f"resuming {net}, seed {seed}", str(error)) from None
        done = trainer.iteration

        def other(row):
            return (row["net"], row["seed"]) != (net, seed)

        self._restore_metrics(trainer, net, seed)
        # The gradients at `done` come with the next step.
        self.gradients.keep(lambda row: other(row) or row["iteration"] < done)
        steps = {row["iteration"] for row in self.gradients.rows() if not other(row)}
        expected = {i for i in range(done) if worth_recording(i, trainer.config.iterations)}
        if expected - steps:
            say(
                f"{self.gradients.path}: of {net}, seed {seed}, the gradients of "
                f"{len(expected - steps)} of {len(expected)} recorded steps are missing; they "
                "cannot be made again"
            )

    def _restore_metrics(self, trainer, net, seed):
        """Make the net's rows of metrics those of its checkpoint, and say so if any were lost."""
        rows, history = self.metrics.rows(), trainer.history
        places = [i for i, row in enumerate(rows) if (row["net"], row["seed"]) == (net, seed)]
        own = [rows[i] for i in places]
        if all(set(METRICS[2:]) <= row.keys() for row in history):
            right = [{"net": net, "seed": seed, **row} for row in history]
        else:  # a checkpoint of an early version
            right = [row for row in own if row["iteration"] <= trainer.iteration]
        done = right[-1]["iteration"] if right else 0
        before = self.metrics.lines(row for row in own if row["iteration"] <= done)
        if before != self.metrics.lines(right):
            say(
                f"{self.metrics.path}: rows of {net}, seed {seed}, were missing or changed; they "
                "are put back from its checkpoint"
            )
        place = places[0] if places else len(rows)
        others = [row for i, row in enumerate(rows) if i not in set(places)]
        self.metrics.replace([*others[:place], *right, *others[place:]])


def say(note: str) -> None:
    """Print a note to the person who runs this, beside results and progress."""
    print(f"note: {note}", file=sys.stderr, flush=True)


class _MetricsRecorder(Callback):
    """A row of metrics for each epoch."""

    def __init__(self, table, net, seed):
        self.table, self.net, self.seed = table, net, seed

    def after_epoch(self, trainer, row):
        self.table.append([{"net": self.net, "seed": self.seed, **row}])


class _GradientRecorder(Callback):
    """The gradient norms of all layers, at the iterations worth recording."""

    def __init__(self, table, net, seed, worth_recording):
        self.table, self.net, self.seed = table, net, seed
        self.worth_recording = worth_recording

    def after_backward(self, trainer):
        if self.worth_recording(trainer.iteration, trainer.config.iterations):
            where = {"net": self.net, "seed": self.seed, "iteration": trainer.iteration}
            self.table.append(
                {**where, **layer._asdict()} for layer in gradient_norms(trainer.model)
            )


class _WeightsRecorder(Callback):
    """The weights after each epoch, a file for each."""

    def __init__(self, folder):
        self.folder = folder

    def after_epoch(self, trainer, row):
        make_folder(self.folder)
        save(trainer.model, weights_after(self.folder, trainer.iteration))


def weights_after(folder: Path, iteration: int) -> Path:
    """The file in a folder of weights that holds those after `iteration` steps."""
    return folder / f"{iteration}.safetensors"


def regularly(iteration: int, iterations: int) -> bool:
    """In each of the first steps, then twenty times."""
    return iteration <= FIRST_STEPS or iteration % max(1, iterations // REGULAR_RECORDS) == 0


def finished_tables(folder: PathLike) -> list[list[dict[str, Any]]]:
    """The rows of ``metrics.csv`` and ``gradients.csv`` in a run's folder.

    Raises
    ------
    DataError
        If a table is missing, damaged or empty, or has numbers in it that no run writes.
    """
    folder, rows = Path(folder), []
    tables = {"metrics.csv": (METRICS, METRICS_OF), "gradients.csv": (GRADIENTS, GRADIENTS_OF)}
    for name, (columns, kinds) in tables.items():
        rows.append(read_table(folder / name, columns, TEXT))
        for row in rows[-1]:
            for column, kind in kinds.items():
                if not kind.accepts(row[column]):
                    where = f"{folder / name}, {row['net']}, iteration {row['iteration']}"
                    got = f"{row[column]}"
                    raise DataError(where, column, kind.words, got, "--resume puts metrics right")
    if not all(rows):
        raise DataError(
            str(folder),
            "nothing to show yet",
            "at least one finished epoch",
            "empty tables",
            "let the run go on, by --resume",
        )
    return rows


def drops_in_epochs(
    config: Mapping[str, Any], iterations: float, batches_per_epoch: float, last: float
) -> list[float]:
    """The epochs before `last` at which the learning rate was divided by 10.

    Parameters
    ----------
    config : dict
        The settings in a ``config.json``; old ones lack some.
    iterations, batches_per_epoch : int
    last : float
        The last epoch in the records.
    """
    if config.get("schedule", "steps") != "steps":
        return []
    milestones = config.get("milestones")
    if milestones is None:
        milestones = [drop * iterations for drop in config["drops"]]
    epochs = [milestone / batches_per_epoch for milestone in milestones]
    return [epoch for epoch in epochs if epoch < last]
