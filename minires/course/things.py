"""Things for a student's code to work on: a graph, a stream of batches, a small net.

They are made in the student's own process, where the student's code may look at them. So they
hold nothing but what they are told.
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
    """Nodes, of which number i has the parents `parents[i]`, made before or after it."""
    nodes = [Node() for _ in parents]
    for node, places in zip(nodes, parents):
        node.parents = [nodes[i] for i in places]
    return nodes


class Stream:
    """Batches, one by one: `take` gives the next, or raises StopIteration."""

    def __init__(self, take: Callable[[], Any]) -> None:
        self.take = take

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Any:
        return self.take()


def leaky_forward(x: Array) -> tuple[Array, Array]:
    """Another ReLU: numbers below 0 pass in part."""
    slope = np.where(x > 0, 1, 0.3).astype(x.dtype)
    return slope * x, slope


def leaky_backward(dy: Array, slope: Array) -> Array:
    """dL/dx of `leaky_forward`."""
    return dy * slope


class Linear(nn.Module):
    """Images as rows, times a matrix."""

    def __init__(self, start: Array) -> None:
        self.weight = nn.Parameter(start.copy())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.reshape(len(x), -1), self.weight)
