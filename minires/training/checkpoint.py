"""Checkpoints: everything that a run needs to go on to the same bits, in one safetensors file.

model.NAME      weights, and batch norm's running statistics
velocity.0 ...  the optimiser's velocities, in the order of the parameters
permutation     the order of the current epoch's images
best.NAME       with patience: the weights after the epoch of the lowest validation error
state           JSON: the recipe and the seed, the net's settings, the iteration, the history, the
                sums of this epoch so far, the place in the schedule, the random streams (of
                batches, and of the net if it has any), with patience the validation errors, and a
                digest of all this and the arrays
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import is_number
from ..errors import LONGEST_NAME, CheckpointError, DtypeError, ShapeError
from ..names import shown
from ..random import check_state
from ..serialization import safetensors
from ..serialization.old_names import current_generator
from ..types import PathLike
from .callbacks import Callback
from .config import RunConfig
from .early_stopping import check_best, check_saved
from .saved_state import check_agreement, check_types

if TYPE_CHECKING:
    from .trainer import Trainer

# The settings in a checkpoint: all that decide the next steps but the seed, which is beside them.
RECIPE = (
    "iterations",
    "batch_size",
    "shards",
    "lr",
    "schedule",
    "milestones",
    "warmup",
    "optimizer",
    "muon_lr_scale",
    "momentum",
    "nesterov",
    "weight_decay",
    "decay_batch_norm",
    "scalar_lr_scale",
    "clip_norm",
    "label_smoothing",
    "class_weights",
    "patience",
    "crop_padding",
    "crop_scale",
    "flip",
)
GIVEN = ("shards", "class_weights", "patience")  # not written if they are None
# Versions that knew these did not write them, so an old checkpoint may have had any value.
ONCE_UNWRITTEN = ("optimizer", "muon_lr_scale")


class Checkpoint(Callback):
    """Writes the checkpoint of a run: at the start, after every epoch, when it is interrupted."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)

    def before_training(self, trainer: Trainer) -> None:
        if trainer.iteration == 0:
            trainer.save(self.path)

    def after_epoch(self, trainer: Trainer, row: dict[str, Any]) -> None:
        trainer.save(self.path)

    def on_interrupt(self, trainer: Trainer) -> None:
        trainer.save(self.path)


def write(trainer: Trainer, path: PathLike) -> None:
    """Write the state of a `Trainer` to the file `path`."""
    batches = trainer.train_loader.state_dict()
    arrays = {f"model.{name}": array for name, array in trainer.model.state_dict().items()}
    arrays |= {f"velocity.{i}": velocity for i, velocity in enumerate(trainer.optimizer.velocities)}
    arrays["permutation"] = batches.pop("permutation")
    stopping = trainer.early_stopping
    if stopping is not None:
        arrays |= {f"best.{name}": array for name, array in stopping.best_arrays.items()}
    safetensors.write(
        path,
        arrays,
        {
            **({} if stopping is None else {"validation": stopping.rows}),
            "recipe": recipe(trainer.config),
            "seed": trainer.config.seed,
            "iteration": trainer.iteration,
            "history": trainer.history,
            "epoch_sums": trainer.epoch_sums,
            "seconds": trainer.seconds(),
            "batches": batches,
            "schedule": trainer.schedule.state_dict(),
            "generators": _generator_states(trainer.model),
            "net": _net_settings(trainer.model),
        },
    )


def read(trainer: Trainer, path: PathLike) -> None:
    """Put a `Trainer` where the run stood that wrote `path`.

    Raises
    ------
    CheckpointError
        If the file is damaged or edited, or of a run with another recipe, seed, net or data set:
        names what differs. Then nothing has been changed.
    """
    arrays, state = _read_on_rank_0(trainer.world, path)
    check_types(state, path)
    loader, model, optimizer = trainer.train_loader, trainer.model, trainer.optimizer
    _check_recipe(trainer.config, {**state["recipe"], "seed": state["seed"]}, path)
    generators = {
        current_generator(name): saved for name, saved in (state.get("generators") or {}).items()
    }
    _check_generators(model, generators, path)
    _check_net(model, state.get("net"), path)
    velocities = _velocities(arrays, optimizer, path)
    validation, best = _validation(trainer, arrays, state, path)
    if "permutation" not in arrays:
        raise CheckpointError(str(path), "no array 'permutation'", "the order of the images")
    weights = {
        name.removeprefix("model."): array
        for name, array in arrays.items()
        if name.startswith("model.")
    }
    loader_before = loader.state_dict()
    try:
        loader.load_state_dict({**state["batches"], "permutation": arrays["permutation"]})
        check_agreement(
            state, path, trainer.config, loader.batches_per_epoch, trainer.schedule.lr_at
        )
        model.load_state_dict(weights)  # the last to fail, and then it changes nothing
    except (ShapeError, DtypeError, CheckpointError) as error:
        loader.load_state_dict(loader_before)
        words = str(error)
        raise CheckpointError(str(path), words.removeprefix(f"{path}: ")) from None
    if trainer.early_stopping is not None:
        trainer.early_stopping.rows, trainer.early_stopping.best_arrays = validation, best
    optimizer.load_state_dict({"lr": optimizer.lr, "velocities": velocities})
    trainer.schedule.load_state_dict(state["schedule"])
    for name, generator in model.named_generators():
        generator.bit_generator.state = generators[name]
    trainer.iteration, trainer.history = state["iteration"], state["history"]
    trainer.epoch_sums, trainer.seconds_before = state["epoch_sums"], state["seconds"]


