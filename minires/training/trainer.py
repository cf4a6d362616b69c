"""The training loop: forward, backward, step, and what a run of hours needs around them.

A run can be stopped at any moment and resumed to the same bits; see `checkpoint`.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import backend
from ..autograd import Tensor, no_grad
from ..data import EvalLoader
from ..data.batches import AnyDataset
from ..data.loader import check_dataset
from ..distributed import World, alone
from ..distributed.cutting import number_of_shards
from ..errors import ConfigError
from ..names import expanded
from ..nn import Module
from ..optim import clip_grad_norm
from ..types import PathLike
from . import agreement, checkpoint
from .callbacks import check_callbacks
from .class_weights import with_class_weights
from .config import RunConfig
from .divergence import diverged
from .early_stopping import EarlyStopping
from .from_config import gradients_for, loader_for, optimizer_for, schedule_for
from .gpu_memory import gpu_failed, out_of_memory
from .interrupt import Interrupt, Interrupted, interrupts_deferred
from .progress import Progress
from .whole_batch import count_wrong

EVALUATION_BATCH = 500


class Trainer:
    """Trains one net.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, C) to logits (N, K). It brings its own initial weights, and is moved
        to the device of the run.
    train_set, test_set : ImageDataset, PhotographDataset or another Dataset
        What a data set must have is in `data.datasets.protocol.Dataset`.
    config : RunConfig
        How to train. Its `seed` decides the order of the images and their crops and flips. A
        checkpoint written on one device can be resumed on the other.
    path : str or Path, optional
        Where the checkpoint is kept: written at the start, after every epoch, and when the run is
        interrupted.
    name : str
        What the net is called in the progress line and in errors.
    val_set : data set, optional
        With ``config.patience``: the set whose error decides when to stop, of images that are in
        neither of the other two (`data.parts.validation_part`).
    callbacks : list of Callback
        Called while the net trains.
    progress : bool
        Show a progress bar (on a terminal) or a line for each epoch (elsewhere).
    world : distributed.World, optional
        The processes that train this net together (`distributed.join`), each with a Trainer of the
        same arguments. Callbacks, the checkpoint and the progress bar are those of rank 0 alone.
        Callbacks must leave the weights as they are.

    Attributes
    ----------
    config : RunConfig
        In plain numbers for this training set (`RunConfig.resolve`).
    iteration : int
        Steps made so far.
    history : list of dict
        A row for each epoch: iteration, epoch, lr, train_loss (nats), train_error and test_error
        (percent), seconds (so far) and images_per_second (of training, this epoch). train_loss and
        train_error are averages over the epoch's batches as they came: augmented, in training mode,
        while the weights moved.
    train_loader, test_loader : DataLoader, EvalLoader
    early_stopping : EarlyStopping or None
        With ``config.patience``: the validation errors so far. At the end the net has the weights
        of the best epoch.

    Raises
    ------
    ConfigError
        For settings that do not suit the data, patience without a `val_set`, or callbacks that have
        none of a callback's methods; if ranks have other settings, weights or data than rank 0, or
        are too many for a batch.
    """

    def __init__(
        self,
        model: Module,
        train_set: AnyDataset,
        test_set: AnyDataset,
        config: RunConfig,
        *,
        path: PathLike | None = None,
        name: str = "net",
        callbacks: Sequence[Any] = (),
        progress: bool = True,
        world: World | None = None,
        val_set: AnyDataset | None = None,
    ) -> None:
        if not isinstance(config, RunConfig):
            raise ConfigError("Trainer", "config", "a RunConfig", f"a {type(config).__name__}")
        if config.warmup_from_depth is not None:
            raise ConfigError(
                "Trainer",
                "warmup_from_depth",
                "a config for a net of a known depth",
                str(config.warmup_from_depth),
                "give it config.for_depth(depth)",
            )
        if (config.patience is None) != (val_set is None):
            raise ConfigError(
                "Trainer",
                "patience and val_set",
                "both or neither",
                f"patience {config.patience} and {'no' if val_set is None else 'a'} val_set",
                "data.parts.validation_part takes one from the training set",
            )
        for one, which in ((train_set, "train_set"), (test_set, "test_set")):
            check_dataset(one, f"Trainer: {which}")
        self.world = world = alone() if world is None else world
        shards = number_of_shards(config.shards, world)
        config = replace(config, shards=None if shards == 1 else shards)
        config = with_class_weights(config, train_set)
        self.config = config = config.resolve(len(train_set))
        self.model, self.device, self.name = model.to(config.device), config.device, name
        self.path = path = None if path is None else expanded(path)
        agreement.check_same_start(world, model, train_set, test_set, config)
        self._batch = gradients_for(model, config, world)
        self.train_loader = loader_for(train_set, config)
        self.train_loader.part = self._batch.part
        self.test_loader = self.train_loader.eval_loader(test_set, EVALUATION_BATCH)
        self.early_stopping: EarlyStopping | None = None
        if val_set is not None and config.patience is not None:
            self.early_stopping = EarlyStopping(config.patience)
            self.val_loader = self.train_loader.eval_loader(val_set, EVALUATION_BATCH)
        self.optimizer = optimizer_for(model, config)
        self.schedule = schedule_for(config, self.optimizer)
        self.callbacks = check_callbacks(callbacks)
        if path is not None:
            self.callbacks.append(checkpoint.Checkpoint(path))
        if progress:
            self.callbacks.append(Progress())
        if world.rank:
            self.callbacks = []
        self.iteration = 0
        self.history: list[dict[str, Any]] = []
        self.saved_iteration: int | None = None
        self.epoch_sums = {"loss": 0.0, "wrong": 0, "images": 0, "seconds": 0.0}
        self.seconds_before = 0.0  # of earlier sittings of this run
        self._started: float | None = None
        self._interrupt = Interrupt()
        self._stop_agreed = False  # Ctrl-C on any rank, once all know of it

    @property
    def finished(self) -> bool:
        """Whether all iterations are done, or patience is at its end, and the last epoch is in the
        history.
        """
        assert self.config.iterations is not None  # resolved
        stopped = self.early_stopping is not None and self.early_stopping.stopped
        done = stopped or self.iteration >= self.config.iterations
        return done and not self._epoch_is_over()

    def run(self) -> list[dict[str, Any]]:
        """Train to the end and return the history.

        Raises
        ------
        DivergenceError
            If the loss is not finite: says at which iteration and learning rate, and where in the
            net it began. The checkpoint stays that of the last epoch that ended well.
        DeviceError
            If the GPU's memory is too small (says which batch would fit), or the GPU fails. The
            checkpoint stays whole.
        KeyboardInterrupt
            On Ctrl-C, after the iteration in hand is finished and the checkpoint written. A second
            Ctrl-C stops at once, and what came after the last checkpoint is not saved
            (`interrupt.StoppedAtOnce`).
        """
        memory_is_full = False
        with interrupts_deferred() as self._interrupt:
            self._started = time.perf_counter()
            self._batch = gradients_for(self.model, self.config, self.world)  # of today's net
            try:
                self._call("before_training")
                while not self.finished:
                    if self._epoch_is_over():
                        self._end_epoch()
                    else:
                        self._step()
                    self._check_interrupt()
                self._restore_best()
            except Interrupted:
                self._call("on_interrupt")
                self.world.gather("stopped")  # nobody ends before rank 0 has saved
                raise KeyboardInterrupt from None
            except backend.out_of_memory_errors():
                memory_is_full = True  # while an exception is handled, its arrays stay
            except backend.gpu_errors() as error:
                raise gpu_failed(self, error) from error
            finally:
                self._call("after_training")
                self.seconds_before, self._started = self.seconds(), None
                self._interrupt, self._stop_agreed = Interrupt(), False  # those of this run
        if memory_is_full:
            raise out_of_memory(self)
        return self.history

    def _step(self):
        """One batch: forward, backward, and a step of the optimiser."""
        started = time.perf_counter()
        images, labels = next(self.train_loader)
        value, wrong, self._stop_agreed = self._batch.gradients(
            images, labels, self._interrupt.requested
        )
        if not np.isfinite(value):
            raise diverged(self, value, images)
        self._call("after_backward")
        self.move_weights()
        self.schedule.step()
        self.iteration += 1
        self._add_to_epoch(value, wrong, self.config.batch_size, time.perf_counter() - started)
        self._call("after_step")

    def move_weights(self) -> None:
        """Scale the gradients down to `clip_norm`, if there is one, and move the weights."""
        if self.config.clip_norm is not None:
            clip_grad_norm(self.optimizer.params, self.config.clip_norm)
        self.optimizer.step()

    def _check_interrupt(self):
        """Stop between two steps if asked to. Several ranks stop once all of them know of it."""
        if self.world.size == 1:
            self._interrupt.check()
        elif self._stop_agreed:
            raise Interrupted

    def _add_to_epoch(self, loss, wrong, images, seconds):
        self.epoch_sums["loss"] += loss * images
        self.epoch_sums["wrong"] += wrong
        self.epoch_sums["images"] += images
        self.epoch_sums["seconds"] += seconds

    def _epoch_is_over(self):
        """Whether an epoch's batches, or all iterations, are done, and its row is still missing."""
        at_end = (
            self.iteration % self.train_loader.batches_per_epoch == 0
            or self.iteration >= self.config.iterations
        )
        return at_end and self.epoch_sums["images"] > 0

    def _end_epoch(self):
        """Evaluate, and add a row to the history."""
        test_error, sums, val_error = self.evaluate(), self.epoch_sums, None
        if self.early_stopping is not None:
            self._check_interrupt()  # on all ranks or on none, before they share the next batches
            val_error = self.evaluate(self.val_loader)
        agreement.check_same_weights(self.world, self.model, self.iteration)
        row = {
            "iteration": self.iteration,
            "epoch": self.iteration / self.train_loader.batches_per_epoch,
            "lr": self.schedule.lr_at(self.iteration - 1),
            "train_loss": sums["loss"] / sums["images"],
            "train_error": 100 * sums["wrong"] / sums["images"],
            "test_error": test_error,
            "seconds": self.seconds(),
            "images_per_second": sums["images"] / sums["seconds"],
        }
        self.history.append(row)
        if self.early_stopping is not None:
            where = {name: row[name] for name in ("iteration", "epoch")}
            self.early_stopping.add({**where, "val_error": val_error}, self.model)
        self.epoch_sums = dict.fromkeys(sums, 0)
        self._call("after_epoch", row)

    def _restore_best(self):
        """Once the run is over: go back to the weights of the best epoch."""
        if self.early_stopping is not None and self.finished:
            self.early_stopping.restore(self.model)

    def evaluate(self, loader: EvalLoader | None = None) -> float:
        """The error on the test set, in percent, in evaluation mode, one view of each image; or on
        the images of another loader.

        Each of several ranks takes every so many batches. As these are the same for any number of
        ranks, so is the error.
        """
        self.model.eval()
        wrong, world, loader = 0, self.world, loader or self.test_loader
        with no_grad():
            for images, labels in loader.every(world.size, world.rank):
                wrong += count_wrong(self.model(Tensor(images)), labels)
                self._check_interrupt()
        found = world.gather((wrong, self._interrupt.requested))
        self._stop_agreed = any(requested for _, requested in found)
        return 100 * sum(wrong for wrong, _ in found) / len(loader.dataset)

    def seconds(self) -> float:
        """How long `run` has taken so far, earlier calls of it included."""
        return self.seconds_before + (time.perf_counter() - self._started if self._started else 0.0)

    def save(self, path: PathLike) -> None:
        """Write everything this run needs to go on to a checkpoint file."""
        checkpoint.write(self, expanded(path))
        self.saved_iteration = self.iteration

    def load(self, path: PathLike) -> None:
        """Go on where the run that wrote `path` stood.

        Raises
        ------
        CheckpointError
            If the file is damaged or edited, or of a run with other settings, another net or data
            set: names what differs. Then nothing has been changed.
        """
        checkpoint.read(self, expanded(path))
        self._restore_best()
        self.saved_iteration = self.iteration

    def _call(self, event, *arguments):
        """Call this method of all callbacks that have it."""
        for callback in self.callbacks:
            method = getattr(callback, event, None)
            if method is not None:
                method(self, *arguments)
