"""Exercises of notebook 01: derivatives, and the tape for numbers."""

import math
from collections.abc import Callable
from typing import Any

from ...course.calling import call, reported
from ...course.compare import WrongAnswer, expect, expect_that, expect_tuple
from .kinds import Exercise


def _check_divide(divide_backward: Callable[..., Any]) -> None:
    dy, a, b = 2.0, 3.0, 5.0
    got = call(divide_backward, dy, a, b)
    da, db = expect_tuple("divide_backward", got, 2, "da and db")
    expect(
        "divide_backward: da",
        da,
        dy / b,
        [
            (
                "dy is missing: multiply the derivative of this step by the one that comes back",
                1 / b,
            ),
            ("it is the derivative of a product", dy * b),
            ("da and db are exchanged", -dy * a / b**2),
        ],
    )
    expect(
        "divide_backward: db",
        db,
        -dy * a / b**2,
        [
            ("the sign is lost: the larger b, the smaller a / b", dy * a / b**2),
            ("dy is missing", -a / b**2),
            ("b is not squared: the derivative of 1 / b is -1 / b²", -dy * a / b),
            ("a is missing", -dy / b**2),
        ],
    )


def _check_sigmoid(value: type[Any]) -> None:
    with reported("Value"):
        x = value(0.5)
        y = value(1.0) / (value(1.0) + (x * -1.0).exp())
        for what, result in (("exp", (x * -1.0).exp()), ("/", y)):
            expect_that(
                isinstance(result, value),
                f"{what}: expected a Value, got {type(result).__name__}: what it returns must know "
                "its parents, so return a Value",
            )
        y.backward()
    s = 1 / (1 + math.exp(-0.5))
    expect("1 / (1 + exp(-x)) at 0.5", y.data, s)
    slope = s * (1 - s)
    e = math.exp(-0.5)
    expect(
        "its derivative",
        x.grad,
        slope,
        [
            (
                "nothing comes back to x: give the Value that exp returns its parents and its "
                "local derivatives",
                0.0,
            ),
            ("the derivative of exp is taken as 1; it is exp(x) itself", s * s),
            ("the local derivative of exp is x, not exp(x)", s * s * -0.5),
            ("a sign is lost: does / have the derivative -a / b² with respect to b?", -slope),
            ("the derivative of 1 / b lacks its square", e * s),
        ],
    )
    with reported("Value"):
        a, b = value(3.0), value(4.0)
        (a / b).backward()
    expect("a / b with a = 3, b = 4: its derivative with respect to a", a.grad, 0.25)
    expect("a / b with a = 3, b = 4: its derivative with respect to b", b.grad, -3 / 16)


class _Link:
    """A stand-in for a Value, with parents only: enough to sort."""

    def __init__(self, *parents: "_Link") -> None:
        self.parents = parents


def _check_order(in_order: Callable[..., Any]) -> None:
    last = _Link()
    for _ in range(5000):
        last = _Link(last)
    try:
        with reported("my_in_order"):
            chain = in_order(last)
    except WrongAnswer as error:
        if "RecursionError" not in str(error):
            raise
        raise WrongAnswer(
            "my_in_order: a chain of 5,000 steps is too deep for a function that calls itself: "
            "keep a list of the values that are left to do"
        ) from None
    expect_that(
        isinstance(chain, (list, tuple)),
        f"my_in_order: expected a list of values, got {type(chain).__name__}",
    )
    expect_that(
        len(chain) == 5001, f"my_in_order: expected all 5,001 values of a chain, got {len(chain):,}"
    )
    _see_order(chain, "a chain")
    a = _Link()
    b, c = _Link(a), _Link(a)
    d = _Link(b, c, a)
    with reported("my_in_order"):
        diamond = in_order(d)
    expect_that(
        len(diamond) == len(set(diamond)),
        "my_in_order: a value that is used twice is in the list twice; each must be there once",
    )
    expect_that(set(diamond) == {a, b, c, d}, "my_in_order: a value is missing")
    _see_order(diamond, "a value that is used three times")


