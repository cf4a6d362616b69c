"""Checks of the backward rules: un-broadcasting, add, multiply, matmul, ReLU and sum."""

import numpy as np

from ....types import Array, Shape
from ...across import Answer
from ...calling import call
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task

# Pairs of shapes: that of dy, and the one to sum it to.
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
    """Sum dy to `shape`, over the axes that broadcasting added or stretched.

    Each flag plants one mistake: an axis that is lost (`keep`), axes that are not summed
    (`leading`, `stretched`), or a mean instead of the sum (`mean`).
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
        try:
            got = call(function, dy, small, name="unbroadcast")
        except WrongAnswer as error:
            if "ValueError" in str(error) or "AxisError" in str(error):
                raise WrongAnswer(
                    f"{error}. Here dy has shape {dy.shape}, and `shape` is {small}: add up over "
                    "the axes that are new in dy, and over those of length 1 in `shape`"
                ) from None
            raise
        expect(
            f"unbroadcast, from shape {large} to {small}",
            got,
            sum_to(dy, small),
            [
                (
                    "dy is returned as it is: broadcasting made copies of a number, and the "
                    "gradients of all copies must be added up",
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
                    "only the first of the copies is used: the gradients of all copies must be "
                    "added up",
                    _first_copy(dy, small),
                ),
                (
                    "the last axes are summed: broadcasting puts new axes in *front*",
                    dy.sum(axis=tuple(range(len(small), dy.ndim))),
                ),
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


def _first_copy(dy, shape):
    """The part of dy that reached the first copy of each number, in `shape`."""
    new = dy.ndim - len(shape)
    stretched = (i < new or shape[i - new] == 1 for i in range(dy.ndim))
    return dy[tuple(slice(0, 1) if one else slice(None) for one in stretched)].reshape(shape)


@task("a1.add")
def add(function: Answer, trial: Trial) -> None:
    for a, b in ((trial.normal(4, 3), trial.normal(3)), (trial.normal(2, 1), trial.normal(2, 5))):
        dy = trial.normal(*np.broadcast_shapes(a.shape, b.shape))
        got = expect_tuple(
            "add_backward", call(function, dy, a, b, name="add_backward"), 2, "da and db"
        )
        expect_that(
            a.shape == b.shape or [np.shape(one) for one in got] != [b.shape, a.shape],
            f"add_backward: da has the shape of b, {b.shape}, and db that of a, {a.shape}: each "
            "gradient must have the shape of its own input",
        )
        for name, gradient, x in zip(("da", "db"), got, (a, b)):
            expect(
                f"add_backward: {name}",
                gradient,
                sum_to(dy, x.shape),
                [("broadcasting is not undone: use unbroadcast", dy), *_not_undone(dy, x.shape)],
            )


def _not_undone(dy, shape):
    """Results of an `unbroadcast` that is not right yet."""
    sentence = "unbroadcast is not right yet: see the check of task 1 first"
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
                    (
                        "both factors are multiplied in: d(ab)/da is b alone",
                        sum_to(dy * x * other, x.shape),
                    ),
                    ("broadcasting is not undone: use unbroadcast", dy * other),
                    (
                        "dy is missing: the chain rule multiplies by dy, the gradient of the "
                        "output",
                        sum_to(np.ones_like(dy) * other, x.shape),
                    ),
                    (
                        "unbroadcast comes before the product: multiply first, then unbroadcast",
                        sum_to(dy, x.shape) * other
                        if x.shape == other.shape
                        else sum_to(dy, x.shape) * sum_to(other * np.ones_like(dy), x.shape),
                    ),
                    (
                        "unbroadcast comes before the product: multiply first, then unbroadcast",
                        sum_to(dy, x.shape) * other,
                    ),
                    *_not_undone(dy * other, x.shape),
                ],
            )


@task("a1.matmul")
def matmul(function: Answer, trial: Trial) -> None:
    # In the second case all matrices are square: a missing transpose then has the right shape.
    for n in (4, 3):
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
                    + (
                        " The product of two matrices is @; `*` multiplies number by number"
                        if "broadcast" in str(error)
                        else ""
                    )
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
                ("dy is missing: the chain rule multiplies by dy, the gradient of the output", b.T),
                *(
                    [
                        ("b is not transposed: da = dy b^T", dy @ b),
                        ("b and dy are in the wrong order: da = dy b^T", b.T @ dy),
                    ]
                    if square
                    else [("b and dy are in the wrong order: da = dy b^T", b @ dy.T)]
                ),
            ],
        )
        expect(
            "matmul_backward: db",
            db,
            a.T @ dy,
            [
                ("dy is missing: the chain rule multiplies by dy, the gradient of the output", a.T),
                *(
                    [
                        ("a is not transposed: db = a^T dy", a @ dy),
                        ("a and dy are in the wrong order: db = a^T dy", dy @ a.T),
                    ]
                    if square
                    else [("a and dy are in the wrong order: db = a^T dy", dy.T @ a)]
                ),
            ],
        )


SLOPES = {"0": 0.0, "1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "1": 1.0}


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
        (f"the derivative at a = 0 is {key}, but here it must be {at_zero}", slope(a, key) * dy)
        for key in SLOPES
    ]
    leaky = np.shape(da) == a.shape and np.array_equal(da[a > 0], dy[a > 0]) and da[a < 0].any()
    expect(
        "relu_backward",
        da,
        slope(a, at_zero) * dy,
        [
            (
                "the gradient passes where dy is positive, instead of where a is",
                dy * (dy > 0),
            ),
            *(
                [
                    (
                        "the gradient passes at a = 0: minires and PyTorch take 0 there",
                        dy * (a >= 0),
                    )
                ]
                if at_zero == "0"
                else []
            ),
            *others,
            ("dy is missing", (a > 0).astype(float)),
            ("y itself is returned, max(a, 0), instead of da", np.maximum(a, 0)),
            ("the gradient passes where a < 0: it must pass where a > 0", dy * (a < 0)),
            ("the gradient is multiplied by a itself", dy * np.maximum(a, 0)),
            *(
                [("some of the gradient passes where a < 0: max(a, 0) is flat there", da)]
                if leaky
                else []
            ),
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
            ("dy is missing: every number of da is dy", np.ones((4, 3))),
            (
                "dy is divided by the number of elements: that is the gradient of a mean",
                np.full((4, 3), dy / 12),
            ),
            ("the gradient is multiplied by a: d(sum)/da is 1 everywhere", dy * a),
            ("da is left as one number: it must have the shape of a", dy),
        ],
    )


def _one(got, name):
    """The gradient as a tuple of one, whether a student returned it alone or in a tuple."""
    return got if isinstance(got, (tuple, list)) and len(got) == 1 else (got,)
