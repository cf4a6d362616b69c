"""The tape: a graph of what was computed, and the walk back through it that finds gradients.

Every operation on Tensors adds a `Node`: which kernel ran, what it kept for its backward (the
cache), and the nodes its inputs came from (the parents). The nodes form a graph without cycles.
`walk_back` visits it from the loss towards the parameters, each node after all nodes that used its
result, so that each receives the sum of its gradients exactly once. Thanks to that order a net
with 2^27 paths costs only as much time as its 56 layers.

Nodes hold no Tensors: an intermediate array lives exactly as long as a kernel's backward needs it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import backend
from ..errors import DeviceError, DtypeError, GraphError, ShapeError
from ..kernels import Kernel, find
from ..types import Array


class Node:
    """One entry of the tape. A node without a kernel is a leaf: its gradient goes to its Tensor."""

    __slots__ = (
        "name",
        "kernel",
        "cache",
        "parents",
        "shape",
        "dtype",
        "device",
        "hooks",
        "leaf",
        "used",
        "version",
        "versions",
    )

    def __init__(
        self,
        name: str,
        kernel: type[Kernel] | None,
        cache: Any,
        parents: Sequence["Node | None"],
        y: Array,
        leaf: Any = None,
    ) -> None:
        self.name, self.kernel, self.cache, self.parents = name, kernel, cache, parents
        self.shape, self.dtype, self.device = y.shape, y.dtype, backend.device_of(y)
        self.hooks: dict[int, Callable[[Array], Array | None]] = {}
        self.leaf, self.used = leaf, False
        # How often a leaf's array was changed in place, and for others what it was for each parent.
        self.version = 0
        self.versions = tuple(0 if parent is None else parent.version for parent in parents)

    def gradients(self, dy: Array) -> tuple[Any, ...]:
        """dL/d(input) for every parent; None where no gradient is needed."""
        assert self.kernel is not None  # a leaf has no parents
        needs = tuple(parent is not None for parent in self.parents)
        arguments = (dy, self.cache, needs) if self.kernel.takes_needs else (dy, self.cache)
        found = self.kernel.backward(*arguments)
        found = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        where = f"{self.name}.backward"
        if len(found) != len(self.parents):
            raise ShapeError(
                where,
                "number of gradients",
                f"{len(self.parents)}, one for each array that forward takes",
                str(len(found)),
            )
        for position, (gradient, parent) in enumerate(zip(found, self.parents)):
            if parent is not None:
                parent.check(gradient, where, f"gradient of input {position}")
        return found

    def check_unchanged(self) -> None:
        """Raise GraphError if an array that backward needs was changed since the forward pass."""
        for parent, version in zip(self.parents, self.versions):
            if parent is None or parent.version == version:
                continue
            if any(array.shape == parent.shape for array in arrays_in(self.cache)):
                raise GraphError(
                    "backward",
                    f"a parameter of shape {parent.shape} that {self.name} needs was changed since "
                    "the forward pass",
                    "backward before an optimiser's step",
                    "a step in between",
                    "call backward first, or run the forward pass again",
                )

    def call_hooks(self, dy: Array) -> Array:
        """dL/d(this), or the array that a hook returned instead."""
        if self.hooks:
            dy = backend.copy(dy)  # a hook may write to it, and other nodes may have been given it
        for hook in list(self.hooks.values()):  # a copy: a hook may remove itself
            replacement = hook(dy)
            if replacement is not None:
                self.check(replacement, f"hook on {self.name}", "gradient returned")
                dy = replacement
        return dy

    def check(self, gradient: Any, where: str, what: str) -> None:
        """Raise an error unless `gradient` fits this node's array: its shape, dtype and device."""
        if not backend.is_array(gradient) and not isinstance(gradient, (np.generic, float, int)):
            expected = f"an array of shape {self.shape}"
            if gradient is None:
                raise ShapeError(where, what, expected, "None")
            todo = "return its .data" if hasattr(gradient, "requires_grad") else None
            raise DtypeError(where, what, expected, f"a {type(gradient).__name__}", todo)
        shape = np.shape(gradient) if not backend.is_array(gradient) else gradient.shape
        if shape != self.shape:
            raise ShapeError(where, what, f"shape {self.shape}", f"shape {shape}")
        dtype = getattr(gradient, "dtype", type(gradient).__name__)
        if dtype != self.dtype:
            raise DtypeError(where, what, str(self.dtype), str(dtype), "keep the input's dtype")
        if backend.device_of(gradient) != self.device:
            raise DeviceError(
                where,
                what,
                f"an array on the {self.device}",
                f"one on the {backend.device_of(gradient)}",
                "leave arrays where they are",
            )

    def free(self) -> None:
        """Drop the cache and the links to parents, so that memory falls as the walk proceeds."""
        self.cache, self.parents, self.used = None, (), True


