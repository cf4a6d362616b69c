"""A picture of what a net computes, with its modules as boxes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..autograd.graph import draw
from ..autograd.recording import enable_grad
from ..autograd.tape import Node, topological_order
from ..autograd.tensor import Tensor
from ..checks import is_integer
from ..drawing.svg import Box, Picture
from ..errors import ConfigError, GraphError
from ..types import ArrayLike
from .state import preserve_state

if TYPE_CHECKING:
    from .module import Module


def graph(
    model: Module,
    inputs: Sequence[Tensor | ArrayLike],
    depth: int | None = 1,
    parameters: bool = False,
) -> Picture:
    """A picture of what `model` computes from `inputs`, in evaluation mode.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    inputs : tuple of Tensors or arrays
    depth : int or None
        How far to look inside: with 1 the boxes are the modules directly in `model`, with 2 the
        modules in these, and so on. None shows single operations.
    parameters : bool
        Draw also the parameters that single operations take.

    Returns
    -------
    svg.Picture

    Raises
    ------
    ConfigError
        For a depth below 1.
    GraphError
        If the net returns its input as it is.
    """
    if depth is not None and not is_integer(depth, 1):
        raise ConfigError("graph", "depth", "1 or more, or None for single operations", repr(depth))
    tensors = [Tensor(x.data if isinstance(x, Tensor) else x, requires_grad=True) for x in inputs]
    collapsed: dict[Node, tuple[Any, Box]] = {}
    handles = [
        module.register_forward_hook(partial(_collapse, collapsed, name))
        for name, module in _drawn_as_boxes(model, depth)
    ]
    try:
        with preserve_state(model, "eval"), enable_grad():
            output = model(*tensors)
    finally:
        for handle in handles:
            handle.remove()
    if output.is_leaf:
        got = f"{type(model).__name__}, which returns its input"
        raise GraphError("graph", "nothing to draw", "a net that computes something", got)
    named = [("input" if len(tensors) == 1 else f"input {i}", x) for i, x in enumerate(tensors, 1)]
    if parameters:
        named += model.named_parameters()
    names = {x._node: name for name, x in named if x._node is not None}
    return draw(output._node, names, collapsed, leaves=False)


def _drawn_as_boxes(model, depth):
    """(name, module) for the modules at this depth, and those above it with no others in them."""
    for name, module in model.named_modules():
        level = name.count(".") + 1 if name else 0
        is_single = 0 < level and not list(module.children())
        if depth is not None and (level == depth or (level < depth and is_single)):
            yield name, module


def _collapse(collapsed, name, module, inputs, y):
    """Put what was computed between `inputs` and `y` into one box."""
    if y._node is None:  # y is an input of the net: nothing was computed
        return
    before = {
        node
        for x in inputs
        if isinstance(x, Tensor) and x._node is not None
        for node in topological_order(x._node)
    }
    found = [
        node
        for node in topological_order(y._node)
        if node not in before and node.kernel is not None
    ]
    count = module.num_parameters()
    kind, settings = type(module).__name__, module.extra_repr()
    lines = (
        f"{kind}({settings})" if settings else kind,
        str(y.shape),
        *([f"{count:,} parameters"] if count else []),
    )
    key = name, len({box for box, _ in collapsed.values()})  # called twice, it is drawn twice
    collapsed |= {node: (key, Box(name, lines, "group")) for node in found}
