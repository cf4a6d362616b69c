"""What a student reads about terse messages of NumPy and Python: each is made here, by the mistake
that it comes from."""

import numpy as np
import pytest

from minires.course.calling import call
from minires.course.compare import WrongAnswer
from minires.course.meanings import MEANINGS, meaning

MISTAKES = {
    "several axes": (lambda a: a.sum(0, 1), "go into a tuple"),
    "a list of axes": (lambda a: a.sum([0, 1]), "go into a tuple"),
    "a shape": (lambda a: np.zeros(2, 3), "go into a tuple"),
    "PyTorch's dim": (lambda a: a.sum(dim=1), "is called axis"),
    "PyTorch's keepdim": (lambda a: a.sum(1, keepdim=True), "is called keepdims"),
    "an if for an array": (lambda a: 1 if a > 0 else 2, "np.where"),
    "a float as length": (lambda a: range(3 / 1), "// rounds down"),
    "a float as index": (lambda a: a[4 / 2], "// rounds down"),
    "a float in a slice": (lambda a: a[: 4 / 2], "// rounds down"),
    "a float as shape": (lambda a: np.zeros(4 / 2), "// rounds down"),
    "shapes that do not match": (lambda a: a + np.ones((2, 5)), "from the last axis on"),
    "a product without .T": (lambda a: a @ a, "Is a .T missing"),
    "a dot product without .T": (lambda a: a.dot(a), "Is a .T missing"),
    "a method without its brackets": (lambda a: a * a.mean, "without its brackets"),
    "a shape with brackets": (lambda a: a.shape(), "A shape is no function"),
    "an axis left out": (lambda a: a.transpose(0), "every axis once"),
    "round brackets for an element": (lambda a: a(1), "square brackets"),
    "no return": (lambda a: (lambda: None)() + 1, "without `return`"),
    "square brackets for a call": (lambda a: np.meshgrid[a], "round brackets"),
    "a view that must not change": (
        lambda a: np.broadcast_to(a, (2, 2, 3)).__setitem__(0, 1),
        "a.copy()",
    ),
}


@pytest.mark.parametrize("function, words", MISTAKES.values(), ids=MISTAKES)
def test_a_terse_message_is_explained(function, words):
    with pytest.raises(WrongAnswer) as caught:
        call(function, np.ones((2, 3)), name="total")
    message = str(caught.value)
    assert message.startswith("total stopped with ")
    assert message.endswith(f". {meaning(message)}") and words in meaning(message)


def test_each_meaning_is_for_a_mistake_that_happens():
    met = set()
    for function, _ in MISTAKES.values():
        with pytest.raises(Exception) as caught:
            function(np.ones((2, 3)))
        met.add(meaning(str(caught.value)))
    assert met == {what for _, what in MEANINGS}


def test_a_message_that_says_enough_stays_alone():
    def total(x):
        raise ValueError("the sum is missing")

    with pytest.raises(WrongAnswer, match=r"the sum is missing \(line \d+: raise .*\)$"):
        call(total, np.ones(3))
