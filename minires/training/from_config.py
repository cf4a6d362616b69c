"""What a resolved config stands for: the loader, the optimiser and the schedule of a run."""

from typing import Any

from ..data import DataLoader, train_loader
from ..data.batches import AnyDataset
from ..distributed import DataParallel, World
from ..errors import ConfigError
from ..nn import Module
from ..optim import SGD, CosineLR, MultiStepLR, Muon, Schedule, parameter_groups
from ..random import stream
from .config import RunConfig
from .whole_batch import WholeBatch


def loader_for(train_set: AnyDataset, config: RunConfig) -> DataLoader:
    """The `DataLoader` of a run, whose seed decides the order. Raises as `data.train_loader`."""
    shuffle, augment = (stream(config.seed, use) for use in ("order of images", "augmentation"))
    return train_loader(
        train_set,
        config.batch_size,  # type: ignore[arg-type]  # a resolved config has a number
        shuffle,
        augment,
        device=config.device,
        crop_padding=config.crop_padding,
        crop_scale=config.crop_scale,
        flip=config.flip,
    )


def optimizer_for(model: Module, config: RunConfig) -> SGD | Muon:
    """The optimiser of the parameters that are not frozen.

    Raises ConfigError for Muon where nothing but the last layer, or none with a matrix, is trained.
    """
    groups = parameter_groups(
        model,
        config.weight_decay,
        decay_batch_norm=config.decay_batch_norm,
        scalar_lr_scale=config.scalar_lr_scale,
    )
    if config.optimizer == "muon":
        return _muon(model, config, groups)
    return SGD(
        groups,
        config.lr,
        config.momentum,
        weight_decay=config.weight_decay,
        nesterov=config.nesterov,
    )


def _muon(model, config, groups):
    """Muon for every matrix but the last, which makes the logits."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    moved = [group for group in groups if any(group["params"][0] is one for one in matrices[:-1])]
    if not moved:
        raise ConfigError(
            "optimizer",
            "muon moves the weights before the last layer",
            "sgd where none of them is trained",
            "muon",
        )
    for group in moved:
        group["lr_scale"] *= config.muon_lr_scale
    return Muon(
        groups,
        config.lr,
        config.weight_decay,
        config.momentum,
        config.nesterov,
        by_sgd=[parameter for parameter in matrices[-1:] if parameter.requires_grad],
    )


def schedule_for(config: RunConfig, optimizer: SGD | Muon) -> Schedule:
    """The schedule of the learning rate."""
    assert config.iterations is not None and config.milestones is not None  # resolved
    if config.schedule == "cosine":
        return CosineLR(optimizer, config.iterations, warmup=config.warmup)
    return MultiStepLR(optimizer, config.milestones, warmup=config.warmup)


def gradients_for(model: Module, config: RunConfig, world: World) -> WholeBatch | DataParallel:
    """What finds the gradients of a batch: at once, or in shards. Raises as `DataParallel`."""
    weights: Any = config.class_weights  # numbers, once `with_class_weights` has seen the data
    if config.shards is None:
        return WholeBatch(model, config.label_smoothing, weights)
    assert config.batch_size is not None  # resolved
    return DataParallel(
        model, world, config.batch_size, config.shards, config.label_smoothing, weights
    )
