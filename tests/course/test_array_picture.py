"""Expected and got as a small picture: it marks the wrong elements, within 80 columns."""

import numpy as np
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import WrongAnswer, check, report
from minires.course.array_picture import picture
from minires.course.compare import differs, expect
from minires.course.mark import mark
from minires.lessons import exercise_card

from .conftest import changed


def rows(text):
    """The map as rows of marks."""
    return [line.split() for line in text.splitlines() if set(line.split()) <= {"x", "."}]


def drawn(got, want, tolerance=1e-6):
    return picture(got, want, differs(got, want, tolerance))


def test_it_marks_the_wrong_elements():
    rng = np.random.default_rng(0)
    want = rng.standard_normal((4, 5))
    got, wrong = want.copy(), np.zeros((4, 5), bool)
    wrong[1, 2] = wrong[3, 0] = True
    got[wrong] = np.nan, 7
    shown = drawn(got, want)
    assert rows(shown) == [["x" if one else "." for one in line] for line in wrong]
    assert f"{want[1, 2]:.3f}" in shown and "nanx" in shown and "7x" in shown


def test_it_shows_one_channel_of_one_image():
    want = np.zeros((2, 3, 6, 4))
    got = want.copy()
    got[1, 2, 3:, 0] = 1
    shown = drawn(got, want)
    assert shown.startswith("  [1, :, :, 0]: ")
    assert rows(shown) == [["."] * 6, ["."] * 6, [".", ".", ".", "x", "x", "x"]]
    assert "rows 0 to 2, columns 1 to 4" in shown


def test_an_array_with_one_axis_has_places_and_no_rows():
    want = np.zeros(40)
    got = want.copy()
    got[30:] = 1
    shown = drawn(got, want)
    assert "from place 16 on" in shown and "places 28 to 31" in shown
    assert "row" not in shown and "column" not in shown


@pytest.mark.parametrize("shape", [(2,), (300,), (1, 1, 2), (50, 60), (3, 40, 40, 3), (2,) * 5])
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1, 12345, 1e25])
def test_it_fits_into_80_columns_and_a_few_lines(shape, scale):
    rng = np.random.default_rng(0)
    want = scale * rng.standard_normal(shape)
    lines = drawn(-want, want).splitlines()
    assert 2 < len(lines) <= 15 and max(map(len, lines)) <= 80
    assert any("x" in line for line in lines[1:])


@pytest.mark.parametrize(
    "got, want",
    [
        (np.ones(3), np.ones(3)),
        (np.array(1.0), np.array(2.0)),
        (np.array([np.nan, np.inf, 1]), np.array([np.nan, np.inf, 1])),
        (np.ones((0, 3)), np.ones((0, 3))),
    ],
)
def test_without_wrong_numbers_there_is_no_picture(got, want):
    assert drawn(got, want) == ""


def test_a_notebook_shows_it_below_the_message():
    with pytest.raises(WrongAnswer) as error:
        expect("y", np.array([[1.0, 2], [3, 5]]), [[1.0, 2], [3, 4]])
    first, *others = error.value._render_traceback_()
    assert first.startswith("✗ y: wrong values: 1 of 4 differ") and "\n" not in str(error.value)
    assert rows("\n".join(others)) == [[".", "."], [".", "x"]]


def test_a_named_mistake_has_one_too_and_a_hidden_test_has_none():
    def mean(dy, a):
        return np.full(a.shape, dy / a.size)

    for hidden in (False, True):
        with pytest.raises(WrongAnswer, match="gradient of a mean") as error:
            check("a1.sum", mean, hidden=hidden)
        assert bool(error.value.picture) != hidden


def test_reports_show_it_unchanged(source):
    wrong = "def relu_backward(dy, a):\n    return dy * (dy > 0)"
    result = mark(changed(source, a1_relu=wrong), source, "a1_small")
    shown = result.marks[0].picture
    assert len(rows(shown)) == 5
    assert f"```\n{shown}\n```" in report.markdown("x", result)
    assert f'<pre class="numbers">{shown}</pre>' in report.html("x", result)


def test_exercises_of_notebooks_show_it(capsys):
    exercise_card.check("09.use", lambda x, mean, var, w, b: w * x / np.sqrt(var + 1e-5) + b)
    said = capsys.readouterr().out
    assert "It looks as if the mean is not subtracted\n  [0, :, :, 0]: x is wrong" in said
    assert len(rows(said)) == 3


def test_small_and_large_numbers_do_not_touch():
    want = np.array([0.0894, -0.30241, -1.1234e-03, -1.6e-120])
    found = drawn(1.1 * want, want, 1e-9)
    *_, numbers = found.splitlines()
    assert numbers.split()[:4] == ["0.089", "-0.302", "-1.1e-3", "-2e-120"]
    assert numbers.split()[4:] == ["0.098x", "-0.333x", "-1.2e-3x", "-2e-120"]
    assert max(map(len, found.splitlines())) <= 80
