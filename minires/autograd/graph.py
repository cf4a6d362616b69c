"""The tape as a picture: what was computed from what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..checks import integer
from ..drawing import svg
from ..errors import GraphError, ShapeError
from ..types import Array
from .tape import Node, topological_order

if TYPE_CHECKING:
    from .tensor import Tensor

LARGEST = 40  # boxes of a picture that a notebook shows by itself
NAMED = 12  # boxes that the words on a picture name
NUMBERS = 12  # a Tensor of at most this size is shown with its numbers


def graph(output: Tensor, /, *, backward: int | None = None, **names: Tensor) -> svg.Picture:
    """A picture of the tape behind a Tensor.

    It has a box for each operation, and for each Tensor that the computation began with.
    With ``backward=k`` it shows the first k steps of the backward pass, too.

    Parameters
    ----------
    output : Tensor
        Draw it before ``backward()``, which uses up the tape.
    backward : int, optional
        How many boxes the backward pass has reached, from 0 to all of them. They show dL/d(their
        value), where L is `output`, a single number; the last one has a thick border, and boxes
        not reached yet are pale. The tape and ``.grad`` stay as they are, and no hooks are called.
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
    ShapeError, ConfigError
        With `backward`: if `output` is not a single number, or there are not so many boxes.

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
    if backward is None:
        return draw(output._node, named, numbers=numbers)
    if output.size != 1:
        raise ShapeError(
            "graph",
            "backward starts at a Tensor with one element",
            "one element, such as a mean loss",
            f"shape {output.shape}",
            "reduce to one number first, or leave `backward` out",
        )
    found = _gradients(output._node, np.ones_like(output.data))
    steps = integer("graph", "backward", backward, least=0, most=len(found))
    return draw(output._node, named, numbers=numbers, gradients=found, steps=steps)


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
    gradients: Mapping[Node, Array] | None = None,
    steps: int = 0,
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
    gradients : dict, optional
        Node -> dL/d(its value), in the order of the backward pass, for the picture of that pass.
    steps : int
        How many of the gradients are shown.
    """
    collapsed, numbers = collapsed or {}, numbers or {}
    nodes = list(topological_order(root, where="graph"))[::-1]
    shown = [node for node in nodes if node.kernel is not None or leaves or node in names]
    boxes = dict(
        collapsed.get(node) or (node, _box(node, names.get(node), numbers.get(node)))
        for node in shown
    )
    for step, (node, gradient) in enumerate((gradients or {}).items(), start=1):
        boxes[node] = _with_gradient(boxes[node], gradient, step - steps)
    key = {node: collapsed[node][0] if node in collapsed else node for node in shown}
    arrows = [
        (key[parent], key[node]) for node in shown for parent in node.parents if parent in key
    ]
    titles = [box.title for box in boxes.values()]
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    words = f"The computation of {root.name}: {', '.join(titles[:NAMED])}{more}"
    if gradients is not None:
        words += f". After {steps} of {len(gradients)} steps of backward"
        words += "".join(
            f"; {boxes[node].title}: {' '.join(_text(gradient))}"
            for node, gradient in islice(gradients.items(), min(steps, NAMED))
        )
    return svg.draw(boxes, arrows, title=words)


def _box(node, name, tensor):
    if node.kernel is not None:
        return svg.Box(name or node.name, ((node.name,) if name else ()) + _content(node, tensor))
    return svg.Box(name or "leaf", _content(node, node.leaf()), "value")


def _content(node, tensor):
    """The lines in a node's box: its numbers if they are known, else its shape."""
    return (str(node.shape),) if tensor is None else _text(tensor.data)


def _text(array):
    """The numbers of an array as lines if they are few, else its shape."""
    if array.size > NUMBERS:
        return (str(array.shape),)
    array = backend.move(array, "cpu")
    return tuple(np.array2string(array, precision=4, suppress_small=True).split("\n"))


def _with_gradient(box, gradient, late):
    """The box `late` steps before backward reaches it. It keeps its size from step to step."""
    first, *rest = _text(gradient)
    lines = (f"grad {first}", *rest)
    if late > 0:
        lines = tuple("\N{NO-BREAK SPACE}" * len(line) for line in lines)
    mark = "pale" if late > 0 else "" if late else "current"
    return box._replace(lines=box.lines + lines, mark=mark)


def _gradients(root, gradient):
    """Node -> dL/d(its value), in the order in which `walk_back` visits them.

    The same walk, but it leaves everything as it is: the tape, the ``.grad`` of leaves, and hooks.
    """
    pending, found = {root: gradient}, {}
    for node in topological_order(root, where="graph"):
        found[node] = pending.pop(node)
        if node.kernel is None:
            continue
        node.check_unchanged()
        for parent, dx in zip(node.parents, node.gradients(found[node])):
            if parent is not None:
                pending[parent] = pending[parent] + dx if parent in pending else dx
    return found
