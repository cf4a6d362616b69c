"""The parts of a net that diagnostics measure, layers of the main path and blocks, and the hooks
for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import sqrt
from typing import Any, TypeAlias

import numpy as np

from .. import nn
from ..autograd.tensor import Tensor
from ..errors import ConfigError, unknown_name
from ..models.blocks import Block
from ..types import Array, ArrayLike

Images: TypeAlias = Tensor | Array
#: Names of the parts that do not count as main path: projection shortcuts, RepVGG's second branch,
#: gates.
ASIDE = {"downsample", "conv1x1", "gate"}
#: Pairs (images, labels), which can be gone through several times.
Batches: TypeAlias = Iterable[tuple[Images, Array]]
#: Takes logits and labels, returns the mean loss over the batch.
Loss: TypeAlias = Callable[[Tensor, Array], Tensor]


def main_path(model: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Name -> convolution or linear layer, in order from the images to the logits.

    Layers beside the main path (`ASIDE`) are left out.
    """
    found: dict[str, nn.Conv2d | nn.Linear] = {}
    for name, module in model.named_modules():
        if (
            isinstance(module, (nn.Conv2d, nn.Linear))
            and ASIDE.isdisjoint(name.split("."))
            and module not in found.values()
        ):
            found[name] = module
    return found


def depths(model: nn.Module, parts: Iterable[str]) -> dict[str, int]:
    """Name -> depth for each of `parts`.

    The depth of a layer is its place on the main path, from 1. A block has the depth of its last
    layer.
    """
    places = {name: depth for depth, name in enumerate(main_path(model), 1)}
    return {
        part: max(depth for name, depth in places.items() if f"{name}.".startswith(f"{part}."))
        for part in parts
    }


def blocks(model: nn.Module, where: str = "blocks") -> dict[str, Block]:
    """Name -> block, in order from the images to the logits.

    Blocks are modules that derive from `models.blocks.Block`; those of `models.residual_mlp` do
    not.

    Raises
    ------
    ConfigError
        If the net has no blocks.
    """
    found = {name: module for name, module in model.named_modules() if isinstance(module, Block)}
    if not found:
        raise ConfigError(
            where,
            "a net without blocks",
            "a plain or residual net of convolutions, such as models.resnet(20) or "
            "models.resnet50()",
            type(model).__name__,
        )
    return found


def blocks_or_layers(model: nn.Module) -> Mapping[str, nn.Module]:
    """The `blocks` of a net or, if it has none, as `models.residual_mlp`, its `main_path`."""
    try:
        return blocks(model)
    except ConfigError:
        return main_path(model)


def pick_blocks(model: nn.Module, names: Iterable[str], where: str) -> list[Block]:
    """The blocks with these names. Raises ConfigError for a name that is not that of a block."""
    known = blocks(model, where)
    for name in names:
        if name not in known:
            raise unknown_name(where, "block", name, known)
    return [known[name] for name in names]


@contextmanager
def watching(
    modules: Mapping[str, nn.Module],
    on_call: Callable[[str, tuple[Any, ...], Tensor], None],
    on_gradient: Callable[[str, Array], None] | None = None,
) -> Iterator[None]:
    """Within: hooks watch `modules`, a dict by name. Afterwards they are removed.

    ``on_call(name, inputs, y)`` is called when a module has computed the Tensor y from the tuple
    `inputs`, and ``on_gradient(name, gradient)`` when backward has found dL/dy.
    """

    def hook_of(name):
        def hook(module, inputs, y):
            on_call(name, inputs, y)
            if on_gradient is not None and y.requires_grad:
                y.register_hook(lambda gradient: on_gradient(name, gradient))

        return hook  # the hooks return None, so they replace neither outputs nor gradients

    handles = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(hook_of(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def array_of(images: Images) -> Array:
    """The array of a Tensor, or an array as it is. Diagnostics take either."""
    return images.data if isinstance(images, Tensor) else images


def square_sum(array: Array) -> float:
    """The sum of squares, in float64.

    In float32 the squares of a vanishing or exploding gradient would underflow or overflow.
    """
    return float(np.square(array, dtype=np.float64).sum())


def norm(array: Array) -> float:
    """The Euclidean norm of all elements, in float64."""
    return sqrt(square_sum(array))


def standard_error(values: ArrayLike) -> Array | float:
    """The standard error of the mean of independent `values` along the first axis: std / sqrt(n).

    It is nan for a single value.
    """
    values = np.asarray(values, np.float64)
    return (
        values.std(axis=0, ddof=1) / sqrt(len(values))
        if len(values) > 1
        else np.full(values.shape[1:], np.nan)[()]
    )