def _see_order(order, what):
    place = {value: i for i, value in enumerate(order)}
    backwards = all(
        parent in place and place[parent] > place[value]
        for value in order
        for parent in value.parents
    )
    for value in order:
        for parent in value.parents:
            expect_that(
                parent in place and place[parent] < place[value],
                f"my_in_order, {what}: a value comes before one it was made from"
                + (": the order is the wrong way round" if backwards else ""),
            )


EXERCISES = (
    Exercise(
        "01.divide",
        1,
        "The derivative of a division",
        """`y = a / b` is one step of a computation. Write `divide_backward(dy, a, b)`, which gets
`dy`, the derivative of the loss with respect to `y`, and returns `da, db`.""",
        (
            "Each is `dy` times the derivative of this one step, a / b, with respect to a or to b.",
            "With respect to a, 1/b is a constant factor. With respect to b, write a / b as "
            "`a * b ** -1` and use the rule for powers.",
        ),
        """
def divide_backward(dy, a, b):
    return dy / b, -dy * a / b**2
""",
        _check_divide,
    ),
    Exercise(
        "01.sigmoid",
        2,
        "Two new steps for the tape",
        """Give `Value` a division and an exponential, so that 1 / (1 + exp(-x)) can be written as

    Value(1.0) / (Value(1.0) + (x * -1.0).exp())

Write two functions, add them to the class (`Value.exp = ...`, `Value.__truediv__ = ...`), and
set `MyValue = Value` when you are done.""",
        (
            "a / b is `a * b ** -1`; `Value` has both parts already.",
            "The derivative of exp is exp itself. So `exp` returns a Value with the number "
            "`math.exp(self.data)`, the parents `(self,)`, and the local derivatives "
            "`(math.exp(self.data),)`.",
            "`def exp(self): y = math.exp(self.data); return Value(y, (self,), (y,), 'exp')`. For "
            "the division `as_value(other) ** -1` saves you a second rule.",
        ),
        """
def exp(self):
    y = math.exp(self.data)
    return Value(y, (self,), (y,), "exp")


def divide(self, other):
    return self * as_value(other) ** -1


Value.exp, Value.__truediv__ = exp, divide
MyValue = Value
""",
        _check_sigmoid,
    ),
    Exercise(
        "01.order",
        3,
        "An order without recursion",
        """`visit` in `in_order` calls itself, and Python stops at a depth of about 1,000 calls. A
network with many steps would be too deep. Write `my_in_order(last)` without a function that calls
itself. The check tries a chain of 5,000 steps.""",
        (
            "Keep a list of what is left to do, and always take the last one from it (a stack).",
            "A value may join the order only when all its parents are in it. So put it on the "
            "list twice: once to look at its parents, and below them, once more to be added.",
            "Entries of the form `(value, parents_done)`. If they are done: append the value to "
            "the order. If not, and it was never seen: push `(value, True)`, and then each parent "
            "with False.",
        ),
        """
def my_in_order(last):
    order, seen, todo = [], set(), [(last, False)]
    while todo:
        value, parents_done = todo.pop()
        if parents_done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            todo.append((value, True))
            todo += [(parent, False) for parent in value.parents]
    return order
""",
        _check_order,
    ),
    Exercise(
        "01.explain",
        0,
        "why they add up",
        """A friend wrote `parent.grad = local * value.grad` on the tape, with `=` where we have
`+=`, and all small examples came out right. Explain when it goes wrong, and why the derivatives
have to be added.""",
        ("Think of a number that is used twice, as `a` in a · a + 3a.",),
        """As long as every value is used once, there is a single derivative to keep, and `=` does
no harm. If a value is used in two places, a small change of it changes the loss in both ways at
once, and the two changes add up. With `=` the second derivative overwrites the first, and the first
one is lost. In a network every weight that is shared is such a place, and every block that adds its
input to its output.""",
    ),
)
