"""The tape as a picture: what was computed from what."""

import numpy as np

from .. import backend
from ..drawing import svg
from ..errors import GraphError
from .tape import topological_order

LARGEST = 40           # boxes in a picture that a notebook shows unasked
NUMBERS = 12           # in a Tensor of at most so many they are written out


def graph(output, **names):
    """A picture of what the tape holds behind a Tensor: a box for each operation, and for each Tensor that it began with.

    Parameters
    ----------
    output : Tensor
        Draw it before ``backward()``, which uses up the tape.
    **names : Tensor
        What to call Tensors in the picture: ``graph(loss, x=x, w=w)``.

    Returns
    -------
    svg.Picture
        Shown by notebooks; ``save(path)`` writes it to a file.

    Raises
    ------
    GraphError
        If nothing was recorded, or backward has used up the tape.

    See Also
    --------
    nn.Module.graph : a net, with modules as boxes
    """
    if output._node is None or output._node.kernel is None:
        raise GraphError("graph", "nothing was recorded behind this Tensor", "a result of Tensors with requires_grad=True",
                         "one that was not computed, or was under no_grad")
    named = {tensor._node: name for name, tensor in names.items() if tensor._node is not None}
    return draw(output._node, named, numbers={tensor._node: tensor for tensor in (output, *names.values())})


def small_graph(output):
    """The SVG of `graph`, or None where there is nothing to draw or too much to be read: what notebooks ask every Tensor for."""
    if output._node is None or output._node.kernel is None or output._node.used:
        return None
    count = sum(1 for _ in topological_order(output._node))
    return graph(output).svg if count <= LARGEST else None


def draw(root, names, collapsed=None, leaves=True, numbers=None):
    """The picture of the tape behind the Node `root`.

    Parameters
    ----------
    root : Node
    names : dict
        Node -> name.
    collapsed : dict, optional
        Node -> (key, `svg.Box`): nodes with the same key are drawn as that one box.
    leaves : bool
        Draw Tensors that were not computed: parameters, inputs. Without it only those with a name are drawn.
    numbers : dict, optional
        Node -> the Tensor it is of, where its numbers are to be written down. Leaves know their Tensors themselves.
    """
    collapsed, numbers = collapsed or {}, numbers or {}
    nodes = [node for node in topological_order(root)][::-1]
    shown = [node for node in nodes if node.kernel is not None or (node in names if not leaves else True)]
    boxes = dict(collapsed.get(node) or (node, _box(node, names.get(node), numbers.get(node))) for node in shown)
    key = {node: collapsed[node][0] if node in collapsed else node for node in shown}
    arrows = [(key[parent], key[node]) for node in shown for parent in node.parents if parent in key]
    return svg.draw(boxes, arrows, title=f"computation of {root.name}")


def _box(node, name, tensor):
    if node.kernel is not None:
        return svg.Box(name or node.name, ((node.name,) if name else ()) + _content(node, tensor))
    return svg.Box(name or "leaf", _content(node, node.leaf()), "value")


def _content(node, tensor):
    """The lines on what a node is of: its few numbers, or its shape."""
    if tensor is None or tensor.size > NUMBERS:
        return (str(node.shape),)
    return tuple(np.array2string(backend.move(tensor.data, "cpu"), precision=4, suppress_small=True).split("\n"))
