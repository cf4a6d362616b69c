"""Probes for A1, a tape for arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...types import Array
from ..across import Answer, ByReference, beside, call_and_look, fetch

STRANGE = -1  # the number of what is no node of the graph
LIMIT = 3_000  # the limit of recursion in a notebook; elsewhere Python's is 1,000
LARGER = 64  # a rule refuses a dy of more than this many times the right number of numbers
THINGS = "minires.course.things"


def order(
    topological_order: Answer, parents: Sequence[Sequence[int]], rng: np.random.Generator
) -> list[int]:
    """Have a student's function sort the nodes of a graph, and return the nodes' numbers in its
    order.

    Node i has the parents `parents[i]`.

    The nodes are made in an order drawn by `rng`, so that the order of their making says nothing.
    Among them are some that the last node was not made from; their numbers begin at
    ``len(parents)``. What is no node of this graph gets the number `STRANGE`.
    """
    others = [rng.integers(0, len(parents), 2).tolist() for _ in range(1 + len(parents) // 4)]
    everything = [*parents, *others]
    places = rng.permutation(len(everything)).tolist()  # when each node is made
    made: list[list[int]] = [[] for _ in everything]
    for number, its in enumerate(everything):
        made[places[number]] = [places[i] for i in its]
    nodes = beside(topological_order, THINGS).graph(made)
    numbers = {nodes[place]: number for number, place in enumerate(places)}
    return [_number(node, numbers) for node in topological_order(nodes[places[len(parents) - 1]])]


def _number(thing, numbers):
    try:
        return numbers.get(thing, STRANGE)
    except TypeError:  # it cannot be a key, so it is no node
        return STRANGE


def deep_order(
    topological_order: Answer, parents: Sequence[Sequence[int]], rng: np.random.Generator
) -> tuple[list[int], bool]:
    """Like `order`, within the usual limit of recursion; and whether the function raised it."""
    there = beside(topological_order, "sys")
    before = there.getrecursionlimit()
    usual = min(before, LIMIT)
    there.setrecursionlimit(usual)
    try:
        return order(topological_order, parents, rng), there.getrecursionlimit() > usual
    finally:
        there.setrecursionlimit(before)


def walk(
    backward: Answer,
    node_class: Answer,
    parents: Sequence[Sequence[int]],
    factors: Sequence[Sequence[float | None]],
    gradient: Array,
) -> tuple[list[Array | None], list[int], Array]:
    """Run a student's backward pass on a graph of sums: value[i] = sum of factors[i][k]
    value[parents[i][k]].

    The rule of a factor None passes on `dy` itself, as that of an addition does.

    Returns
    -------
    gradients : list of ndarray or None
        Of each node; None where there is none.
    calls : list of int
        How often the rule of each node was called.
    gradient : ndarray
        The argument `gradient`, as it is afterwards.
    """
    nodes: list[Any] = []
    values: list[Array] = []
    calls = [0] * len(parents)
    for number, (places, numbers) in enumerate(zip(parents, factors)):

        def rule(dy, number=number, numbers=numbers):
            calls[number] += 1
            if dy is None:
                raise ValueError(
                    "a rule was called with dy = None: the grad of its node is not set yet. Set "
                    "last.grad first, and visit a node after all nodes that use it"
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


def drawn(
    x: Array, rng: np.random.Generator, scale: float = 1.0
) -> tuple[Callable[[Array], float], Callable[[Array], Array]]:
    """A random function of about the size `scale`, and its gradient.

    The sign is chosen so that the largest number of the gradient at `x` is above 0.
    """
    size = len(x)
    high, speed, shift = (rng.uniform(0.5, 1.5, size) for _ in range(3))
    mixed, power = rng.standard_normal((size, size)) / size, rng.integers(2, 5, size)
    weights = rng.uniform(0.2, 0.6, size)

    def slopes(x):
        waves = high * speed * np.cos(speed * x + shift)
        return waves + (mixed + mixed.T) @ x + weights * power * x ** (power - 1)

    at_x = slopes(x)
    sign = scale * np.sign(at_x[np.argmax(np.abs(at_x))])

    def f(x):
        curves = high * np.sin(speed * x + shift) + weights * x**power
        return float(sign * (curves.sum() + x @ mixed @ x))

    return f, lambda x: sign * slopes(x)


def check_gradient(
    gradient_check: Answer,
    x: Array,
    factor: float | None,
    rng: np.random.Generator,
    scale: float = 1.0,
) -> Any:
    """Let a student's gradient check judge the gradient of a random function, times `factor`.

    If `factor` is None, two numbers of the gradient are wrong instead.
    """
    f, right = drawn(x, rng, scale)

    def gradient(x):
        if factor is None:
            return right(x) + np.array([0.1, -0.1] + [0] * (len(x) - 2))  # their sum is unchanged
        return factor * right(x)

    return _yes_or_no(gradient_check(f, gradient, x))


def check_numbers(
    gradient_check: Answer,
    weights: Array,
    error: Array,
    x: Array,
    tolerance: float,
    rng: np.random.Generator,
) -> Any:
    """Let a student's gradient check judge weights + error, where weights are the gradient at `x`
    of a curved function.
    """
    bend, start = rng.standard_normal(len(x)), x.copy()

    def f(x):
        away = x - start
        return float((weights * away + bend * away**2).sum())

    def gradient(x):
        return weights + 2 * bend * (x - start) + error

    return _yes_or_no(gradient_check(f, gradient, x, tolerance))


def _yes_or_no(result):
    """A bool of NumPy as one of Python; anything else unchanged."""
    return bool(result) if isinstance(result, (bool, np.bool_)) else result


def slope(numerical_gradient: Answer, weights: Array, x: Array, eps: float) -> tuple[Any, Array]:
    """A student's numerical gradient of the sum of weights x^3, and x as it is afterwards."""
    result, (_, x, _) = call_and_look(
        numerical_gradient, (lambda x: float((weights * x**3).sum()), x, eps)
    )
    return result, x
