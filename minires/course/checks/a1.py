"""A1: a tape for arrays."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...names import shown
from ...types import Array, Shape
from ..across import as_numbers
from ..compare import (
    Answer,
    Trial,
    WrongAnswer,
    call,
    expect,
    expect_that,
    expect_tuple,
    probe,
)
from . import task

CASES = (
    ((2, 4, 3), (4, 1)),
    ((4, 3), (3,)),
    ((4, 3), (1, 3)),
    ((4, 3), (4, 1)),
    ((2, 5), ()),
    ((3, 2), (3, 2)),
)


def sum_to(
    dy: Array,
    shape: Shape,
    keep: bool = True,
    leading: bool = True,
    stretched: bool = True,
    mean: bool = False,
) -> Array:
    """The sum of dy over the axes that broadcasting made or stretched; the flags leave parts of it
    out.
    """
    new = dy.ndim - len(shape)
    axes = tuple(i for i in range(new)) if leading else ()
    if stretched:
        axes += tuple(i for i in range(new, dy.ndim) if shape[i - new] == 1 and dy.shape[i] != 1)
    reduced = (np.mean if mean else np.sum)(dy, axis=axes, keepdims=True) if axes else dy
    return (
        reduced.squeeze(axes)
        if not keep
        else reduced.reshape(reduced.shape[new:])
        if leading
        else reduced
    )


@task("a1.unbroadcast")
def unbroadcast(function: Answer, trial: Trial) -> None:
    for large, small in CASES:
        dy = trial.normal(*large)
        expect(
            f"unbroadcast, from shape {large} to {small}",
            call(function, dy, small, name="unbroadcast"),
            sum_to(dy, small),
            [
                (
                    "the gradient is passed on as it came: every copy that broadcasting "
                    "made has one, and they add up",
                    dy,
                ),
                (
                    "the new axes in front are summed, but not those that were stretched from 1",
                    sum_to(dy, small, stretched=False),
                ),
                (
                    "the stretched axes are summed, but not the new ones in front",
                    sum_to(dy, small, leading=False),
                ),
                ("the mean is taken instead of the sum", sum_to(dy, small, mean=True)),
                (
                    "an axis of length 1 is lost in the sum: keepdims=True keeps it",
                    sum_to(dy, small, keep=False),
                ),
            ],
        )
    dy = trial.normal(4, 3, dtype=np.float32)
    expect(
        "unbroadcast of float32",
        call(function, dy, (3,), name="unbroadcast"),
        dy.sum(axis=0),
        tolerance=1e-5,
        dtype=np.float32,
    )


@task("a1.add")
def add(function: Answer, trial: Trial) -> None:
    for a, b in ((trial.normal(4, 3), trial.normal(3)), (trial.normal(2, 1), trial.normal(2, 5))):
        dy = trial.normal(*np.broadcast_shapes(a.shape, b.shape))
        got = expect_tuple(
            "add_backward", call(function, dy, a, b, name="add_backward"), 2, "da and db"
        )
        for name, gradient, x in zip(("da", "db"), got, (a, b)):
            expect(
                f"add_backward: {name}",
                gradient,
                sum_to(dy, x.shape),
                [("broadcasting is not undone: use unbroadcast", dy), *_not_undone(dy, x.shape)],
            )


def _not_undone(dy, shape):
    """What an unbroadcast gives that is not right yet."""
    sentence = "unbroadcast is not right yet: see its check first"
    return [
        (sentence, dy.sum(axis=0)),
        (sentence, dy.sum(axis=0, keepdims=True)),
        (sentence, sum_to(dy, shape, keep=False)),
        (sentence, dy.sum()),
    ]


@task("a1.multiply")
def multiply(function: Answer, trial: Trial) -> None:
    for a, b in (
        (trial.normal(4, 3), trial.normal(4, 3)),
        (trial.normal(4, 3), trial.normal(3)),
        (trial.normal(2, 1), trial.normal(2, 5)),
    ):
        dy = trial.normal(*np.broadcast_shapes(a.shape, b.shape))
        got = expect_tuple(
            "multiply_backward", call(function, dy, a, b, name="multiply_backward"), 2, "da and db"
        )
        for name, gradient, x, other in (("da", got[0], a, b), ("db", got[1], b, a)):
            wanted = sum_to(dy * other, x.shape)
            own = dy * x
            expect(
                f"multiply_backward: {name}",
                gradient,
                wanted,
                [
                    ("the other factor is missing: d(ab)/da is b, not 1", sum_to(dy, x.shape)),
                    ("a and b are exchanged: d(ab)/da is b", sum_to(own, x.shape)),
                    ("broadcasting is not undone: use unbroadcast", dy * other),
                    (
                        "dy is missing: the chain rule multiplies by what came from above",
                        sum_to(np.ones_like(dy) * other, x.shape),
                    ),
                    (
                        "unbroadcast comes before the product: multiply first, then add up",
                        sum_to(dy, x.shape) * other
                        if x.shape == other.shape
                        else sum_to(dy, x.shape) * sum_to(other * np.ones_like(dy), x.shape),
                    ),
                    (
                        "unbroadcast comes before the product: multiply first, then undo",
                        sum_to(dy, x.shape) * other,
                    ),
                    *_not_undone(dy * other, x.shape),
                ],
            )


@task("a1.matmul")
def matmul(function: Answer, trial: Trial) -> None:
    for n in (
        4,
        3,
    ):  # the second time all are square: a transposition too few then has the right shape
        a, b = trial.normal(n, 3), trial.normal(3, 5 if n == 4 else 3)
        dy = trial.normal(n, b.shape[1])
        try:
            got = call(function, dy, a, b, name="matmul_backward")
        except WrongAnswer as error:
            if "ValueError" in str(error):
                raise WrongAnswer(
                    f"{error}. Here dy has shape {dy.shape}, a {a.shape} and b {b.shape}: "
                    "which product of dy with one of them, "
                    "transposed or not, has the shape of the other?"
                ) from None
            raise
        da, db = expect_tuple("matmul_backward", got, 2, "da and db")
        square = n == b.shape[1] == 3
        expect(
            "matmul_backward: da",
            da,
            dy @ b.T,
            [
                ("da and db are in the wrong order: return da, db", a.T @ dy),
                ("dy is missing: the chain rule multiplies by what came from above", b.T),
                ("b is not transposed: da = dy b^T", dy @ b)
                if square
                else ("b and dy are in the wrong order: da = dy b^T", (b @ dy.T)),
                ("b and dy are in the wrong order: da = dy b^T", b.T @ dy)
                if square
                else ("b and dy are in the wrong order", b @ dy.T),
            ],
        )
        expect(
            "matmul_backward: db",
            db,
            a.T @ dy,
            [
                ("dy is missing: the chain rule multiplies by what came from above", a.T),
                ("a is not transposed: db = a^T dy", a @ dy)
                if square
                else ("a and dy are in the wrong order: db = a^T dy", dy.T @ a),
                ("a and dy are in the wrong order: db = a^T dy", dy @ a.T)
                if square
                else ("a and dy are in the wrong order", dy.T @ a),
            ],
        )


SLOPES = {"0": 0.0, "1/2": 0.5, "1": 1.0}


def slope(a: Array, at_zero: str) -> Array:
    """The derivative of max(a, 0), with one of the keys of `SLOPES` at a = 0."""
    return np.heaviside(a, SLOPES[at_zero])


@task("a1.relu")
def relu(function: Answer, trial: Trial) -> None:
    a, dy = trial.normal(5, 4), trial.normal(5, 4)
    a[0, :2] = 0.0, -0.0
    (da,) = _one(call(function, dy, a, name="relu_backward"), "relu_backward")
    at_zero = trial.option("ReLU at 0")
    others = [
        (f"the derivative at a = 0 is {key}: here it is to be {at_zero}", slope(a, key) * dy)
        for key in SLOPES
    ]
    expect(
        "relu_backward",
        da,
        slope(a, at_zero) * dy,
        [
            (
                "the gradient is let through where *it* is positive, instead of where a is",
                dy * (dy > 0),
            ),
            *(
                [
                    (
                        "the gradient is let through at a = 0: minires, as PyTorch, takes 0 there",
                        dy * (a >= 0),
                    )
                ]
                if at_zero == "0"
                else []
            ),
            *others,
            ("dy is missing", (a > 0).astype(float)),
            ("y itself is returned, max(a, 0), instead of da", np.maximum(a, 0)),
            (
                "max(dy, 0) is taken: the forward formula, applied to the gradient",
                np.maximum(dy, 0),
            ),
            ("the sign of a is turned round: gradients pass where a > 0", dy * (a < 0)),
            ("the gradient is multiplied by a itself", dy * np.maximum(a, 0)),
        ],
    )


@task("a1.sum")
def total(function: Answer, trial: Trial) -> None:
    a = trial.normal(4, 3)
    dy = trial.normal()
    (da,) = _one(call(function, dy, a, name="sum_backward"), "sum_backward")
    expect(
        "sum_backward",
        da,
        np.full((4, 3), dy),
        [
            ("dy is missing: every number counts once, times dy", np.ones((4, 3))),
            (
                "it is divided by the number of elements: that is the gradient of a mean",
                np.full((4, 3), dy / 12),
            ),
            ("the gradient is multiplied by a: d(sum)/da is 1 everywhere", dy * a),
            ("it is left as one number: da has the shape of a", dy),
        ],
    )


def _one(got, name):
    """A single gradient, alone or as a tuple of one."""
    return got if isinstance(got, (tuple, list)) and len(got) == 1 else (got,)


DIAMOND = [[], [0], [0], [1, 2]]  # 0 is used twice
LONG_AND_SHORT = [
    [],
    [0],
    [1],
    [2, 0],
    [3, 1],
    [4, 2],
]  # edges that skip: an order by distance from the end is wrong


@task("a1.topological_order")
def topological_order(function: Answer, trial: Trial) -> None:
    loss_last = trial.option("direction") == "loss last"
    for name, parents in (
        ("a chain", [[], [0], [1]]),
        ("a node used twice", DIAMOND),
        ("edges that skip", LONG_AND_SHORT),
        ("a random graph", _random_graph(trial)),
        ("a node that is its own co-parent", [[], [0, 0]]),
    ):
        got = probe("a1.order", function, parents, trial.rng)
        expect_that(
            isinstance(got, list) and all(isinstance(i, int) for i in got),
            "topological_order: expected a list of nodes",
        )
        expect_that(got, f"topological_order, {name}: the list is empty")
        wanted = sorted(_reachable(parents))
        expect_that(
            len(set(got)) == len(got),
            f"topological_order, {name}: a node comes {max(Counter(got).values())} times; "
            "each must come once, "
            "however many others use it. Keep a set of those already seen",
        )
        missing = [i for i in wanted if i not in got]
        expect_that(
            not missing,
            f"topological_order, {name}: {len(missing)} of {len(wanted)} nodes are missing",
        )
        expect_that(
            len(got) == len(wanted),
            f"topological_order, {name}: {len(got) - len(wanted)} of {len(got)} nodes are none "
            "that the last one was made from: follow `parents`, and nothing else",
        )
        if loss_last:
            got = got[::-1]
        place = {node: at for at, node in enumerate(got)}
        if len(wanted) > 1 and got[0] != len(parents) - 1 and got[-1] == len(parents) - 1:
            raise WrongAnswer(
                f"topological_order, {name}: the order is the wrong way round: "
                + (
                    "here the last node, the loss, stands at the end (reverse the list)"
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
    length = 5_000 if trial.hidden else 20_000  # the first time says enough about depth
    parents: list[list[int]] = [[]] + [[i] for i in range(length)]
    try:
        got = probe("a1.order", function, parents, trial.rng)
    except WrongAnswer as error:
        if "RecursionError" in str(error):
            raise WrongAnswer(
                f"topological_order: a chain of {length:,} nodes is too deep for recursion: "
                "Python stops at a depth of 1,000. "
                "Keep a list of your own of what is still to do, with append and pop"
            ) from None
        raise
    wanted = list(range(length, -1, -1))
    expect_that(
        got == (wanted[::-1] if trial.option("direction") == "loss last" else wanted),
        f"topological_order: a chain of {length:,} nodes is not in order",
    )


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
        ("a random graph", _random_graph(trial)),
    ):
        factors = [[float(trial.rng.uniform(0.5, 2)) for _ in its] for its in parents]
        gradient = trial.normal(2)
        got, calls, _ = probe("a1.walk", function, node_class, parents, factors, gradient)
        if max(calls) > 1:
            raise WrongAnswer(
                f"backward, {name}: a node was asked {max(calls)} times for its parents' "
                "gradients. Each must be asked once, when "
                "all of its own gradient has arrived; otherwise the time doubles with every "
                "fork. Follow topological_order"
            )
        for i, (mine, right) in enumerate(zip(got, _gradients(parents, factors, gradient))):
            if right is None:
                continue
            expect_that(
                mine is not None, f"backward, {name}: node {i} has no gradient (grad is None)"
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
                        "the gradient that was handed in is not used: it is that of the last node",
                        right / gradient,
                    ),
                ],
            )
    # Additions alone: their rules hand on dy itself, so that several nodes hold the same array.
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
            "backward, additions: a gradient was changed after it was handed on. The rule "
            "of an addition hands dy itself to both parents, so "
            "several nodes hold the same array, and grad += part changes it for all of "
            "them. Make a new one: grad = grad + part"
        )


def _gradients(parents, factors, gradient):
    """The right ones, from the last node to the first; None for a node that the last was not made
    from.
    """
    found = [None] * len(parents)
    found[-1] = gradient
    for node in range(len(parents) - 1, -1, -1):
        for parent, factor in zip(parents[node], factors[node]):
            if found[node] is not None:
                found[parent] = factor * found[node] + (
                    0 if found[parent] is None else found[parent]
                )
    return found


def expect_put_back(what: str, before: Sequence[Array], after: Sequence[Array]) -> None:
    """That a function left its arrays as they were."""
    if all(np.array_equal(a, b) for a, b in zip(before, after)):
        return
    if all(np.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(before, after)):
        raise WrongAnswer(
            f"{what} is not quite as it was before: adding eps and taking it away again "
            "leaves rounding errors. Keep the old number, "
            "old = x[i], and put that back, x[i] = old"
        )
    raise WrongAnswer(f"{what} is not as it was before: put each number back after moving it")


@task("a1.numerical_gradient")
def numerical_gradient(function: Answer, trial: Trial) -> None:
    weights, x = trial.normal(3, 2), trial.normal(3, 2)

    def f(x):
        return float((weights * x**3).sum())

    eps = 1e-2  # large: the formulas differ by more than rounding does
    while ((x + eps) - 2 * eps + eps == x).all():  # one at least that does not come back by itself
        x = trial.normal(3, 2)
    got, afterwards = probe("a1.slope", function, weights, x, eps)
    expect_put_back("numerical_gradient: x", (x,), (afterwards,))
    central, forward, backward_ = (np.empty((3, 2)) for _ in range(3))
    rows = np.array(
        [[(f(x + step) - f(x - step)) / (2 * eps)] * 2 for step in eps * np.eye(3)[:, :, None]]
    )
    for i in np.ndindex(3, 2):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        central[i], forward[i], backward_[i] = (
            (f(up) - f(down)) / (2 * eps),
            (f(up) - f(x)) / eps,
            (f(x) - f(down)) / eps,
        )
    expect(
        "numerical_gradient",
        got,
        central,
        [
            (
                "the difference is taken on one side only: (f(x + eps) - f(x)) / eps is off "
                "by as much as eps; use both sides",
                forward,
            ),
            (
                "the difference is taken on one side only: use (f(x + eps) - f(x - eps)) / (2 eps)",
                backward_,
            ),
            ("it is divided by eps and not by 2 eps: the two points are 2 eps apart", 2 * central),
            (
                "/ 2 * eps stands for / (2 * eps): without brackets it divides by 2 and "
                "multiplies by eps",
                central * eps**2,
            ),
            ("the sign is turned round", -central),
            ("a whole row is moved at once: move one number, at [i, j]", rows),
            (
                "all numbers are moved at once: move one, and put it back before the next",
                np.full((3, 2), (f(x + eps) - f(x - eps)) / (2 * eps)),
            ),
        ],
        tolerance=1e-9,
    )
    expect_that(
        np.asarray(got).dtype == np.float64,
        "numerical_gradient: expected float64, since differences of nearly equal numbers "
        "lose digits",
    )


@task("a1.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    x = trial.normal(4)
    weights = -trial.rng.uniform(0.5, 2, 60)  # all negative: the largest is that without its sign
    weights[7], one = 0.0, np.arange(60) == 7

    def times(factor, scale=1.0):
        return "a1.check_gradient", x, factor, trial.rng, scale

    def off_by(share, tolerance):
        error = share * np.abs(weights).max() * one
        return "a1.check_numbers", weights, error, trial.normal(60), tolerance, trial.rng

    too_large = trial.factor(1.008, 1.02)
    cases = [
        (
            times(1.0),
            True,
            "says that a right gradient is wrong. Rounding leaves differences of about 1e-9 of "
            "the gradient: allow for the tolerance, as a share of the size of the gradient. (Is "
            "numerical_gradient right? See its check first)",
        ),
        (
            times(too_large),
            False,
            f"one that is {100 * (too_large - 1):.1f} % too large passes for right. Compare the "
            "difference with the tolerance",
        ),
        (
            times(-1.0),
            False,
            "one with the wrong sign passes for right. Compare the difference with the tolerance",
        ),
        (
            times(np.nan),
            False,
            "one that is nan passes for right. A comparison with nan is always False: ask "
            "whether the difference is *small*, not whether it is large",
        ),
        (
            times(np.inf),
            False,
            "one that is infinite passes for right. The tolerance is a share of the largest "
            "number of the *numerical* gradient",
        ),
        (
            times(None),
            False,
            "one of which only a single number is wrong passes for right. Compare every number, "
            "not their sum or mean",
        ),
        (
            times(1.5, scale=1e-6),
            False,
            "a small gradient that is 50 % too large passes for right: compare the difference "
            "with the size of the gradients, not with a fixed number",
        ),
        (
            off_by(0, 1e-4),
            True,
            "says that a right gradient is wrong if all its numbers are negative or 0: take the "
            "largest number without its sign",
        ),
        (
            off_by(0.5e-2, 1e-2),
            True,
            "one number of 60, where the gradient is 0, is off by half of what is allowed, and "
            "it says False. The tolerance is a share of the *largest* number of the numerical "
            "gradient, for all numbers alike, and `tolerance` is what was passed in",
        ),
        (
            off_by(2e-2, 1e-2),
            False,
            "one number of 60 is off by twice what is allowed, and it says True. Compare every "
            "number, not their mean or norm",
        ),
        (
            off_by(1e-5, 1e-6),
            False,
            "with tolerance 1e-6 it lets an error of 1e-5 pass: use the `tolerance` that is "
            "passed in",
        ),
    ]

    def question(call, wanted, message):
        name, *given = call
        return probe(name, function, *given)

    for _, wanted, message, got in trial.ask(cases, question):
        expect_that(
            isinstance(got, bool), f"gradient_check: expected True or False, got {shown(got)}"
        )
        expect_that(got is wanted, f"gradient_check: {message}")


@task("a1.train")
def train(losses: Answer, function: Answer, nodes: Answer, trial: Trial) -> None:
    try:
        got = as_numbers(losses)
    except (TypeError, ValueError):
        raise WrongAnswer(
            "losses: expected a list of numbers: append the value of the loss, "
            "float(loss.value), and not its Node"
        ) from None
    expect_that(
        got.size >= 50, f"losses: expected one for each of at least 50 steps, got {got.size}"
    )
    expect_that(
        np.isfinite(got).all(), "losses: they are not finite; is the learning rate too large?"
    )
    expect_that(
        abs(got[0] - math.log(2)) < 0.1,
        "losses: the first should be near ln 2 = 0.69, for the net knows nothing yet; got "
        f"{got[0]:.3f}. "
        "Take each loss before its step. If you have run the training twice, it went on "
        "from where it was: first run the "
        "cell again that makes w1, b1, w2 and b2",
    )
    # Those of the run with seed 0, lr 0.5 and all points in every step.
    expect(
        "losses: the first three steps",
        got[:3],
        (0.68728, 0.48929, 0.42857),
        [
            (
                "gradients of earlier steps are still there: set every grad to None before "
                "each step",
                (0.68728, 0.48929, 0.39142),
            ),
            (
                "the steps go up: move every parameter *against* its gradient",
                (0.68728, 1.08446, 2.11682),
            ),
            ("the parameters do not move", (0.68728, 0.68728, 0.68728)),
        ],
        tolerance=1e-3,
    )
    expect_that(got[-1] < 0.1, f"losses: expected less than 0.1 at the end, got {got[-1]:.3f}")
    _a_few_steps(function, nodes, trial)


def _a_few_steps(function, nodes, trial):
    """That the loop itself gives the right losses, from values that nobody has seen."""
    steps, lr = 4 + int(trial.rng.integers(0, 3)), float(trial.rng.uniform(0.2, 0.4))
    start = [
        trial.normal(2, 16),
        0.1 * trial.normal(16),
        0.3 * trial.normal(16, 1),
        trial.normal(1),
    ]
    before = [node.value for node in nodes]
    try:
        for node, value in zip(nodes, start):
            node.value = value.copy()
        got = call(function, steps, lr, name="train")
        after = [np.asarray(node.value) for node in nodes]
    finally:
        for node, value in zip(nodes, before):
            node.value = value
    expect_that(
        isinstance(got, (list, tuple, np.ndarray)) and len(got) == steps,
        f"train({steps}, lr): expected a list of {steps} losses",
    )
    try:
        got = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise WrongAnswer("train: expected numbers, float(loss.value) of each step") from None
    expect(
        f"train: the losses of {steps} steps from other values",
        got,
        descent(start, steps, lr),
        [
            (
                "gradients of earlier steps are still there: set every grad to None before "
                "each step",
                descent(start, steps, lr, forget=False),
            ),
            ("lr is not the one that was passed in", descent(start, steps, 0.5)),
            (
                "the steps go up: move every parameter *against* its gradient",
                descent(start, steps, -lr),
            ),
            ("the parameters do not move", descent(start, steps, 0)),
        ],
    )
    expect_that(
        not any(np.array_equal(old, now) for old, now in zip(start, after)),
        "train: w1, b1, w2 and b2 hold what they held before. Change the `value` of these "
        "nodes, and make no new ones",
    )


def descent(start: Sequence[Array], steps: int, lr: float, forget: bool = True) -> Array:
    """The losses of the assignment's net of two layers on its half moons."""
    rng = np.random.default_rng(0)
    angle, upper = rng.uniform(0, np.pi, 300), rng.random(300) < 0.5
    points = np.where(
        upper[:, None],
        np.c_[np.cos(angle), np.sin(angle)],
        np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)],
    )
    x = points + 0.1 * rng.standard_normal((300, 2))
    t = np.where(upper, 1.0, -1.0)[:, None]
    losses = []
    values = [value.copy() for value in start]
    total = [np.zeros_like(value) for value in start]
    for _ in range(steps):
        w1, b1, w2, b2 = values
        hidden = np.maximum(x @ w1 + b1, 0)
        z = hidden @ w2 + b2
        losses.append(np.logaddexp(0, -z * t).mean())
        dz = -t / (1 + np.exp(z * t)) / t.size
        dhidden = (dz @ w2.T) * (hidden > 0)
        found = (x.T @ dhidden, dhidden.sum(axis=0), hidden.T @ dz, dz.sum(axis=0))
        total = [new if forget else old + new for old, new in zip(total, found)]
        values = [value - lr * gradient for value, gradient in zip(values, total)]
    return np.array(losses)