def _read_on_rank_0(world, path):
    """What is in the file, on all ranks: it may lie on the disk of rank 0 alone."""
    found = None
    if world.rank == 0:
        try:
            found = safetensors.read(path)
        except CheckpointError as error:
            found = error
    found = world.share(found)
    if isinstance(found, CheckpointError):
        raise found
    return found


def _validation(trainer, arrays, state, path):
    """With patience: the validation errors in a checkpoint, and the weights of the best epoch."""
    if trainer.early_stopping is None:
        return [], {}
    rows = check_saved(state.get("validation"), state["history"], path)
    best = {
        name.removeprefix("best."): array
        for name, array in arrays.items()
        if name.startswith("best.")
    }
    if rows or best:
        check_best(best, trainer.model, path)
    return rows, best


def _velocities(arrays, optimizer, path):
    """The optimiser's velocities in a checkpoint. Raises CheckpointError if they are others."""
    found = []
    for i, own in enumerate(optimizer.velocities):
        name = f"velocity.{i}"
        saved = arrays.get(name)
        if saved is None or saved.shape != own.shape or saved.dtype != own.dtype:
            got = "none" if saved is None else f"{saved.dtype} {saved.shape}"
            raise CheckpointError(str(path), name, f"{own.dtype} {own.shape}", got)
        found.append(saved)
    return found


def _net_settings(model):
    """What the net was built from, if it says that: nets with the same arrays may differ in it."""
    settings = getattr(model, "settings", None)
    if settings is None:
        return None
    plain = {}
    for name, value in settings.items():
        plain |= asdict(value) if is_dataclass(value) else {name: value}
    return json.loads(safetensors.to_json(plain))


def _check_net(model, saved, path):
    """Raise CheckpointError if a checkpoint is of another net. Old ones do not say which."""
    own = _net_settings(model)
    if saved is None or own is None:
        return
    differences = [
        f"{name} {_words(saved.get(name))} -> {value}"
        for name, value in own.items()
        if saved.get(name, value) != value
    ]
    if differences:
        raise CheckpointError(
            str(path), "a checkpoint of another net", "the same net", ", ".join(differences)
        )


def recipe(config: RunConfig) -> dict[str, Any]:
    """The settings that a checkpoint holds, by name: some of them only where they are given."""
    found = {name: getattr(config, name) for name in RECIPE}
    return {name: value for name, value in found.items() if value is not None or name not in GIVEN}


def _check_recipe(config, saved, path):
    """Raise CheckpointError if a checkpoint was written by a run with other settings."""
    # An old checkpoint lacks newer settings: the run had what is their default today.
    usual = {one.name: one.default for one in fields(RunConfig) if one.name in RECIPE}
    usual |= {name: getattr(config, name) for name in ONCE_UNWRITTEN}
    saved = _comparable(usual | saved)
    now = _comparable(usual | recipe(config) | {"seed": config.seed})
    differences = [
        f"{name} {_words(saved.get(name))} -> {value}"
        for name, value in now.items()
        if saved.get(name) != value
    ]
    if differences:
        raise CheckpointError(
            str(path),
            "the run was started with other settings",
            "the same settings as before",
            ", ".join(differences),
            "resume with the settings it had, or start anew elsewhere",
        )


def _words(value):
    return value[:LONGEST_NAME] if isinstance(value, str) else shown(value)


def _comparable(settings):
    """Settings with those milestones only that come to pass, as a list."""
    milestones = settings["milestones"] if settings["schedule"] == "steps" else ()
    if isinstance(milestones, (list, tuple)) and is_number(settings["iterations"]):
        milestones = [m for m in milestones if not is_number(m) or m < settings["iterations"]]
    weights = settings["class_weights"]
    if isinstance(weights, (list, tuple)):
        weights = list(weights)
    return {**settings, "milestones": milestones, "class_weights": weights}


def _check_generators(model, saved, path):
    """Raise CheckpointError if a checkpoint holds other random streams than the net has, or states
    that they cannot have.
    """
    own = _generator_states(model)
    if saved.keys() != own.keys():
        expected, got = (
            f"those of {', '.join(names)}" if names else "none" for names in (own, saved)
        )
        raise CheckpointError(
            str(path),
            "random streams of the net",
            expected,
            got,
            "is it the same net, with or without stochastic depth?",
        )
    for name, generator in model.named_generators():
        try:
            check_state(name, generator, saved[name])
        except ValueError as error:
            todo = "take another checkpoint"
            raise CheckpointError(str(path), f"generators: {error}", todo=todo) from None


def _generator_states(model):
    return {name: generator.bit_generator.state for name, generator in model.named_generators()}
