"""The parts of a net that diagnostics look at, the layers of the main path and the blocks, and how
they look.
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
#: Parts of blocks beside the main path: projection shortcuts, RepVGG's second branch, gates.
ASIDE = {"downsample", "conv1x1", "gate"}
#: (images, labels), again and again.
Batches: TypeAlias = Iterable[tuple[Images, Array]]
#: The mean over a batch, from logits and labels.
Loss: TypeAlias = Callable[[Tensor, Array], Tensor]


def main_path(model: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Name -> convolution or linear layer, from the images to the logits; what lies beside the main
    path (`ASIDE`) is left out.
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
    """Name -> depth for each of `parts`: a layer's place on the main path, from 1; of a block, that
    of its last layer.
    """
    places = {name: depth for depth, name in enumerate(main_path(model), 1)}
    return {
        part: max(depth for name, depth in places.items() if f"{name}.".startswith(f"{part}."))
        for part in parts
    }


def blocks(model: nn.Module, where: str = "blocks") -> dict[str, Block]:
    """Name -> block, from the images to the logits: all that derive from `models.blocks.Block`,
    which those of `models.residual_mlp` do not.

    Raises
    ------
    ConfigError
        If there are none.
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
    """`blocks`, or of a net that has none, such as `models.residual_mlp`, the `main_path`."""
    try:
        return blocks(model)
    except ConfigError:
        return main_path(model)


def pick_blocks(model: nn.Module, names: Iterable[str], where: str) -> list[Block]:
    """Those of `blocks` that are named. Raises ConfigError for a name that is not there."""
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
    """Within: see what passes through `modules`, a dict by name. The hooks are taken off again
    afterwards.

    ``on_call(name, inputs, y)`` is called with the Tensors that go into a module and the one that
    comes out, and ``on_gradient(name, gradient)`` with dL/dy when backward passes by.
    """

    def hook_of(name):
        def hook(module, inputs, y):
            on_call(name, inputs, y)
            if on_gradient is not None and y.requires_grad:
                y.register_hook(lambda gradient: on_gradient(name, gradient))

        return hook  # neither hook returns anything: they replace nothing

    handles = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(hook_of(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def array_of(images: Images) -> Array:
    """The array of a Tensor, or an array as it is: diagnostics take either."""
    return images.data if isinstance(images, Tensor) else images


def square_sum(array: Array) -> float:
    """The sum of squares, in float64: the squares of a vanishing or exploding gradient do not fit
    into float32.
    """
    return float(np.square(array, dtype=np.float64).sum())


def norm(array: Array) -> float:
    """The Euclidean norm of all elements, in float64."""
    return sqrt(square_sum(array))


def standard_error(values: ArrayLike) -> Array | float:
    """Of the mean of independent `values`, along the first axis: std / sqrt(n). Not known (nan)
    from a single one.
    """
    values = np.asarray(values, np.float64)
    return (
        values.std(axis=0, ddof=1) / sqrt(len(values))
        if len(values) > 1
        else np.full(values.shape[1:], np.nan)[()]
    )
