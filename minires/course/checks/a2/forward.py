"""Checks of convolution forward: loops, im2col, one matrix product, and its speed."""

from itertools import permutations
from typing import Any

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import call, probe
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task
from .definitions import (
    CASES,
    INNER,
    SPEEDUP,
    convolution,
    in_order,
    padded,
    product,
    rows_of,
    size_of,
    windows,
)
from .size_and_border import one_sided, other_values


def forward_mistakes(x: Array, w: Array, stride: int, padding: int) -> list[tuple[str, Array]]:
    """What the usual mistakes in a forward pass give: pairs (sentence, array)."""
    kernel, (c, o) = w.shape[:2], w.shape[2:]
    seen = windows(padded(x, padding), kernel, stride)
    y, every = product(seen, w), convolution(x, w, 1, padding)
    last = seen[..., -1, -1, -1:] * w[-1, -1, -1]
    found = [
        (
            "the filter is flipped: w[a, b] belongs to the pixel a rows down and b columns "
            "to the right",
            convolution(x, w[::-1, ::-1], stride, padding),
        ),
        ("the stride is left out", every),
        ("the stride is used for rows only: it holds for both directions", every[:, ::stride]),
        (
            "the stride is used for columns only: it holds for both directions",
            every[:, :, ::stride],
        ),
        (
            "the stride changes the number of windows only, and each window is still 1 pixel from "
            "the last: window i begins at i s, not at i",
            every[:, : y.shape[1], : y.shape[2]],
        ),
        ("height and width of the output are exchanged", y.transpose(0, 2, 1, 3)),
        ("each term overwrites the one before: add them up (+=)", last),
        (
            "the sum runs on from one output to the next: each must begin at 0",
            np.cumsum(y).reshape(y.shape),
        ),
        ("the mean is taken instead of the sum", y / seen[0, 0, 0].size),
        (
            "only the first channel is used: add up over all of them",
            product(seen[..., :1], w[:, :, :1]),
        ),
        ("all images have the output of the first one", np.repeat(y[:1], len(y), axis=0)),
        (
            "the channels are first in the output, (N, O, H', W'): here they are last",
            y.transpose(0, 3, 1, 2),
        ),
    ]
    if padding:
        if min(size + 1 - k for size, k in zip(x.shape[1:3], kernel)) > 0:
            found.append(("the padding is left out", convolution(x, w, stride, 0)))
        found += [
            (sentence, product(windows(border, kernel, stride), w))
            for sentence, border in (*one_sided(x, padding), *other_values(x, padding))
            if min(size - k for size, k in zip(border.shape[1:3], kernel)) >= 0
        ]
    if kernel[0] == kernel[1]:
        found.append(
            (
                "rows and columns of the filter are exchanged",
                convolution(x, w.transpose(1, 0, 2, 3), stride, padding),
            )
        )
    if c == o:
        found.append(
            (
                "input and output channels of w are exchanged: w is (KH, KW, C, O)",
                convolution(x, w.transpose(0, 1, 3, 2), stride, padding),
            )
        )
    if x.shape[1] == x.shape[2]:
        found.append(
            (
                "rows and columns of the image are exchanged",
                convolution(x.transpose(0, 2, 1, 3), w, stride, padding),
            )
        )
    if min(y.shape[1:3]) > 1:
        found.append(("the last row and column of the output are missing", y[:, :-1, :-1]))
        short = np.zeros_like(y)
        short[:, :-1, :-1] = y[:, :-1, :-1]
        found.append(
            (
                "the loops end before the last row and column of the output, which stay 0: "
                "range(n) stops before n by itself",
                short,
            )
        )
    return found


