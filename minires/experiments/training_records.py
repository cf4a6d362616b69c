"""Training nets and writing down how it went: what all experiments that train share."""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..diagnostics import gradient_norms, measured_updates, weights_of
from ..distributed import World, alone
from ..errors import CheckpointError, DataError
from ..nn import Module
from ..serialization.weights import save
from ..training.callbacks import Callback
from ..training.config import RunConfig
from ..training.kinds import COUNT, NOT_NEGATIVE, NUMBER, PERCENT, POSITIVE, Kind
from ..training.trainer import Trainer
from ..types import PathLike, Row
from .records import RunFolder, make_folder, read_table
from .validation_records import ValidationRecorder

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
UPDATES_OF = GRADIENTS_OF  # runs of early versions have no table of updates
UPDATES = ("net", "seed", "iteration", "layer", "depth", "update_norm", "update_ratio")
TEXT = ("net", "layer")  # columns that hold words; all others hold numbers
FIRST_STEPS = 10  # gradients are recorded at each of these, then
REGULAR_RECORDS = 20  # this many times in the rest of the run


class TrainingRecords:
    """The nets trained into the folder of a run.

    Writes ``metrics.csv`` (a row for each epoch), ``gradients.csv`` and ``updates.csv`` (a row for
    each layer and recorded step: before the step, and how far it went), and the nets' checkpoints.

    Parameters
    ----------
    folder : RunFolder
    progress : bool
    world : distributed.World, optional
        The processes that train together: this is rank 0, the others `take_part`.
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
        val_set : data set, optional
            With patience: what decides when to stop. Writes ``validation.csv``.

        Returns
        -------
        Trainer
            With the trained model.
        """
        seed = config.seed
        recorders = [
            _MetricsRecorder(self.metrics, net, seed),
            _GradientRecorder(self.gradients, net, seed, worth_recording or regularly),
            _UpdateRecorder(self.updates, net, seed, worth_recording or regularly),
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
        worth_recording = worth_recording or regularly
        self._go_on(trainer, net, seed, worth_recording)
        if not trainer.finished:
            trainer.run()
            self._restore_metrics(trainer, net, seed)  # if someone has changed them meanwhile
        return trainer

    def _go_on(self, trainer, net, seed, worth_recording):
        """Load the net's checkpoint, if there is one, and drop its rows from beyond it."""
        if self.world.share(trainer.path.exists()):
            try:
                trainer.load(trainer.path)
            except CheckpointError as error:
                raise CheckpointError(f"resuming {net}, seed {seed}", str(error)) from None
        done = trainer.iteration

        def other(row):
            return (row["net"], row["seed"]) != (net, seed)

        self._restore_metrics(trainer, net, seed)
        # The gradients at `done` come with the next step.
        for table in (self.gradients, self.updates):
            table.keep(lambda row: other(row) or row["iteration"] < done)
        found = Counter(row["iteration"] for row in self.gradients.rows() if not other(row))
        layers = max(found.values(), default=0)
        expected = [i for i in range(done) if worth_recording(i, trainer.config.iterations)]
        missing = sum(found[i] < max(1, layers) for i in expected)
        if missing:
            say(
                f"{self.gradients.path}: of {net}, seed {seed}, the gradients of {missing} of "
                f"{len(expected)} recorded steps are missing; they cannot be made again"
            )

    def _restore_metrics(self, trainer, net, seed):
        """Make the net's rows of metrics those of its checkpoint, and say so if any were lost."""
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
                "are put back from its checkpoint"
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
    """Train with rank 0, which keeps the records (`TrainingRecords.train`), as another rank.

    Parameters as there.
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
    if world.share(False):  # what rank 0 says: whether there is a checkpoint
        trainer.load("the checkpoint of rank 0")
    if not trainer.finished:
        trainer.run()


def say(note: str) -> None:
    """Print a note to the person who runs this, beside results and progress."""
    with suppress(OSError, ValueError):  # a closed one is no reason to end a run
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


class _UpdateRecorder(Callback):
    """How far the steps worth recording moved the weights of all layers."""

    def __init__(self, table, net, seed, worth_recording):
        self.table, self.net, self.seed = table, net, seed
        self.worth_recording = worth_recording
        self.before = None  # the weights, while a recorded step is made

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


def finished_tables(
    folder: PathLike, trained: Collection[tuple[str, int]]
) -> list[list[dict[str, Any]]]:
    """The rows of ``metrics.csv`` and ``gradients.csv`` in a run's folder, in the order in which
    they were recorded.

    Parameters
    ----------
    folder : str or Path
    trained : list of (str, int)
        The nets and seeds of the run: the tables may hold no others.

    Raises
    ------
    DataError
        If a table is missing, damaged or empty, or has something in it that no run writes.
    """
    folder = Path(folder)
    rows = [
        checked_rows(folder / "metrics.csv", METRICS, METRICS_OF, trained),
        checked_rows(folder / "gradients.csv", GRADIENTS, GRADIENTS_OF, trained),
    ]
    check_once(folder / "metrics.csv", rows[0])
    if not all(rows):
        raise nothing_to_show(folder, "at least one finished epoch")
    return rows


def update_rows(folder: PathLike, trained: Collection[tuple[str, int]]) -> list[Row]:
    """The rows of ``updates.csv`` in a run's folder; none if it is of an early version.

    Raises DataError as `finished_tables`.
    """
    path = Path(folder) / "updates.csv"
    return checked_rows(path, UPDATES, UPDATES_OF, trained) if path.exists() else []


def check_once(path: Path, metrics: Sequence[Row]) -> None:
    """Raise DataError if a row of ``metrics.csv`` at `path` is there twice."""
    for row, following in zip(metrics, metrics[1:]):
        if [row[name] for name in METRICS[:3]] == [following[name] for name in METRICS[:3]]:
            where = f"{path}, {row['net']}, iteration {row['iteration']}"
            raise DataError(where, "there twice", todo="--resume puts the table right")


def nothing_to_show(folder: PathLike, expected: str) -> DataError:
    """The error for a run that has not come far enough."""
    todo = "let the run go on, by --resume"
    return DataError(str(folder), "nothing to show yet", expected, "empty tables", todo)


def checked_rows(
    path: Path,
    columns: Sequence[str],
    kinds: Mapping[str, Kind],
    trained: Collection[tuple[str, int]],
) -> list[Row]:
    """The rows of a table, in the order of nets, steps and layers, if a run of the nets and seeds
    `trained` has written them; `kinds` says what the columns hold. Raises DataError otherwise.
    """
    rows = read_table(path, columns, TEXT)
    places: dict[tuple[str, int], int] = {}
    for row in rows:
        where = f"{path}, {row['net']}, iteration {row['iteration']}"
        for column, kind in kinds.items():
            if not kind.accepts(row[column]):
                todo = "mend it or take the line out; --resume puts metrics right"
                raise DataError(where, column, kind.words, str(row[column]), todo)
        place = row["net"], row["seed"]
        if place not in trained:
            expected = ", ".join(f"{net} seed {seed}" for net, seed in trained)
            got = f"{row['net']!r} seed {row['seed']}"
            raise DataError(str(path), "a row of another net", expected, got, "take the line out")
        places.setdefault(place, len(places))
    return sorted(
        rows,
        key=lambda row: (places[row["net"], row["seed"]], row["iteration"], row.get("depth", 0)),
    )


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
