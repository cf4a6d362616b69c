"""Checkpoints: everything that a run needs to go on to the same bits, in one safetensors file.

model.NAME      weights, and batch norm's running statistics
velocity.0 ...  the optimiser's velocities, in the order of the parameters
permutation     the order of the current epoch's images
state           JSON: the recipe and the seed, the net's settings, the iteration, the history, the
                sums of this epoch so far, the place in the schedule, the random streams (of
                batches, and of the net if it has any)
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError, DtypeError, ShapeError
from ..serialization import safetensors
from ..serialization.old_names import current_generator
from ..types import PathLike
from .callbacks import Callback
from .config import RunConfig

if TYPE_CHECKING:
    from .trainer import Trainer

# The settings in a checkpoint: all that decide the next steps but the seed, which is beside them.
RECIPE = (
    "iterations",
    "batch_size",
    "lr",
    "schedule",
    "milestones",
    "warmup",
    "momentum",
    "nesterov",
    "weight_decay",
    "decay_batch_norm",
    "scalar_lr_scale",
    "clip_norm",
    "label_smoothing",
    "crop_padding",
    "crop_scale",
    "flip",
)


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
    safetensors.write(
        path,
        arrays,
        {
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
        If the file is damaged, or of a run with another recipe, seed, net or data set: names what
        differs.
    """
    arrays, state = safetensors.read(path)
    loader, model, optimizer = trainer.train_loader, trainer.model, trainer.optimizer
    loader_before = loader.state_dict()
    try:
        _check_recipe(trainer.config, {**state["recipe"], "seed": state["seed"]}, path)
        generators = {
            current_generator(name): generator
            for name, generator in state.get("generators", {}).items()
        }
        _check_generators(model, generators, path)
        _check_net(model, state.get("net"), path)
        weights = {
            name.removeprefix("model."): array
            for name, array in arrays.items()
            if name.startswith("model.")
        }
        velocities = [arrays[f"velocity.{i}"] for i in range(len(optimizer.velocities))]
        progress = [state[name] for name in ("iteration", "history", "epoch_sums", "seconds")]
        schedule = state["schedule"]
        loader.load_state_dict({**state["batches"], "permutation": arrays["permutation"]})
        model.load_state_dict(weights)
    except (KeyError, TypeError) as error:
        loader.load_state_dict(loader_before)
        raise CheckpointError(
            str(path),
            "not a checkpoint of a training run",
            "one written by Trainer.save",
            f"no usable {error}",
        ) from None
    except (ShapeError, DtypeError) as error:
        loader.load_state_dict(loader_before)
        raise CheckpointError(str(path), str(error)) from None
    except CheckpointError:
        loader.load_state_dict(loader_before)
        raise
    optimizer.load_state_dict({"lr": optimizer.lr, "velocities": velocities})
    trainer.schedule.load_state_dict(schedule)
    for name, generator in model.named_generators():
        generator.bit_generator.state = generators[name]
    trainer.iteration, trainer.history, trainer.epoch_sums, trainer.seconds_before = progress


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
        f"{name} {saved.get(name)} -> {value}"
        for name, value in own.items()
        if saved.get(name, value) != value
    ]
    if differences:
        raise CheckpointError(
            str(path), "a checkpoint of another net", "the same net", ", ".join(differences)
        )


def recipe(config: RunConfig) -> dict[str, Any]:
    """The settings that a checkpoint holds, by name."""
    return {name: getattr(config, name) for name in RECIPE}


def _check_recipe(config, saved, path):
    """Raise CheckpointError if a checkpoint was written by a run with other settings."""
    # An old checkpoint lacks newer settings: the run had what is their default today.
    usual = {one.name: one.default for one in fields(RunConfig) if one.name in RECIPE}
    saved = _comparable(usual | saved)
    now = _comparable(recipe(config) | {"seed": config.seed})
    differences = [
        f"{name} {saved.get(name)} -> {value}"
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


def _comparable(settings):
    """Settings with those milestones only that come to pass, as a list."""
    milestones = settings["milestones"] if settings["schedule"] == "steps" else ()
    return {**settings, "milestones": [m for m in milestones if m < settings["iterations"]]}


def _check_generators(model, saved, path):
    """Raise CheckpointError if a checkpoint holds other random streams than the net has."""
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


def _generator_states(model):
    return {name: generator.bit_generator.state for name, generator in model.named_generators()}
