"""Checks of the topological order and of the backward pass."""

from collections import Counter

import numpy as np

from ....amounts import counted
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...probes.a1 import STRANGE
from ...trial import Trial
from .. import task

DIAMOND = [[], [0], [0], [1, 2]]  # 0 is used twice
# Some edges skip a node, so that ordering nodes by their distance from the end is wrong.
LONG_AND_SHORT = [[], [0], [1], [2, 0], [3, 1], [4, 2]]
# Whichever parent is visited first, one of the two has an input before a node with a rule.
INPUTS_LAST = [[], [], [0, 1], [], [2, 3]]
INPUTS_FIRST = [[], [], [0, 1], [], [3, 2]]


@task("a1.topological_order")
def topological_order(function: Answer, trial: Trial) -> None:
    loss_last = trial.option("direction") == "loss last"
    for name, parents in (
        ("a chain", [[], [0], [1]]),
        ("a node used twice", DIAMOND),
        ("edges that skip", LONG_AND_SHORT),
        ("several inputs", INPUTS_LAST),
        ("several inputs", INPUTS_FIRST),
        ("a random graph", _random_graph(trial)),
        ("a node that is its own co-parent", [[], [0, 0]]),
    ):
        got = probe("a1.order", function, parents, trial.rng)
        expect_that(
            isinstance(got, list) and all(isinstance(i, int) for i in got),
            "topological_order: expected a list of nodes",
        )
        expect_that(got, f"topological_order, {name}: the list is empty")
        strange = got.count(STRANGE)
        expect_that(
            not strange,
            f"topological_order, {name}: the list holds "
            + counted(strange, "thing that is no node", "things that are no nodes")
            + " of this graph. Collect the nodes themselves, in a list that begins empty in each "
            "call: nodes of a call before this one do not belong in it",
        )
        wanted = sorted(_reachable(parents))
        expect_that(
            len(set(got)) == len(got),
            f"topological_order, {name}: a node appears {max(Counter(got).values())} times; each "
            "must appear once, however many nodes use it. Keep a set of the nodes that you have "
            "seen",
        )
        missing = [i for i in wanted if i not in got]
        expect_that(
            not missing,
            f"topological_order, {name}: {_share(missing, wanted)} missing"
            + (": the last one itself" if missing == [len(parents) - 1] else ""),
        )
        expect_that(
            len(got) == len(wanted),
            f"topological_order, {name}: {_share(set(got) - set(wanted), got)} not among those "
            "that the last one was made from: follow `parents`, and nothing else",
        )
        if loss_last:
            got = got[::-1]
        place = {node: at for at, node in enumerate(got)}
        if len(wanted) > 1 and got[0] != len(parents) - 1 and got[-1] == len(parents) - 1:
            raise WrongAnswer(
                f"topological_order, {name}: the order is the wrong way round: "
                + (
                    "here the last node, the loss, comes at the end (reverse the list)"
                    if loss_last
                    else "the backward pass starts at the last node, "
                    "so it comes first (reverse the list)"
                )
            )
        for node, its in enumerate(parents):
            for parent in its:
                if node in place and place[parent] < place[node]:
                    order, reverse = (
                        ("a node comes after one that uses it", "")
                        if loss_last
                        else ("a node comes before one that uses it", ", then reverse")
                    )
                    raise WrongAnswer(
                        f"topological_order, {name}: {order}. It would be visited before all of "
                        "its gradient has arrived. Breadth-first or depth-first order alone is "
                        "not enough: a node may be "
                        "appended only after all nodes that lead to it (go depth first, "
                        f"append on the way *back*{reverse})"
                    )


@task("a1.long_chain")
def long_chain(function: Answer, trial: Trial) -> None:
    length = 5_000 if trial.hidden else 20_000  # deep enough too, and the hidden check runs twice
    parents: list[list[int]] = [[]] + [[i] for i in range(length)]
    try:
        got, raised = probe("a1.deep_order", function, parents, trial.rng)
    except WrongAnswer as error:
        if "RecursionError" in str(error):
            raise WrongAnswer(
                f"topological_order: a chain of {length:,} nodes is too deep for recursion: "
                "Python stops at a depth of 1,000. "
                "Keep a list of your own of what is still to do, with append and pop"
            ) from None
        raise
    expect_that(
        not raised,
        "topological_order: sys.setrecursionlimit is called. The point is for an answer without "
        "recursion: keep a list of your own of what is still to do, with append and pop",
    )
    everything = range(length + 1)
    missing = set(everything) - set(got)
    expect_that(
        not missing, f"topological_order, a long chain: {_share(missing, everything)} missing"
    )
    expect_that(
        STRANGE not in got,
        "topological_order, a long chain: nodes of a call before this one are in the list. It must "
        "begin empty in each call",
    )
    wanted = list(range(length, -1, -1))
    expect_that(
        got == (wanted[::-1] if trial.option("direction") == "loss last" else wanted),
        f"topological_order: a chain of {length:,} nodes is not in order",
    )


