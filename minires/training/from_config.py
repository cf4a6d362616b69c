"""What a resolved config stands for: the loader, the optimiser and the schedule of a run."""

from typing import Any

from ..data import DataLoader, train_loader
from ..data.batches import AnyDataset
from ..distributed import DataParallel, World
from ..nn import Module
from ..optim import SGD, CosineLR, MultiStepLR, Schedule, parameter_groups
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


def optimizer_for(model: Module, config: RunConfig) -> SGD:
    """The optimiser of the parameters that are not frozen."""
    groups = parameter_groups(
        model,
        config.weight_decay,
        decay_batch_norm=config.decay_batch_norm,
        scalar_lr_scale=config.scalar_lr_scale,
    )
    return SGD(
        groups,
        config.lr,
        config.momentum,
        weight_decay=config.weight_decay,
        nesterov=config.nesterov,
    )


def schedule_for(config: RunConfig, optimizer: SGD) -> Schedule:
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
