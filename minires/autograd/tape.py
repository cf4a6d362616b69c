"""The tape: what was computed, recorded as a graph, and the walk back through it that finds gradients.

Every operation on Tensors adds a `Node`: which kernel ran, what it kept for its backward (the cache), and the nodes
its inputs came from (the parents). The nodes form a graph without cycles. `walk_back` visits it from the loss towards
the parameters, each node after all that used its result, so that each is handed the sum of its gradients exactly once.
That order is what makes a net with 2^27 paths cost time for its 56 layers only.

Nodes hold no Tensors: an intermediate array lives exactly as long as some kernel's backward needs it.
"""

import numpy as np

from .. import backend
from ..errors import DeviceError, DtypeError, GraphError, ShapeError
from ..kernels import find


class Node:
    """One entry of the tape. A node without a kernel is a leaf: it hands its gradient to the Tensor it stands for."""

    __slots__ = ("name", "kernel", "cache", "parents", "shape", "dtype", "device", "hooks", "leaf", "used")

    def __init__(self, name, kernel, cache, parents, y, leaf=None):
        self.name, self.kernel, self.cache, self.parents = name, kernel, cache, parents
        self.shape, self.dtype, self.device = y.shape, y.dtype, backend.device_of(y)
        self.hooks, self.leaf, self.used = [], leaf, False

    def gradients(self, dy):
        """dL/d(input) for every parent, None where nobody asked for it."""
        needs = tuple(parent is not None for parent in self.parents)
        found = self.kernel.backward(dy, self.cache, needs) if self.kernel.takes_needs else self.kernel.backward(dy, self.cache)
        found = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        if len(found) != len(self.parents):
            raise ShapeError(f"{self.name}.backward", "number of gradients", f"{len(self.parents)}, one for each array that forward takes",
                             str(len(found)))
        for position, (gradient, parent) in enumerate(zip(found, self.parents)):
            if parent is not None:
                parent.check(gradient, f"{self.name}.backward", f"gradient of input {position}")
        return found

    def call_hooks(self, dy):
        """dL/d(this), or what the hooks put in its place."""
        for hook in list(self.hooks):      # a copy: a hook may remove itself
            replacement = hook(dy)
            if replacement is not None:
                self.check(replacement, f"hook on {self.name}", "gradient returned")
                dy = replacement
        return dy

    def check(self, gradient, where, what):
        """Raise an error unless `gradient` has the shape and dtype of this node's array, and is where that is."""
        shape = gradient.shape if backend.is_array(gradient) else np.shape(gradient)
        if shape != self.shape:
            raise ShapeError(where, what, f"shape {self.shape}", "None" if gradient is None else f"shape {shape}")
        dtype = getattr(gradient, "dtype", type(gradient).__name__)
        if dtype != self.dtype:
            raise DtypeError(where, what, str(self.dtype), str(dtype), "keep the dtype of what came in")
        if backend.device_of(gradient) != self.device:
            raise DeviceError(where, what, f"an array on the {self.device}", f"one on the {backend.device_of(gradient)}",
                              "leave arrays where they are")

    def free(self):
        """Let go of the cache and of the nodes behind, so that memory falls as the walk proceeds."""
        self.cache, self.parents, self.used = None, (), True


def walk_back(root, gradient, until=()):
    """The backward pass. `pending` holds, for nodes not yet visited, the sum of the gradients that have arrived.

    The walk does not go on from the nodes `until`. Their gradients are what is still pending at the end, and returned, by node.
    """
    pending = {root: gradient}
    owned = set()                      # nodes whose pending sum is an array of our own, safe to add to in place
    for node in topological_order(root, until):
        if node in until:
            continue
        dy = node.call_hooks(pending.pop(node))
        if node.kernel is None:
            _accumulate(node.leaf(), dy)
            continue
        for parent, dx in zip(node.parents, node.gradients(dy)):
            if parent is None:
                continue
            if parent not in pending:
                pending[parent] = dx   # may be an array the kernel also returned elsewhere: not ours to change
            elif parent in owned:
                pending[parent] += dx
            else:
                pending[parent] = find("add", parent.device, swapped=False).forward(pending[parent], dx)[0]
                owned.add(parent)
        node.free()
    return pending


def topological_order(root, until=()):
    """All nodes behind `root`, each before its parents, but none behind those of `until`. With a stack, not recursion, so depth is no limit.

    A node is put down after everything behind it; read backwards, that is before everything behind it.
    """
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            if node.used:
                raise GraphError("backward", f"the tape behind this Tensor was used up by an earlier backward (at {node.name})",
                                 "one backward for each forward", "a second one", "run the forward pass again, or add the losses first")
            seen.add(node)
            stack.append((node, True))
            if node not in until:
                stack.extend((parent, False) for parent in node.parents if parent is not None)
    return reversed(order)


def _accumulate(tensor, gradient):
    if tensor is not None:             # a leaf that nobody holds any more needs no gradient
        if tensor.device != backend.device_of(gradient):
            raise DeviceError("backward", "a Tensor was moved after the forward pass", f"it on the {backend.device_of(gradient)}",
                              f"on the {tensor.device}", "move a net before you use it")
        # The first gradient is copied: it may share memory with one handed to another Tensor.
        tensor.grad = backend.copy(gradient) if tensor.grad is None else backend.as_array(tensor.grad + gradient)