def _share(some, of):
    """How many of the nodes, with the verb."""
    return f"{len(some)} of {len(of):,} nodes {'is' if len(some) == 1 else 'are'}"


def _random_graph(trial):
    return [[]] + [
        sorted(set(trial.rng.integers(0, i, size=min(i, 3)).tolist()) | {i - 1})
        for i in range(1, 12)
    ]


def _reachable(parents):
    seen, todo = set(), [len(parents) - 1]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += parents[node]
    return seen


@task("a1.backward")
def backward(function: Answer, node_class: Answer, trial: Trial) -> None:
    for name, parents in (
        ("a chain", [[], [0], [1]]),
        ("a node used twice", DIAMOND),
        ("edges that skip", LONG_AND_SHORT),
        ("several inputs", INPUTS_LAST),
        ("several inputs", INPUTS_FIRST),
        ("a random graph", _random_graph(trial)),
    ):
        factors = [[float(trial.rng.uniform(0.5, 2)) for _ in its] for its in parents]
        gradient = trial.normal(2)
        got, calls, _ = probe("a1.walk", function, node_class, parents, factors, gradient)
        if max(calls) > 1:
            raise WrongAnswer(
                f"backward, {name}: the rule of a node was called {max(calls)} times. Call each "
                "rule once, when all of its node's gradient has arrived; otherwise the time "
                "doubles with every fork. Follow topological_order"
            )
        for i, (mine, right) in enumerate(zip(got, _gradients(parents, factors, gradient))):
            if right is None:
                continue
            expect_that(
                mine is not None,
                f"backward, {name}: node {i} has no gradient (grad is None). Visit all nodes in "
                "the list: one without a rule has nothing to pass on, but others may come after it",
            )
            parts = [
                factor * dy
                for its, numbers, dy in zip(parents, factors, got)
                for parent, factor in zip(its, numbers)
                if parent == i and dy is not None
            ]
            expect(
                f"backward, {name}: the gradient of node {i}",
                mine,
                right,
                [
                    *[
                        (
                            "gradients are overwritten instead of added up: a node that is "
                            "used twice gets two, and needs their sum",
                            part,
                        )
                        for part in parts
                    ],
                    (
                        "gradients are multiplied by the node's gradient once more: the rule has "
                        "done that already",
                        _gradients(parents, factors, gradient, power=2)[i],
                    ),
                    (
                        "the argument `gradient` is not used: it is the gradient of the last node",
                        right / gradient,
                    ),
                ],
            )
    # A graph of additions only: their rules return dy itself, so that several nodes hold the same
    # array.
    gradient, ones = trial.normal(2), [[1.0] * len(its) for its in LONG_AND_SHORT]
    got, _, handed_in = probe(
        "a1.walk",
        function,
        node_class,
        LONG_AND_SHORT,
        [[None] * len(its) for its in LONG_AND_SHORT],
        gradient,
    )
    right = _gradients(LONG_AND_SHORT, ones, gradient)
    if not np.array_equal(handed_in, gradient) or not all(
        np.allclose(mine, its) for mine, its in zip(got, right)
    ):
        raise WrongAnswer(
            "backward, additions: a gradient was changed after it was passed on. The rule of an "
            "addition passes dy itself to both parents, so several nodes hold the same array, and "
            "grad += part changes it for all of them. Make a new array: grad = grad + part"
        )


def _gradients(parents, factors, gradient, power=1):
    """The right gradient of each node; None for a node that the last one was not made from.

    `power` 2 plants a mistake: what a rule returns is multiplied by the node's gradient.
    """
    found = [None] * len(parents)
    found[-1] = gradient
    for node in range(len(parents) - 1, -1, -1):
        for parent, factor in zip(parents[node], factors[node]):
            if found[node] is not None:
                found[parent] = factor * found[node] ** power + (
                    0 if found[parent] is None else found[parent]
                )
    return found