def product_mistakes(x: Array, w: Array, stride: int, padding: int) -> list[tuple[str, Array]]:
    """What the usual mistakes in writing it as a matrix product give: pairs (sentence, array)."""
    seen, o = windows(padded(x, padding), w.shape[:2], stride), w.shape[3]
    y, rows = product(seen, w), seen.reshape(*seen.shape[:3], -1)
    n, height, width, _ = y.shape
    orders = "the columns and the rows of w are in different orders: both are (KH, KW, C)"
    return [
        ("the output is still a matrix, with a row for each window: reshape it", y.reshape(-1, o)),
        ("height and width of the output are exchanged", y.reshape(n, width, height, o)),
        (
            "rows and columns of the output are exchanged: the windows are in the order "
            "images, rows, columns",
            y.reshape(n, width, height, o).transpose(0, 2, 1, 3),
        ),
        (
            "the matrix is read as (N, O, H', W'): its rows are the windows, so the filters "
            "come last",
            y.reshape(n, o, height, width).transpose(0, 2, 3, 1),
        ),
        (
            "the matrix is read as (N, O, H', W'): its rows are the windows, so the filters "
            "come last",
            y.reshape(n, o, height, width),
        ),
        (
            "the product is transposed, and then read as if it were not",
            y.reshape(-1, o).T.reshape(y.shape),
        ),
        *(
            (
                orders,
                seen.transpose(0, 1, 2, *(3 + i for i in order)).reshape(rows.shape)
                @ w.reshape(-1, o),
            )
            for order in ((2, 0, 1), (1, 0, 2))
        ),
        *(
            (orders, rows @ w.transpose(*order, 3).reshape(-1, o))
            for order in ((2, 0, 1), (1, 0, 2))
        ),
        (
            "w is read as (O, KH KW C): a plain reshape turns w into the matrix (KH KW C, O)",
            rows @ w.reshape(o, -1).T,
        ),
    ]


@task("a2.naive")
def naive(function: Answer, trial: Trial) -> None:
    for shape, filters, stride, padding in CASES:
        x, w = trial.normal(*shape), trial.normal(*filters)
        expect(
            case_in_words("conv2d_naive", x, w, stride, padding),
            call_with_sizes(function, x, w, stride, padding, name="conv2d_naive"),
            convolution(x, w, stride, padding),
            [*forward_mistakes(x, w, stride, padding), *_wrapped(x, w, stride, padding)],
        )
    x, w = trial.normal(1, 4, 5, 2, dtype=np.float32), trial.normal(3, 3, 2, 2, dtype=np.float32)
    expect(
        "conv2d_naive of float32",
        call(function, x, w, 1, 1, name="conv2d_naive"),
        convolution(x, w, 1, 1),
        tolerance=1e-4,
        dtype=np.float32,
    )


def _wrapped(x, w, stride, padding):
    """What an unpadded image gives with the indices of the formula.

    NumPy counts indices below 0 from the end; indices beyond the end count as 0 here.
    """
    border = np.concatenate(
        [x[:, x.shape[1] - padding :], x, np.zeros_like(x[:, :padding])], axis=1
    )
    border = np.concatenate(
        [border[:, :, border.shape[2] - padding :], border, np.zeros_like(border[:, :, :padding])],
        axis=2,
    )
    return (
        [
            (
                "a pixel with a negative row or column is looked up: NumPy counts it from the end "
                "of the array, but it lies in the padding and must count as 0",
                product(windows(border, w.shape[:2], stride), w),
            )
        ]
        if padding
        else []
    )


def call_with_sizes(
    function: Answer, *arguments: Any, name: str, sizes: tuple[Any, ...] = ()
) -> Any:
    """Like `call`; if shapes or indices do not fit, the message says which sizes would be right.

    `sizes` are the shape of the images, that of the filters, the stride and the padding; without
    them the arguments are x, w, stride and padding.
    """
    try:
        return call(function, *arguments, name=name)
    except WrongAnswer as error:
        if not any(kind in str(error) for kind in ("ValueError", "IndexError", "AxisError")):
            raise
        if not sizes:
            x, w, stride, padding = arguments
            sizes = x.shape, w.shape, stride, padding
        shape, kernel, stride, padding = sizes
        high, wide = (size + 2 * padding for size in shape[1:3])
        rows, columns = (size_of(size, k, stride, padding) for size, k in zip(shape[1:3], kernel))
        raise WrongAnswer(
            f"{error}. Here the images have shape {shape}, with their border {high} x {wide}; "
            f"windows of {kernel[0]} x {kernel[1]} at stride {stride} give {rows} x {columns} "
            f"outputs. The last window begins at row {(rows - 1) * stride} and column "
            f"{(columns - 1) * stride} of the padded image"
        ) from None


