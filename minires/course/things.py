"""Objects for a student's code to work on: a graph, a stream of batches, a small net.

They are made in the student's own process, where the student's code can look into them. So they
hold nothing that gives an answer away.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import functional as F
from .. import nn
from ..autograd.tensor import Tensor
from ..types import Array


class Node:
    """A node of a graph, with its `parents`."""

    def __init__(self) -> None:
        self.parents: list[Node] = []


def graph(parents: Sequence[Sequence[int]]) -> list[Node]:
    """Make nodes, of which number i has the parents `parents[i]`, in any order."""
    nodes = [Node() for _ in parents]
    for node, places in zip(nodes, parents):
        node.parents = [nodes[i] for i in places]
    return nodes


class Stream:
    """An iterator of batches: `take()` returns the next one or raises StopIteration."""

    def __init__(self, take: Callable[[], Any]) -> None:
        self.take = take

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Any:
        return self.take()


def leaky_forward(x: Array) -> tuple[Array, Array]:
    """A leaky ReLU with slope 0.3 below 0: y, and the cache of slopes."""
    slope = np.where(x > 0, 1, 0.3).astype(x.dtype)
    return slope * x, slope


def leaky_backward(dy: Array, slope: Array) -> Array:
    """dL/dx of `leaky_forward`."""
    return dy * slope


class Linear(nn.Module):
    """A net of one linear layer: images as rows, times a matrix."""

    def __init__(self, start: Array) -> None:
        self.weight = nn.Parameter(start.copy())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.reshape(len(x), -1), self.weight)
