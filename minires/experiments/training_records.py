"""Train a net and record the training: shared by all experiments that train nets."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..diagnostics import gradient_norms, measured_updates, weights_of
from ..distributed import World, alone
from ..errors import CheckpointError
from ..nn import Module
from ..serialization.weights import save
from ..training.callbacks import Callback
from ..training.config import RunConfig
from ..training.trainer import Trainer
from .records import RunFolder, make_folder
from .training_tables import GRADIENTS, METRICS, TEXT, UPDATES
from .validation_records import ValidationRecorder

FIRST_STEPS = 10  # gradients are recorded in each step up to this one,
REGULAR_RECORDS = 20  # and then about this many times in the rest of the run


class TrainingRecords:
    """Trains nets and records the trainings in the folder of a run.

    Writes ``metrics.csv`` (a row for each epoch), ``gradients.csv`` and ``updates.csv`` (a row for
    each layer and recorded step: the norms before the step, and the size of the step), and a
    checkpoint for each net.

    Parameters
    ----------
    folder : RunFolder
    progress : bool
    world : distributed.World, optional
        The processes that train together. This one is rank 0; the others call `take_part`.
    """

    def __init__(
        self, folder: RunFolder, progress: bool = True, world: World | None = None
    ) -> None:
        self.folder, self.progress, self.world = folder, progress, world or alone()
        self.metrics = folder.table("metrics", METRICS, TEXT)
        self.gradients = folder.table("gradients", GRADIENTS, TEXT)
        self.updates = folder.table("updates", UPDATES, TEXT)

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
        val_set: Any = None,
    ) -> Trainer:
        """Train a net, from the beginning or from its checkpoint; a finished net is only loaded.

        Parameters
        ----------
        net : str
            The name of the net in the tables.
        model : nn.Module
            With its initial weights.
        train_set, test_set : ImageDataset or another data set
        config : RunConfig
        worth_recording : callable, optional
            ``worth_recording(iteration, iterations)`` says whether to record gradients in this
            step. By default they are recorded `regularly`.
        weights : Path, optional
            A folder in which the net's weights after each epoch are kept: see `weights_after`.
        callbacks : list of Callback
            Additional callbacks for the `Trainer`.
        val_set : data set, optional
            For a config with patience, the data that decide when to stop. Writes
            ``validation.csv``.

        Returns
        -------
        Trainer
            With the trained model.

        Raises
        ------
        ConfigError, DataError, CheckpointError, DivergenceError
            If the settings do not suit the data, a table or the checkpoint is damaged or belongs to
            another training, a file cannot be written, or the training diverges.
        KeyboardInterrupt
            On Ctrl-C, after everything has been saved.
        """
        seed, worth_recording = config.seed, worth_recording or regularly
        recorders = [
            _MetricsRecorder(self.metrics, net, seed),
            _GradientRecorder(self.gradients, net, seed, worth_recording),
            _UpdateRecorder(self.updates, net, seed, worth_recording),
        ]
        if weights is not None:
            recorders.append(_WeightsRecorder(weights))
        if val_set is not None:
            recorders.append(ValidationRecorder(self.folder, net, seed))
        trainer = Trainer(
            model,
            train_set,
            test_set,
            config,
            name=f"{net}, seed {seed}",
            path=self.folder.checkpoint(net, seed),
            progress=self.progress,
            callbacks=[*recorders, *callbacks],
            world=self.world,
            val_set=val_set,
        )
        self._go_on(trainer, net, seed, worth_recording)
        if not trainer.finished:
            trainer.run()
            self._restore_metrics(trainer, net, seed)  # in case someone changed them meanwhile
        return trainer

    def _go_on(self, trainer, net, seed, worth_recording):
        """Load the net's checkpoint, if there is one, and drop its rows of later steps."""
        if self.world.share(trainer.path.exists()):
            try:
                trainer.load(trainer.path)
            except CheckpointError as error:
                raise CheckpointError(f"resuming {net}, seed {seed}", str(error)) from None
        done = trainer.iteration

        def other(row):
            return (row["net"], row["seed"]) != (net, seed)

        self._restore_metrics(trainer, net, seed)
        # The gradients of step `done` will be recorded again by the next step.
        for table in (self.gradients, self.updates):
            table.keep(lambda row: other(row) or row["iteration"] < done)
        found = Counter(row["iteration"] for row in self.gradients.rows() if not other(row))
        layers = max(found.values(), default=0)
        expected = [i for i in range(done) if worth_recording(i, trainer.config.iterations)]
        missing = sum(found[i] < max(1, layers) for i in expected)
        if missing:
            say(
                f"{self.gradients.path}: the gradients of {missing} of {len(expected)} recorded "
                f"steps of {net}, seed {seed}, are missing, and cannot be restored"
            )

    def _restore_metrics(self, trainer, net, seed):
        """Replace the net's rows of metrics by those in its checkpoint, and print a note if rows
        were missing or changed.
        """
        rows, history = self.metrics.rows(), trainer.history
        own = [row for row in rows if (row["net"], row["seed"]) == (net, seed)]
        others = [row for row in rows if (row["net"], row["seed"]) != (net, seed)]
        if all(set(METRICS[2:]) <= row.keys() for row in history):
            right = [{"net": net, "seed": seed, **row} for row in history]
        else:  # a checkpoint of an early version
            right = [row for row in own if row["iteration"] <= trainer.iteration]
        done = right[-1]["iteration"] if right else 0
        before = self.metrics.lines(row for row in own if row["iteration"] <= done)
        if before != self.metrics.lines(right):
            say(
                f"{self.metrics.path}: rows of {net}, seed {seed}, were missing or changed; they "
                "are restored from its checkpoint"
            )
        place = rows.index(own[0]) if own else len(rows)
        self.metrics.replace([*others[:place], *right, *others[place:]])


