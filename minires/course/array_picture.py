"""A small picture in characters that shows which numbers of an array are wrong.

It is at most 80 columns wide, to fit below a cell, in a terminal and in a report.
"""

from typing import Any

import numpy as np

from ..types import Array

MOST_ROWS, MOST_COLUMNS = 8, 24  # of the map
WINDOW = 4  # rows and columns of numbers
RIGHT, WRONG = ".", "x"


def picture(got: Array, want: Array, wrong: Array) -> str:
    """Draw a map of right and wrong numbers, and below it the numbers around the first wrong one.

    Only one slice of an array with more than two axes is shown: of images (N, H, W, C) the rows and
    columns of one channel, otherwise the last two axes.

    Parameters
    ----------
    got, want : ndarray
        Of the same shape.
    wrong : ndarray of bool
        A mask of the wrong numbers, also of this shape.

    Returns
    -------
    str
        Several lines; "" for a single number, or if nothing is wrong.
    """
    if want.size < 2 or not wrong.any():
        return ""
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    place, (row, column) = _slice(first, want.shape)
    parts = [np.atleast_2d(one[place]) for one in (want, got, wrong)]
    title = "" if want.ndim < 3 else f"[{', '.join(map(_index, place))}]: "
    top, left = (
        _start(at, size, most)
        for at, size, most in zip(
            (row, column), parts[2].shape, (MOST_ROWS, MOST_COLUMNS), strict=True
        )
    )
    shown = parts[2][top : top + MOST_ROWS, left : left + MOST_COLUMNS]
    start = f"place {left}" if want.ndim == 1 else f"row {top}, column {left}"
    cut = "" if shown.size == parts[2].size else f", from {start} on"
    lines = [f"  {title}{WRONG} is wrong, {RIGHT} is right{cut}"]
    lines += ["    " + " ".join(WRONG if one else RIGHT for one in line) for line in shown]
    return "\n".join([*lines, *_numbers(parts, row, column, want.ndim)])


def _slice(first, shape):
    """The index of a slice with two axes through `first`, and its row and column there."""
    if len(shape) == 1:
        return (slice(None),), (0, int(first[0]))
    rows = 1 if len(shape) == 4 else len(shape) - 2
    place = tuple(
        slice(None) if axis in (rows, rows + 1) else int(at) for axis, at in enumerate(first)
    )
    return place, (int(first[rows]), int(first[rows + 1]))


def _index(at):
    return ":" if isinstance(at, slice) else str(at)


def _start(at: int, size: int, most: int) -> int:
    """The first index to show, if `most` of `size` are shown and `at` must be among them."""
    return max(0, min(at - most // 2, size - most))


def _numbers(parts, row, column, axes):
    """Lines with the numbers around a place, expected on the left and got on the right."""
    want, got, wrong = parts
    top, left = (_start(at, size, WINDOW) for at, size in zip((row, column), want.shape))
    here = slice(top, top + WINDOW), slice(left, left + WINDOW)
    want, got, wrong = want[here], got[here], wrong[here]
    columns = want.shape[1]
    if axes == 1:
        title = f"  places {left} to {left + columns - 1}"
    else:
        title = f"  rows {top} to {top + len(want) - 1}, columns {left} to {left + columns - 1}"
    head = f"    {'expected':<{9 * columns}}  got"
    lines = [head]
    for right, mine, marks in zip(want, got, wrong):
        expected = "".join(f"{_short(one):>8} " for one in right)
        found = "".join(
            f"{_short(one):>8}{WRONG if mark else ' '}" for one, mark in zip(mine, marks)
        )
        lines.append(f"    {expected} {found}".rstrip())
    return [title, *lines] if want.size < parts[0].size else lines


def _short(number: Any) -> str:
    """A number in at most seven characters."""
    if isinstance(number, (bool, np.bool_)):
        return str(bool(number))
    number = float(number)
    if not np.isfinite(number) or number == int(number) and abs(number) < 1e6:
        return f"{number:g}"
    if 1e-2 <= abs(number) < 1e3:
        return f"{number:.3f}"
    digits = 1 if 1e-99 < abs(number) < 1e100 else 0
    mantissa, exponent = f"{number:.{digits}e}".split("e")
    return f"{mantissa}e{int(exponent)}"  # -1.1e-3, as -1.1e-03 would touch its neighbour
