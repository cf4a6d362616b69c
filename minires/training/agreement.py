"""Whether all ranks of a training start from the same, and still have the same weights.

Each rank builds net and data by itself. If these differed, the ranks would silently train
something that is no net at all. So they compare what they have.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.batches import AnyDataset
from ..distributed import World
from ..errors import ConfigError, DivergenceError
from ..nn import Module
from .config import RunConfig


def check_same_start(
    world: World, model: Module, train_set: AnyDataset, test_set: AnyDataset, config: RunConfig
) -> None:
    """Raise ConfigError, on all ranks, if one has other settings, weights or data than rank 0."""
    if world.size == 1:
        return
    own = {
        **config.deciding(),
        "initial weights": _digest(model.state_dict()),
        "random generators": [g.bit_generator.state for _, g in model.named_generators()],
        "training set": _digest_of_set(train_set),
        "test set": _digest_of_set(test_set),
        "version of NumPy": np.__version__,
    }
    all_ranks = world.gather(own)
    for rank, other in enumerate(all_ranks):
        for name, value in all_ranks[0].items():
            if other[name] != value:
                raise ConfigError(
                    f"rank {rank} of {world.size}",
                    f"another {name} than rank 0",
                    str(value)[:60],
                    str(other[name])[:60],
                    "start all ranks with the same command and the same files",
                )


def check_same_weights(world: World, model: Module, iteration: int) -> None:
    """Raise DivergenceError, on all ranks, if one has other weights than rank 0."""
    if world.size == 1:
        return
    digests = world.gather(_digest(model.state_dict()))
    others = [rank for rank, digest in enumerate(digests) if digest != digests[0]]
    if others:
        raise DivergenceError(
            f"rank {others[0]} of {world.size}",
            f"its weights at iteration {iteration}",
            "those of rank 0",
            "others",
            "callbacks must not change weights, and all machines need the same build of NumPy",
        )


def _digest(arrays: Mapping[str, Any]) -> str:
    found = 0
    for name, array in arrays.items():
        found = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), found)
        found = zlib.crc32(np.ascontiguousarray(array).tobytes(), found)
    return f"digest {found:08x}"


def _digest_of_set(dataset):
    """Of labels, and of the images or features if they are in memory."""
    kept = {name: getattr(dataset, name, None) for name in ("images", "features")}
    arrays = {name: array for name, array in kept.items() if isinstance(array, np.ndarray)}
    return [dataset.name, len(dataset), _digest({"labels": np.asarray(dataset.labels), **arrays})]
