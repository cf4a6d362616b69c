"""A1: a tape for arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...types import Array
from ..across import Answer, ByReference, beside, call_and_look, fetch

LARGER = 64  # times the right number of numbers, at most, a rule works with
THINGS = "minires.course.things"


def order(topological_order: Answer, parents: Sequence[Sequence[int]]) -> list[int]:
    """Give a graph to a function that sorts its nodes: node i has the parents `parents[i]`; return
    their numbers as it sorts them.
    """
    nodes = beside(topological_order, THINGS).graph(parents)
    numbers = {node: number for number, node in enumerate(nodes)}
    return [numbers[node] for node in topological_order(nodes[-1])]


def walk(
    backward: Answer,
    node_class: Answer,
    parents: Sequence[Sequence[int]],
    factors: Sequence[Sequence[float | None]],
    gradient: Array,
) -> tuple[list[Array | None], list[int], Array]:
    """Run a student's backward pass over nodes that multiply and add up: value[i] = sum of
    factors[i][k] value[parents[i][k]].

    A factor None hands `dy` itself on, as an addition does. Returns the gradient of every node
    (None where there is none), how often each node was asked for its parents' gradients, and what
    was handed in, as it is afterwards.
    """
    nodes: list[Any] = []
    values: list[Array] = []
    calls = [0] * len(parents)
    for number, (places, numbers) in enumerate(zip(parents, factors)):

        def rule(dy, number=number, numbers=numbers):
            calls[number] += 1
            if dy is None:
                raise ValueError(
                    "a rule was called with dy = None: the grad of its node is not set yet"
                )
            known = fetch(dy) if any(factor is not None for factor in numbers) else None
            if np.size(known) > LARGER * gradient.size:
                raise ValueError(f"a rule was called with a dy of {np.size(known):,} numbers")
            return tuple(dy if factor is None else factor * known for factor in numbers)

        terms = [
            values[i] if factor is None else factor * values[i]
            for factor, i in zip(numbers, places)
        ]
        values.append(sum(terms, np.zeros_like(gradient)) if terms else np.ones_like(gradient))
        its = tuple(nodes[i] for i in places)
        nodes.append(node_class(values[-1], its, ByReference(rule) if places else None))
    _, (_, handed_in) = call_and_look(backward, (nodes[-1], gradient))
    return (
        [None if node.grad is None else np.asarray(node.grad) for node in nodes],
        calls,
        handed_in,
    )


def check_gradient(gradient_check: Answer, x: Array, factor: float | None) -> Any:
    """Let a student's gradient check judge the gradient of sum x^3: times `factor`, or with one
    wrong number if that is None.
    """

    def gradient(x):
        right = 3 * x**2
        if factor is None:
            return right + np.array([0.1, -0.1] + [0] * (len(x) - 2))  # their sum is as it was
        return factor * right

    return _yes_or_no(gradient_check(lambda x: float((x**3).sum()), gradient, x))


def check_numbers(
    gradient_check: Answer, weights: Array, error: Array, x: Array, tolerance: float
) -> Any:
    """Let a student's gradient check judge weights + error, where weights are the gradient."""
    return _yes_or_no(
        gradient_check(
            lambda x: float((weights * x).sum()), lambda x: weights + error, x, tolerance
        )
    )


def _yes_or_no(result):
    return bool(result) if isinstance(result, (bool, np.bool_)) else result


def slope(numerical_gradient: Answer, weights: Array, x: Array, eps: float) -> tuple[Any, Array]:
    """The numerical gradient of sum weights x^3, and x as it is afterwards."""
    result, (_, x, _) = call_and_look(
        numerical_gradient, (lambda x: float((weights * x**3).sum()), x, eps)
    )
    return result, x
