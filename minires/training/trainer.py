"""The training loop: forward, backward, step, and what a run of hours needs around them.

A run can be stopped at any moment and resumed to the same bits: a checkpoint holds the weights, batch norm's
running statistics, the velocities, the place in the schedule, the random streams (of batches, and of the net if it
has any), the order of the current epoch's images, the sums of that epoch so far, and the history.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .. import backend
from ..serialization import safetensors
from .. import functional as F
from ..errors import CheckpointError, ConfigError, DeviceError, DivergenceError, unknown_name
from .interrupt import Interrupt, Interrupted, interrupts_deferred
from ..optim import SGD, CosineLR, MultiStepLR, clip_grad_norm, parameter_groups
from ..random import stream
from ..autograd import Tensor, no_grad


EVALUATION_BATCH = 500
SCHEDULES = ("steps", "cosine")


@dataclass(frozen=True)
class Recipe:
    """How a net is trained. The defaults are those of He et al. 2015, section 4.2."""

    iterations: int = 64_000
    batch_size: int = 128
    lr: float = 0.1
    schedule: str = "steps"                   # "steps", or "cosine": from lr to 0 along half a cosine
    milestones: tuple = (32_000, 48_000)      # iterations at which "steps" divides lr by 10
    warmup: int = 0                           # iterations over which lr rises from a tenth to the whole
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4
    decay_batch_norm: bool = True             # the paper decays all parameters alike
    scalar_lr_scale: float = 1.0              # times lr, for parameters that are a single number: Fixup's authors take 0.1
    clip_norm: float | None = None            # scale gradients down to this common norm
    label_smoothing: float = 0.0              # the part of the target that all classes share (Szegedy et al. 2016, arXiv:1512.00567)
    crop_padding: int = 4                     # pixels of zeros around an image before a random crop
    crop_scale: float | None = None           # photographs: the smallest part of the area that a random crop of them covers
    flip: bool = True                         # mirror half of the images


class Trainer:
    """Trains one net by one recipe.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, C) to logits (N, K).
    train_set, test_set : ImageDataset, or another set with ``training_batches``
    recipe : Recipe
    seed : int
        For the order of the images and their augmentation. The model brings its own initial weights.
    device : {"cpu", "gpu"}
        Where to train. The model is moved there, and the images of both sets are copied there once. A checkpoint written
        on one device can be resumed on the other.
    path : str or Path, optional
        Where the checkpoint is kept: written at the start, after every epoch, and when the run is interrupted.
    name : str
        What the net is called in the progress line and in errors.
    after_backward : callable, optional
        Called as ``after_backward(trainer)`` in every iteration, when gradients are there and weights not yet moved:
        ``trainer.iteration`` steps have been made.
    after_step : callable, optional
        Called as ``after_step(trainer)`` in every iteration, when the weights have been moved; this step is counted already.
    after_epoch : callable, optional
        Called as ``after_epoch(trainer, row)`` with each new row of the history.
    progress : bool
        Show a progress bar (on a terminal) or a line an epoch (elsewhere).

    Attributes
    ----------
    iteration : int
        Steps made so far.
    history : list of dict
        A row for each epoch: iteration, epoch, lr, train_loss (nats), train_error and test_error (percent), seconds
        (so far) and images_per_second (of training, this epoch). train_loss and train_error are averages over the
        epoch's batches as they were met: augmented, in training mode, while the weights moved.
    """

    def __init__(self, model, train_set, test_set, recipe, seed=0, path=None, name="net", after_backward=None,
                 after_step=None, after_epoch=None, progress=True, device="cpu"):
        if recipe.iterations < 1:
            raise ConfigError("Trainer", "iterations", "at least 1", str(recipe.iterations))
        self.model, self.device, self.recipe, self.seed, self.name = model.to(device), device, recipe, seed, name
        self.path = Path(path) if path is not None else None
        self.after_backward, self.after_step, self.after_epoch, self.progress = after_backward, after_step, after_epoch, progress
        self.batches = train_set.training_batches(recipe, stream(seed, "order of images"), stream(seed, "augmentation"), device)
        self.test_batches = self.batches.evaluating(test_set, EVALUATION_BATCH)
        groups = parameter_groups(model, recipe.weight_decay, decay_batch_norm=recipe.decay_batch_norm,
                                  scalar_lr_scale=recipe.scalar_lr_scale)
        self.optimizer = SGD(groups, recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay,
                             nesterov=recipe.nesterov)
        self.schedule = _schedule(recipe, self.optimizer)
        self.iteration, self.history = 0, []
        self.epoch_sums = {"loss": 0.0, "wrong": 0, "images": 0, "seconds": 0.0}
        self.seconds_before = 0.0                 # of earlier sittings of this run
        self._saved = None                        # the iteration of the checkpoint
        self._started, self._interrupt = None, Interrupt()

    @property
    def finished(self):
        return self.iteration >= self.recipe.iterations and not self._epoch_is_over()

    def run(self):
        """Train to the end of the recipe and return the history.

        Raises
        ------
        DivergenceError
            If the loss is not finite: says at which iteration and learning rate, and where in the net it began. The
            checkpoint stays that of the last epoch that ended well.
        DeviceError
            If the GPU's memory is too small (says which batch would fit), or the GPU fails. The checkpoint stays whole.
        KeyboardInterrupt
            On Ctrl-C, after the iteration in hand is finished and the checkpoint written. A second Ctrl-C stops at once.
        """
        self._started = time.perf_counter()
        if self.path is not None and self.iteration == 0:
            self.save(self.path)
        out_of_memory = False
        with interrupts_deferred() as self._interrupt, self._progress_bar() as bar:
            try:
                while True:
                    if self._epoch_is_over():
                        self._end_epoch(bar)
                    if self.iteration >= self.recipe.iterations:
                        break
                    self._step()
                    self._show(bar)
                    self._interrupt.check()
            except Interrupted:
                if self.path is not None:
                    self.save(self.path)
                raise KeyboardInterrupt from None
            except backend.out_of_memory_errors():
                out_of_memory = True              # looked into below: while an exception is handled, its arrays stay in memory
            except backend.gpu_errors() as error:
                raise self._gpu_failed(error) from error
        if out_of_memory:
            raise self._batch_too_large()
        return self.history

    def _step(self):
        """One batch: forward, backward, and a step of the optimiser."""
        started = time.perf_counter()
        images, labels = self.batches.next()
        self.model.train()
        logits = self.model(Tensor(images))
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        value, wrong = loss.item(), _count_wrong(logits, labels)       # all that is waited for, if it is a GPU that computes
        if not np.isfinite(value):
            raise self._diverged(value, images)
        self.optimizer.zero_grad()
        loss.backward()
        if self.after_backward is not None:
            self.after_backward(self)
        if self.recipe.clip_norm is not None:
            clip_grad_norm(self.optimizer.params, self.recipe.clip_norm)
        self.optimizer.step()
        self.schedule.step()
        self.iteration += 1
        if self.after_step is not None:
            self.after_step(self)

        self.epoch_sums["loss"] += value * len(labels)
        self.epoch_sums["wrong"] += wrong
        self.epoch_sums["images"] += len(labels)
        self.epoch_sums["seconds"] += time.perf_counter() - started

    def _epoch_is_over(self):
        """An epoch's batches, or all iterations, are done, and its row is not yet written."""
        at_end = self.iteration % self.batches.batches_per_epoch == 0 or self.iteration >= self.recipe.iterations
        return at_end and self.epoch_sums["images"] > 0

    def _end_epoch(self, bar):
        sums = self.epoch_sums
        test_error = self.evaluate()
        row = {"iteration": self.iteration, "epoch": self.iteration / self.batches.batches_per_epoch,
               "lr": self.schedule.lr_at(self.iteration - 1), "train_loss": sums["loss"] / sums["images"],
               "train_error": 100 * sums["wrong"] / sums["images"], "test_error": test_error,
               "seconds": self._seconds(), "images_per_second": sums["images"] / sums["seconds"]}
        self.history.append(row)
        self.epoch_sums = dict.fromkeys(sums, 0)
        if self.after_epoch is not None:
            self.after_epoch(self, row)
        if self.path is not None:
            self.save(self.path)
        if self.progress and bar.disable:
            print(f"{self.name}: iteration {row['iteration']}/{self.recipe.iterations}, loss {row['train_loss']:.3f}, "
                  f"training error {row['train_error']:.1f} %, test error {test_error:.1f} %, {row['seconds']:.0f} s", flush=True)

    def evaluate(self):
        """The error on the test set, in percent, in evaluation mode, one view of each image."""
        self.model.eval()
        wrong = 0
        with no_grad():
            for images, labels in self.test_batches:
                wrong += _count_wrong(self.model(Tensor(images)), labels)
                self._interrupt.check()
        return 100 * wrong / len(self.test_batches.dataset)

    def save(self, path):
        """Write everything this run needs to go on to a checkpoint file."""
        batches = self.batches.state_dict()
        arrays = {f"model.{name}": array for name, array in self.model.state_dict().items()}
        arrays |= {f"velocity.{i}": velocity for i, velocity in enumerate(self.optimizer.velocities)}
        arrays["permutation"] = batches.pop("permutation")
        safetensors.write(path, arrays, {
            "recipe": asdict(self.recipe), "seed": self.seed, "iteration": self.iteration, "history": self.history,
            "epoch_sums": self.epoch_sums, "seconds": self._seconds(), "batches": batches,
            "schedule": self.schedule.state_dict(), "generators": self._generator_states()})
        self._saved = self.iteration

    def load(self, path):
        """Go on where the run that wrote `path` stood.

        Raises
        ------
        CheckpointError
            If the file is damaged, or of a run with another recipe, seed, net or data set: names what differs.
        """
        arrays, state = safetensors.read(path)
        try:
            saved = {**_plain(asdict(Recipe())), **state["recipe"], "seed": state["seed"]}       # one of old lacks settings that are new
            differences = [f"{key} {saved.get(key)} -> {value}" for key, value in _plain({**asdict(self.recipe), "seed": self.seed}).items()
                           if saved.get(key) != value]
            if differences:
                raise CheckpointError(str(path), "the run was started with other settings", "the same settings as before",
                                      ", ".join(differences), "resume with the settings it had, or start anew elsewhere")
            generators = state.get("generators", {})
            if generators.keys() != self._generator_states().keys():
                expected, got = (f"those of {', '.join(names)}" if names else "none" for names in (self._generator_states(), generators))
                raise CheckpointError(str(path), "random streams of the net", expected, got, "is it the same net, with or without stochastic depth?")
            self.model.load_state_dict({name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")})
            self.optimizer.load_state_dict({"lr": self.optimizer.lr,
                                            "velocities": [arrays[f"velocity.{i}"] for i in range(len(self.optimizer.velocities))]})
            self.batches.load_state_dict({**state["batches"], "permutation": arrays["permutation"]})
            self.schedule.load_state_dict(state["schedule"])
            for name, generator in self.model.named_generators():
                generator.bit_generator.state = generators[name]
            self.iteration, self.history, self.epoch_sums = state["iteration"], state["history"], state["epoch_sums"]
            self.seconds_before, self._saved = state["seconds"], state["iteration"]
        except (KeyError, TypeError) as error:
            raise CheckpointError(str(path), "not a checkpoint of a training run", "one written by Trainer.save",
                                  f"no usable {error}") from None

    def _generator_states(self):
        return {name: generator.bit_generator.state for name, generator in self.model.named_generators()}

    def _seconds(self):
        return self.seconds_before + (time.perf_counter() - self._started if self._started else 0.0)

    def _diverged(self, loss, images):
        return DivergenceError(self.name, f"the loss is {loss} at iteration {self.iteration}, learning rate {self.optimizer.lr:g}",
                               "a finite number", f"the first that is not comes from {first_nonfinite(self.model, images)}",
                               "lower lr, add a warm-up or clip the gradients")

    def _batch_too_large(self):
        """What to raise when the GPU's memory was too small: finds by trial which batch would fit."""
        evaluating = not self.model.training
        size = self.recipe.batch_size
        while size and not self._fits(size):
            size //= 2
        if evaluating:
            what, todo = f"evaluating {self.test_batches.batch_size} images at a time", "take a smaller net, or end what else uses the GPU"
        else:
            what = f"a batch of {self.recipe.batch_size} images"
            todo = f"take a batch of {size}, which fits" if size else "not even a single image fits: take a smaller net, or end what else uses the GPU"
        return DeviceError(self.name, f"the GPU's memory is too small for {what}", None,
                           f"{backend.free_memory() / 2 ** 30:.1f} GiB free when none is in use", todo)

    def _fits(self, size):
        """Whether there is memory for the forward and backward pass of so many images."""
        self.optimizer.zero_grad()
        backend.free_memory()
        self.model.eval()                         # takes as much memory, and leaves the running statistics alone
        try:
            images = backend.move(np.zeros((size, *self.test_batches.dataset.input_shape), np.float32), self.device)
            F.cross_entropy(self.model(Tensor(images)), np.zeros(size, int)).backward()
            return True
        except backend.out_of_memory_errors():
            return False

    def _gpu_failed(self, error):
        where = "no checkpoint was asked for" if self.path is None else \
            f"{self.path} still holds iteration {self._saved}: start again with --resume"
        return DeviceError(self.name, f"the GPU failed at iteration {self.iteration}", None, str(error), where)

    def _progress_bar(self):
        from tqdm import tqdm

        return tqdm(total=self.recipe.iterations, initial=self.iteration, desc=self.name, unit="it", dynamic_ncols=True,
                    disable=None if self.progress else True,        # None: only where there is a terminal
                    bar_format="{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} it, {elapsed} so far, {remaining} left{postfix}")

    def _show(self, bar):
        if not bar.disable:
            sums = self.epoch_sums
            bar.set_postfix_str(f"loss {sums['loss'] / sums['images']:.3f}, error {100 * sums['wrong'] / sums['images']:.1f} %, "
                                f"{sums['images'] / sums['seconds']:.0f} images/s", refresh=False)
            bar.update()


def _schedule(recipe, optimizer):
    if recipe.schedule not in SCHEDULES:
        raise unknown_name("Recipe", "schedule", recipe.schedule, SCHEDULES)
    if recipe.schedule == "cosine":
        return CosineLR(optimizer, recipe.iterations, warmup=recipe.warmup)
    return MultiStepLR(optimizer, recipe.milestones, warmup=recipe.warmup)


def _count_wrong(logits, labels):
    return int((backend.move(logits.data.argmax(axis=1), "cpu") != labels).sum())


def first_nonfinite(model, images):
    """Where numbers stop being finite: the first parameter, else the first layer's output, in the order of computing."""
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter.data).all():
            return f"the parameter {name}"
    found, handles = [], []
    for name, module in model.named_modules():
        def look(module, inputs, output, name=name):
            if not found and not np.isfinite(output.data).all():
                found.append(f"the output of {name or 'the net'} ({type(module).__name__})")
        handles.append(module.register_forward_hook(look))
    try:
        with no_grad(), np.errstate(all="ignore"):
            model(Tensor(images))
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else "the loss itself"


def _plain(settings):
    """Settings as JSON gives them back: tuples become lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()}
