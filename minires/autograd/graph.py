"""The tape as a picture: what was computed from what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..drawing import svg
from ..errors import GraphError
from .tape import Node, topological_order

if TYPE_CHECKING:
    from .tensor import Tensor

LARGEST = 40  # boxes of a picture that a notebook shows by itself
NAMED = 12  # boxes that the words on a picture name
NUMBERS = 12  # a Tensor of at most this size is shown with its numbers


def graph(output: Tensor, /, **names: Tensor) -> svg.Picture:
    """A picture of the tape behind a Tensor.

    It has a box for each operation, and for each Tensor that the computation began with.

    Parameters
    ----------
    output : Tensor
        Draw it before ``backward()``, which uses up the tape.
    **names : Tensor
        Names for Tensors in the picture: ``graph(loss, x=x, w=w)``.

    Returns
    -------
    svg.Picture
        Notebooks show it; ``save(path)`` writes it to a file.

    Raises
    ------
    GraphError
        If nothing was recorded, or backward has used up the tape.

    See Also
    --------
    nn.Module.graph : a net, with modules as boxes
    """
    if output._node is None or output._node.kernel is None:
        raise GraphError(
            "graph",
            "nothing was recorded behind this Tensor",
            "a result of Tensors with requires_grad=True",
            "one that was not computed, or was computed under no_grad",
        )
    named = {tensor._node: name for name, tensor in names.items() if tensor._node is not None}
    numbers = {
        tensor._node: tensor for tensor in (output, *names.values()) if tensor._node is not None
    }
    return draw(output._node, named, numbers=numbers)


def small_graph(output: Tensor) -> str | None:
    """The SVG of `graph` for a notebook, or None: nothing to draw, or too much to read."""
    if output._node is None or output._node.kernel is None or output._node.used:
        return None
    try:
        count = sum(1 for _ in topological_order(output._node, where="graph"))
    except GraphError:  # a part of it was used up by the backward of another output
        return None
    return graph(output).svg if count <= LARGEST else None


def draw(
    root: Node,
    names: Mapping[Node, str],
    collapsed: Mapping[Node, tuple[Any, svg.Box]] | None = None,
    leaves: bool = True,
    numbers: Mapping[Node, Tensor] | None = None,
) -> svg.Picture:
    """The picture of the tape behind the Node `root`.

    Parameters
    ----------
    root : Node
    names : dict
        Node -> name.
    collapsed : dict, optional
        Node -> (key, `svg.Box`): nodes with the same key are drawn as that one box.
    leaves : bool
        Draw Tensors that were not computed (parameters, inputs) even if they have no name.
    numbers : dict, optional
        Node -> its Tensor, for a box that shows numbers. Leaves know their Tensors themselves.
    """
    collapsed, numbers = collapsed or {}, numbers or {}
    nodes = list(topological_order(root, where="graph"))[::-1]
    shown = [node for node in nodes if node.kernel is not None or leaves or node in names]
    boxes = dict(
        collapsed.get(node) or (node, _box(node, names.get(node), numbers.get(node)))
        for node in shown
    )
    key = {node: collapsed[node][0] if node in collapsed else node for node in shown}
    arrows = [
        (key[parent], key[node]) for node in shown for parent in node.parents if parent in key
    ]
    steps = [box.title for box in boxes.values()]
    more = f" and {len(steps) - NAMED} more" if len(steps) > NAMED else ""
    words = f"The computation of {root.name}: {', '.join(steps[:NAMED])}{more}"
    return svg.draw(boxes, arrows, title=words)


def _box(node, name, tensor):
    if node.kernel is not None:
        return svg.Box(name or node.name, ((node.name,) if name else ()) + _content(node, tensor))
    return svg.Box(name or "leaf", _content(node, node.leaf()), "value")


def _content(node, tensor):
    """The lines in a node's box: its numbers if they are few, else its shape."""
    if tensor is None or tensor.size > NUMBERS:
        return (str(node.shape),)
    array = backend.move(tensor.data, "cpu")
    return tuple(np.array2string(array, precision=4, suppress_small=True).split("\n"))