def take_part(
    world: World,
    net: str,
    model: Module,
    train_set: Any,
    test_set: Any,
    config: RunConfig,
    val_set: Any = None,
) -> None:
    """Train together with rank 0, as another rank. Rank 0 calls `TrainingRecords.train`, with the
    same arguments, and keeps the records.
    """
    trainer = Trainer(
        model,
        train_set,
        test_set,
        config,
        name=f"{net}, seed {config.seed}",
        progress=False,
        world=world,
        val_set=val_set,
    )
    if world.share(False):  # rank 0 shares whether there is a checkpoint
        trainer.load("the checkpoint of rank 0")
    if not trainer.finished:
        trainer.run()


def say(note: str) -> None:
    """Print a note on stderr."""
    with suppress(OSError, ValueError):  # a closed stderr is no reason to end a run
        print(f"note: {note}", file=sys.stderr, flush=True)


class _MetricsRecorder(Callback):
    """Records a row of metrics after each epoch."""

    def __init__(self, table, net, seed):
        self.table, self.net, self.seed = table, net, seed

    def after_epoch(self, trainer, row):
        self.table.append([{"net": self.net, "seed": self.seed, **row}])


class _GradientRecorder(Callback):
    """Records the gradient norms of all layers, in the steps that are worth recording."""

    def __init__(self, table, net, seed, worth_recording):
        self.table, self.net, self.seed = table, net, seed
        self.worth_recording = worth_recording

    def after_backward(self, trainer):
        if self.worth_recording(trainer.iteration, trainer.config.iterations):
            where = {"net": self.net, "seed": self.seed, "iteration": trainer.iteration}
            self.table.append(
                {**where, **layer._asdict()} for layer in gradient_norms(trainer.model)
            )


class _UpdateRecorder(Callback):
    """Records how far a step moved the weights of each layer, in the steps worth recording."""

    def __init__(self, table, net, seed, worth_recording):
        self.table, self.net, self.seed = table, net, seed
        self.worth_recording = worth_recording
        self.before = None  # the weights before a step that is recorded

    def after_backward(self, trainer):
        if self.worth_recording(trainer.iteration, trainer.config.iterations):
            self.before = weights_of(trainer.model)

    def after_step(self, trainer):
        if self.before is not None:
            where = {"net": self.net, "seed": self.seed, "iteration": trainer.iteration - 1}
            self.table.append(
                {**where, **layer._asdict()}
                for layer in measured_updates(trainer.model, self.before)
            )
            self.before = None


class _WeightsRecorder(Callback):
    """Saves the weights after each epoch, each time in a new file."""

    def __init__(self, folder):
        self.folder = folder

    def after_epoch(self, trainer, row):
        make_folder(self.folder)
        save(trainer.model, weights_after(self.folder, trainer.iteration))


def weights_after(folder: Path, iteration: int) -> Path:
    """The file for the weights after `iteration` steps, in a folder of weights."""
    return folder / f"{iteration}.safetensors"


def regularly(iteration: int, iterations: int) -> bool:
    """Whether to record gradients at this iteration: in each of the first `FIRST_STEPS`, then about
    `REGULAR_RECORDS` times in the run.
    """
    return iteration <= FIRST_STEPS or iteration % max(1, iterations // REGULAR_RECORDS) == 0
