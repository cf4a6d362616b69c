"""Where a task fails because of an earlier task, its check says so."""

import pytest

from minires.course import WrongAnswer, causes, check

RIGHT = "import numpy as np\ndef output_size(n, k, s, p):\n    return (n + 2 * p - k) // s + 1\n"
WRONG = RIGHT.replace(" + 1", "")
PAD = """
def pad(x, padding):
    return np.zeros((0,))
"""
NAIVE = """
def conv2d_naive(x, w, stride, padding):
    def places(axis):
        return output_size(x.shape[axis], w.shape[axis - 1], stride, padding)
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    return np.zeros((len(x), places(1), places(2), w.shape[3]))
"""
HINT = " (This uses output_size, which is not right yet. Mend it first.)"


@pytest.fixture(autouse=True)
def notebook(monkeypatch):
    monkeypatch.setattr(causes, "_wrong", set())


def said(space, task, name=None):
    with pytest.raises(WrongAnswer) as error:
        check(task, space[name or task.split(".")[1]])
    return str(error.value)


def defined(*sources):
    space = {"__name__": "__main__"}
    for source in sources:
        exec(source, space)
    return space


def test_the_cause_is_named(capsys):
    space = defined(WRONG, NAIVE)
    assert not said(space, "a2.output_size").endswith("first.)")
    assert said(space, "a2.naive", "conv2d_naive").endswith(HINT)
    exec(RIGHT, space)
    check("a2.output_size", space["output_size"])
    assert HINT not in said(space, "a2.naive", "conv2d_naive")


def test_a_function_of_numpy_with_the_same_name_is_not_the_cause():
    space = defined(RIGHT, PAD, NAIVE)
    said(space, "a2.pad")
    assert "Mend" not in said(space, "a2.naive", "conv2d_naive")


def test_a_cause_two_calls_away():
    between = "def places(*all):\n    return output_size(*all)\n"
    space = defined(WRONG, between, NAIVE.replace("output_size", "globals_places"))
    exec(NAIVE.replace("output_size", "size").replace("return size", "return between"), space)
    exec("between = places", space)
    said(space, "a2.output_size")
    assert said(space, "a2.naive", "conv2d_naive").endswith(HINT)


@pytest.mark.parametrize(
    "names, words", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_several_causes_are_a_list_in_words(names, words):
    assert causes.listed(names) == words
