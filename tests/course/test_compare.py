"""Which numbers count as wrong, in a verdict, in its words and in its picture."""

import numpy as np
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import WrongAnswer
from minires.course.compare import differs, expect

INF, NAN = np.inf, np.nan


def message(got, want, mistakes=None):
    """The message about a wrong answer; "" for a right one."""
    try:
        expect("x", np.array(got), want, mistakes)
    except WrongAnswer as error:
        return str(error)
    return ""


@pytest.mark.parametrize("numbers", [[INF, 1.0], [-INF, NAN], [NAN, 0.0], [0, 1], [True, False]])
def test_an_answer_that_is_the_right_one_is_right(numbers):
    assert message(numbers, numbers) == ""


@pytest.mark.parametrize(
    "got, want, words",
    [
        ([INF, 7.0], [INF, 1.0], "1 of 2 differ, the first at [1]: expected 1, got 7"),
        ([-INF, 1.0], [INF, 1.0], "1 of 2 differ, the first at [0]: expected inf, got -inf"),
        ([5.0, 1.0], [INF, 1.0], "1 of 2 differ, the first at [0]: expected inf, got 5"),
        ([5.0, 1.0], [NAN, 1.0], "1 of 2 differ, the first at [0]: expected nan, got 5"),
        ([NAN, 1.0], [INF, 1.0], "1 of 2 differ, the first at [0]: expected inf, got nan"),
        ([INF, INF], [INF, 1.0], "1 of 2 values are infinite"),
        ([INF, NAN], [INF, 1.0], "1 of 2 values are nan"),
    ],
)
def test_numbers_that_are_not_finite_count_like_others(got, want, words):
    assert message(got, want).endswith(words)


def test_beside_inf_a_mistake_is_still_found():
    mistakes = [("the sum is taken", [INF, 3.0])]
    assert message([INF, 3.0], [INF, 1.0], mistakes).endswith("It looks as if the sum is taken")
    assert "sum" not in message([INF, 4.0], [INF, 1.0], mistakes)


def test_the_tolerance_is_a_share_of_the_largest_finite_number():
    want = np.array([100.0, 1.0, -INF])
    assert differs(want + [0.5, -0.5, 0], want, 0.01).tolist() == [False] * 3
    assert differs(want + [2.0, -0.5, 0], want, 0.01).tolist() == [True, False, False]


def test_a_submission_that_replaces_functions_of_numpy_changes_no_verdict(monkeypatch):
    for name in ("abs", "isnan", "isfinite", "all", "any", "allclose"):
        monkeypatch.setattr(np, name, lambda *args, **kwargs: np.array(True))
    assert differs(np.array([1.0, 2.0]), np.array([1.0, 3.0]), 1e-6).tolist() == [False, True]