def run_forward(
    name: str, arrays: Sequence[Array], settings: Mapping[str, Any]
) -> tuple[type[Kernel], Array, Any]:
    """Run the kernel `name` and check its result. Returns (kernel, y, cache)."""
    device = backend.device_of(arrays[0]) if arrays else "cpu"
    kernel, where = find(name, device), f"{name}.forward"
    result = kernel.forward(*arrays, **settings)
    if not isinstance(result, tuple) or len(result) != 2:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
        raise ShapeError(
            where,
            "result",
            "a tuple (y, cache)",
            got,
            "return None as the cache if backward needs nothing",
        )
    y, cache = backend.as_array(result[0]), result[1]
    if y.dtype != arrays[0].dtype:
        raise DtypeError(
            where, "result", str(arrays[0].dtype), str(y.dtype), "keep the input's dtype"
        )
    if backend.device_of(y) != device:
        raise DeviceError(
            where,
            "result",
            f"an array on the {device}",
            f"one on the {backend.device_of(y)}",
            "leave arrays where they are",
        )
    return kernel, y, cache


def walk_back(root: Node, gradient: Array, until: Collection[Node] = ()) -> dict[Node, Array]:
    """The backward pass. `pending` sums the gradients that have arrived at nodes not visited yet.

    The walk stops at the nodes in `until`. It returns their gradients, which are still pending at
    the end, by node.
    """
    pending = {root: gradient}
    owned = set()  # nodes whose sum is an array of our own: add to it in place
    for node in topological_order(root, until):
        if node in until:
            continue
        dy = node.call_hooks(pending.pop(node))
        if node.kernel is None:
            _accumulate(node.leaf(), dy)
            continue
        node.check_unchanged()
        for parent, dx in zip(node.parents, node.gradients(dy)):
            if parent is None:
                continue
            if parent not in pending:
                pending[parent] = dx  # the kernel may have returned it for another input too
            elif parent in owned:
                pending[parent] += dx
            else:
                add = find("add", parent.device, swapped=False)
                pending[parent] = add.forward(pending[parent], dx)[0]
                owned.add(parent)
        node.free()
    return pending


def topological_order(
    root: Node, until: Collection[Node] = (), where: str = "backward"
) -> Iterator[Node]:
    """All nodes behind `root`, each before its parents, without going past the nodes in `until`.

    Depth-first: a node is appended after everything behind it; read backwards, it comes before. A
    stack instead of recursion, because Python's recursion ends at about a thousand.
    """
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            if node.used:
                raise GraphError(
                    where,
                    "the tape behind this Tensor was used up by an "
                    f"earlier backward (at {node.name})",
                    "one backward for each forward",
                    "a second one",
                    "run the forward pass again, or add the losses first",
                )
            seen.add(node)
            stack.append((node, True))
            if node not in until:
                stack.extend((parent, False) for parent in node.parents if parent is not None)
    return reversed(order)


def arrays_in(cache: Any) -> Iterator[Array]:
    """All arrays that a kernel's cache holds, in tuples, lists and dicts of any depth."""
    stack = [cache]
    while stack:
        item = stack.pop()
        if isinstance(item, (tuple, list)):
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif backend.is_array(item):
            yield item


def _accumulate(tensor, gradient):
    if tensor is not None:  # nobody refers to this leaf any more: it needs no gradient
        device = backend.device_of(gradient)
        if tensor.device != device:
            raise DeviceError(
                "backward",
                "a Tensor was moved after the forward pass",
                f"it on the {device}",
                f"on the {tensor.device}",
                "move a net before you use it",
            )
        # The first gradient is copied: it may share memory with one for another Tensor.
        first = tensor.grad is None
        tensor.grad = backend.copy(gradient) if first else backend.as_array(tensor.grad + gradient)