def case_in_words(name: str, x: Array, w: Array, stride: int, padding: int) -> str:
    """The words for a case in a message."""
    return f"{name}, x {x.shape}, w {w.shape}, stride {stride}, padding {padding}"


@task("a2.im2col")
def im2col(function: Answer, trial: Trial) -> None:
    order = trial.option("window order")
    n, height, width, c = 2, 4, 5, 3
    place = np.indices((n, height, width, c)).astype(float)
    # The digits of a number say which pixel it is, also when it turns up in a wrong place.
    numbered = 1000 * place[0] + 100 * place[1] + 10 * place[2] + place[3] + 1111
    cases = [
        (numbered, "whose pixels are 1111 + 1000 n + 100 row + 10 column + channel", (3, 2), 1, 0)
    ]
    cases += [
        (trial.normal(*shape), f"of shape {shape}", filters[:2], stride, padding)
        for shape, filters, stride, padding in CASES[1:]
    ]
    for x, words, kernel, stride, padding in cases:
        seen = windows(padded(x, padding), kernel, stride)
        expect(
            f"im2col of images {words}, windows {kernel[0]} x {kernel[1]}, stride {stride}, "
            f"padding {padding}",
            call_with_sizes(
                function,
                x,
                *kernel,
                stride,
                padding,
                name="im2col",
                sizes=(x.shape, kernel, stride, padding),
            ),
            rows_of(seen, order),
            _columns_mistakes(x, seen, kernel, stride, padding, order),
        )
    x = trial.normal(1, 4, 4, 2, dtype=np.float32)
    expect(
        "im2col of float32",
        call(function, x, 2, 2, 1, 1, name="im2col"),
        rows_of(windows(padded(x, 1), (2, 2), 1), order),
        dtype=np.float32,
    )


def _columns_mistakes(x, seen, kernel, stride, padding, order):
    n, rows, columns, kh, kw, c = seen.shape
    axes = in_order(order)
    matrix = rows_of(seen, order)
    # All windows at stride 1, with the numbers of each in the order of the student's variant.
    every = windows(padded(x, padding), kernel, 1).transpose(0, 1, 2, *(3 + i for i in axes))
    found = [
        ("the axes are not merged yet: reshape the windows to a matrix", seen),
        (
            "windows and their pixels are exchanged: a window is a *row* of the matrix (the name "
            "im2col comes from programs where windows were columns)",
            matrix.T,
        ),
        (
            "each window has a row for every channel: all channels of a window belong in one row",
            seen.transpose(0, 1, 2, 5, 3, 4).reshape(-1, kh * kw),
        ),
        ("the stride is left out", every.reshape(-1, matrix.shape[1])),
        ("the stride is used for rows only", every[:, ::stride].reshape(-1, matrix.shape[1])),
        ("the stride is used for columns only", every[:, :, ::stride].reshape(-1, matrix.shape[1])),
        (
            "the stride changes the number of windows only: window (i, j) begins at row i s and "
            "column j s of the padded image",
            every[:, :rows, :columns].reshape(matrix.shape),
        ),
        (
            "the windows are read backwards: nothing is flipped here",
            rows_of(seen[:, :, :, ::-1, ::-1], order),
        ),
    ]
    if padding:
        found += [
            (sentence, rows_of(windows(border, kernel, stride), order))
            for sentence, border in (
                ("the padding is left out", x),
                *one_sided(x, padding),
                *other_values(x, padding),
            )
            if min(border.shape[1] - kh, border.shape[2] - kw) >= 0
        ]
    if columns > rows:
        found.append(
            (
                "every image is taken for a square: count the columns with W and KW, not with H "
                "and KH",
                rows_of(seen[:, :, :rows], order),
            )
        )
    outer = ("images", "rows", "columns")
    for other in permutations(range(3)):
        if other != axes:
            name = ", ".join(INNER[i] for i in other)
            hint = (
                " (sliding_window_view puts the axes of the window after the channels)"
                if other == (2, 0, 1)
                else ""
            )
            found.append(
                (
                    f"the numbers of a window are in the order ({name}) instead of ({order}){hint}",
                    rows_of(seen, name),
                )
            )
        if other != (0, 1, 2):
            found.append(
                (
                    f"the windows are in the order ({', '.join(outer[i] for i in other)}), the "
                    "last index running fastest, instead of (images, rows, columns)",
                    rows_of(seen.transpose(*other, 3, 4, 5), order),
                )
            )
    found.append(
        (
            "reshape cannot exchange axes: transpose first",
            seen.transpose(0, 1, 2, 5, 3, 4)
            .reshape(n, rows, columns, kh, kw, c)
            .transpose(0, 2, 1, 3, 4, 5)
            .reshape(matrix.shape),
        )
    )
    return found


