"""Cut a batch into shards, and deal the shards to ranks: in order, and as evenly as possible."""

from ..errors import ConfigError
from ..types import Device
from .world import World


def cut(items: int, parts: int) -> list[tuple[int, int]]:
    """Cut ``range(items)`` into `parts` pieces from first to last - 1, given as (first, last).

    The first pieces may hold one item more than the others.
    """
    size, larger = divmod(items, parts)
    edges = [part * size + min(part, larger) for part in range(parts + 1)]
    return list(zip(edges, edges[1:]))


def number_of_shards(shards: int | None, world: World) -> int:
    """How many shards each batch is cut into: `shards` of the config, or if None one for each rank.

    Raises
    ------
    ConfigError
        For more ranks than shards.
    """
    if shards is not None and shards < world.size:
        raise ConfigError(
            "shards",
            "more ranks than parts of a batch",
            f"at most {shards} rank{'s' if shards > 1 else ''}",
            str(world.size),
            "start fewer, or a new run with as many --shards as ranks",
        )
    return shards or world.size


def check_shards(shards: int, batch_size: int, device: Device) -> None:
    """Raise ConfigError if a batch has fewer images than shards, or a GPU gets several shards."""
    if shards > batch_size:
        raise ConfigError(
            "shards",
            "more parts of a batch than images in it",
            f"at most {batch_size}",
            str(shards),
            "take larger batches, or fewer processes or shards",
        )
    if shards > 1 and device != "cpu":
        raise ConfigError(
            "shards",
            "a net on the GPU",
            "device cpu: only there batches are cut into shards",
            device,
            "on a GPU train on one process, without shards",
        )
