"""The drawing of a row that is repeated, and of its gradient."""

import numpy as np
import pytest

from minires import plot
from minires.errors import ConfigError, ShapeError


@pytest.mark.parametrize("rows, columns", [(4, 3), (1, 1), (6, 6)])
def test_the_four_tables_hold_the_numbers(rows, columns):
    rng = np.random.default_rng(0)
    x, dy = rng.integers(0, 9, (2, rows, columns))
    b = rng.integers(10, 90, columns)
    axes = plot.broadcasting(x, b, dy).axes
    expected = [x, np.tile(b, (rows, 1)), x + b, np.concatenate([dy, dy.sum(axis=0)[None]])]
    for ax, numbers in zip(axes, expected, strict=True):
        cells = {
            tuple(text.get_position()): text.get_text()
            for text in ax.texts
            if text.get_text().isdigit()
        }
        # From left to right, from the top down.
        shown = [cells[place] for place in sorted(cells, key=lambda place: (place[1], place[0]))]
        assert shown == [str(number) for number in numbers.ravel()]
    arrows = [text for text in axes[3].texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == columns  # from each column of dy to its sum


def test_what_is_repeated_is_pale():
    second = plot.broadcasting(np.zeros((3, 2)), np.array([1, 2]), np.zeros((3, 2))).axes[1]
    strengths = [patch.get_alpha() for patch in second.patches]
    assert strengths[0] == strengths[1] > strengths[2] == strengths[5]


@pytest.mark.parametrize(
    "shapes, error, said",
    [
        (((4, 3), (4,), (4, 3)), ShapeError, r"b \(columns,\).*b \(4,\)"),
        (((4, 3), (3,), (3, 4)), ShapeError, r"dy \(3, 4\)"),
        (((12,), (3,), (12,)), ShapeError, r"x \(12,\)"),
        (((7, 3), (3,), (7, 3)), ConfigError, "1 to 6 rows and columns"),
        (((0, 3), (3,), (0, 3)), ConfigError, "1 to 6 rows and columns"),
    ],
)
def test_what_cannot_be_drawn(shapes, error, said):
    with pytest.raises(error, match=said):
        plot.broadcasting(*map(np.zeros, shapes))