def forward_of(
    function: Answer, x: Array, w: Array, stride: int, padding: int, dtype: Any = None
) -> Any:
    """Run a student's forward pass, check its result, and return its cache.

    Raises
    ------
    WrongAnswer
        If the result is wrong, or there is no cache.
    """
    got = call_with_sizes(function, x, w, stride, padding, name="conv2d_forward")
    expect_that(
        isinstance(got, (tuple, list)) or got is None,
        "conv2d_forward: expected two results, y and the cache, got y alone: return y, cache",
    )
    y, cache = expect_tuple("conv2d_forward", got, 2, "y and the cache")
    expect_that(
        isinstance(y, np.ndarray) or not isinstance(cache, np.ndarray),
        "conv2d_forward: y and the cache are in the wrong order: return y, cache",
    )
    expect(
        case_in_words("conv2d_forward", x, w, stride, padding)
        + ("" if dtype is None else f", {dtype.__name__}"),
        y,
        convolution(x, w, stride, padding),
        forward_mistakes(x, w, stride, padding) + product_mistakes(x, w, stride, padding),
        tolerance=1e-6 if dtype is None else 1e-4,
        dtype=dtype,
    )
    return cache


@task("a2.forward")
def forward(function: Answer, trial: Trial) -> None:
    for shape, filters, stride, padding in CASES:
        forward_of(function, trial.normal(*shape), trial.normal(*filters), stride, padding)
    forward_of(
        function,
        trial.normal(2, 5, 4, 3, dtype=np.float32),
        trial.normal(3, 3, 3, 2, dtype=np.float32),
        2,
        1,
        np.float32,
    )


@task("a2.speed")
def speed(fast_function: Answer, slow_function: Answer, trial: Trial) -> None:
    x, w = (
        trial.normal(8, 16, 16, 16, dtype=np.float32),
        trial.normal(3, 3, 16, 16, dtype=np.float32),
    )
    forward_of(fast_function, x, w, 1, 1, np.float32)
    call(slow_function, x[:1, :4, :4], w, 1, 1, name="conv2d_naive")
    best = 0.0
    for _ in range(3):  # the machine may be busy
        fast, loop, made = probe("a2.times", fast_function, x.shape, w.shape, 1, trial.rng)
        for images, filters, y in made:
            what = "conv2d_forward, while it is timed"
            expect(what, y, convolution(images, filters, 1, 1), tolerance=1e-4, dtype=np.float32)
        best = max(best, loop / fast)
        if best >= SPEEDUP:
            return
        if best < SPEEDUP / 5:
            break
    yours = probe("a2.loop_time", slow_function, x[:1], w, 1)
    raise WrongAnswer(
        f"conv2d_forward takes {1000 * fast:.3g} ms for an image, your loops {1000 * yours:.3g} "
        f"ms, and a loop that only multiplies and adds {1000 * loop:.3g} ms: expected at least "
        f"{SPEEDUP} times the speed of that last loop, got {best:.3g} times. Is there still a "
        "loop over windows, images or filters in it, or in im2col? A loop over the KH KW places "
        "of the filter is enough, or no loop with sliding_window_view; everything else is one "
        "matrix product"
    )
