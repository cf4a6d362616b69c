"""A2: convolution."""

from itertools import permutations

import numpy as np

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
from .a1 import expect_put_back

# Images, filters (KH, KW, C, O), stride and padding: from the simple to the mean.
CASES = (
    ((1, 4, 5, 1), (2, 2, 1, 1), 1, 0),
    ((2, 5, 6, 3), (3, 2, 3, 4), 1, 0),
    ((2, 6, 5, 3), (3, 3, 3, 4), 1, 1),
    ((2, 7, 6, 2), (3, 3, 2, 3), 2, 1),
    ((3, 6, 6, 2), (3, 3, 2, 2), 1, 2),
    ((2, 8, 5, 3), (2, 1, 3, 2), 3, 0),
)
INNER = ("KH", "KW", "C")  # the axes of a window
LAYERS, STEPS = 7, 8  # convolutions of the net, and steps that are compared
SPEEDUP = 50  # over a plain loop


# The definitions.


def size_of(size: int, kernel: int, stride: int, padding: int) -> int:
    """The number of places along an axis, counted."""
    return sum(
        first + kernel <= size + 2 * padding for first in range(0, size + 2 * padding, stride)
    )


def padded(
    x: Array,
    top: int,
    bottom: int | None = None,
    left: int | None = None,
    right: int | None = None,
    value: float = 0,
) -> Array:
    """x in zeros, or other values: as many rows and columns of them on all sides as on top unless
    told otherwise.
    """
    bottom, left, right = (top if side is None else side for side in (bottom, left, right))
    n, height, width, c = x.shape
    y = np.full((n, top + height + bottom, left + width + right, c), value, x.dtype)
    y[:, top : top + height, left : left + width] = x
    return y


def windows(x: Array, kernel: Shape, stride: int) -> Array:
    """All windows (N, H', W', KH, KW, C) of x, which is padded already."""
    rows, columns = (size_of(size, k, stride, 0) for size, k in zip(x.shape[1:3], kernel))
    y = np.empty((len(x), rows, columns, *kernel, x.shape[3]), x.dtype)
    for i, j in np.ndindex(rows, columns):
        y[:, i, j] = x[:, i * stride : i * stride + kernel[0], j * stride : j * stride + kernel[1]]
    return y


def in_order(order: str) -> tuple[int, int, int]:
    """The axes (KH, KW, C) of a window in an order such as "C, KH, KW"."""
    first, second, third = (INNER.index(name) for name in order.split(", "))
    return first, second, third


def rows_of(seen: Array, order: str = "KH, KW, C") -> Array:
    """Windows (N, H', W', KH, KW, C) as the rows of a matrix."""
    merged = seen.transpose(0, 1, 2, *(3 + i for i in in_order(order)))
    return merged.reshape(np.prod(seen.shape[:3]), -1)


def product(seen: Array, w: Array) -> Array:
    """Windows times filters: (N, H', W', O)."""
    return np.tensordot(seen, w, 3)


def convolution(x: Array, w: Array, stride: int, padding: int) -> Array:
    return product(windows(padded(x, padding), w.shape[:2], stride), w)


def put_back(
    seen: Array, shape: Shape, stride: int, padding: int, how: str = "add", move: int | None = None
) -> Array:
    """Windows (N, H', W', KH, KW, C) added up in padded images of `shape`; or written over each
    other; or moved by another step.
    """
    n, height, width, c = shape
    y = np.zeros((n, height + 2 * padding, width + 2 * padding, c), seen.dtype)
    _, rows, columns, kh, kw, _ = seen.shape
    places = [(i, j, a, b) for i, j in np.ndindex(rows, columns) for a, b in np.ndindex(kh, kw)]
    for i, j, a, b in (
        sorted(places, key=lambda place: place[2:]) if how == "the last slice" else places
    ):
        at = slice(None), i * (move or stride) + a, j * (move or stride) + b
        y[at] = seen[:, i, j, a, b] + (y[at] if how == "add" else 0)
    return y


def cut(x: Array, padding: int, size: Shape) -> Array:
    return x[:, padding : padding + size[0], padding : padding + size[1]]


# 1. Size and border.


@task("a2.output_size")
def output_size(function: Answer, trial: Trial) -> None:
    cases = [(5, 3, 1, 0), (5, 3, 1, 1), (7, 3, 2, 0), (8, 3, 2, 1), (6, 1, 2, 0), (4, 4, 1, 0)]
    cases += [tuple(trial.rng.integers((5, 1, 1, 0), (40, 6, 5, 4)).tolist()) for _ in range(20)]
    got = [call(function, *case, name="output_size") for case in cases]
    formulas = (
        (
            "the + 1 is missing: 3 places have 2 steps between them",
            lambda n, k, s, p: (n + 2 * p - k) // s,
        ),
        (
            "the padding is counted once: it lies on both sides",
            lambda n, k, s, p: (n + p - k) // s + 1,
        ),
        ("the padding is left out", lambda n, k, s, p: (n - k) // s + 1),
        (
            "it is rounded up: a place counts only if all of the filter lies inside",
            lambda n, k, s, p: -((k - n - 2 * p) // s) + 1,
        ),
        ("the stride is left out", lambda n, k, s, p: n + 2 * p - k + 1),
        ("the 1 is added before the division", lambda n, k, s, p: (n + 2 * p - k + 1) // s),
        (
            "the filter's own size is left out: its last row must be inside too",
            lambda n, k, s, p: (n + 2 * p - 1) // s + 1,
        ),
        (
            "it is divided and rounded to the nearest: round down",
            lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        ),
    )
    for case, value in zip(cases, got):
        what = "output_size(size={}, kernel={}, stride={}, padding={})".format(*case)
        expect_that(
            value is not None, f"{what}: expected a whole number, got None; is a `return` missing?"
        )
        if isinstance(value, (float, np.floating)):
            raise WrongAnswer(
                f"{what}: expected a whole number, got the float {value:g}; it becomes a "
                "size of an array, so divide with //, "
                "which rounds down"
            )
        expect_that(
            isinstance(value, (int, np.integer)) and not isinstance(value, bool),
            f"{what}: expected a whole number, got the type {type(value).__name__}",
        )
    for case, value in zip(cases, got):
        if value != size_of(*case):
            looks = next(
                (
                    sentence
                    for sentence, formula in formulas
                    if [formula(*other) for other in cases] == got
                ),
                None,
            )
            raise WrongAnswer(
                "output_size(size={}, kernel={}, stride={}, padding={}): ".format(*case)
                + f"expected {size_of(*case)}, got {value}. "
                + (
                    f"It looks as if {looks}"
                    if looks
                    else "Draw it: the padded image, and every place where the filter can lie"
                )
            )


@task("a2.pad")
def pad(function: Answer, trial: Trial) -> None:
    for x, p in (
        (np.arange(1.0, 13).reshape(1, 3, 4, 1), 1),
        (trial.normal(2, 4, 3, 2), 2),
        (trial.normal(2, 3, 4, 2), 0),
    ):
        try:
            got = call(function, x, p, name="pad")
        except WrongAnswer as error:
            if p == 0 and "stopped with" in str(error):
                raise WrongAnswer(
                    f"{error}. This is with padding 0: a slice p:-p is empty for p = 0, so "
                    "say where it ends, p:p + H"
                ) from None
            raise
        expect(
            f"pad of shape {x.shape} with padding {p}",
            got,
            padded(x, p),
            [
                (
                    "all four axes are padded: images and channels are not, so give np.pad "
                    "a pair for each axis, (0, 0) for these",
                    np.pad(x, p),
                ),
                (
                    "images and rows are padded, instead of rows and columns: x is (N, H, W, C)",
                    np.pad(x, ((p, p), (p, p), (0, 0), (0, 0))),
                ),
                (
                    "the last two axes are padded: x is (N, H, W, C), with the channels last",
                    np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))),
                ),
                ("only the rows are padded", padded(x, p, p, 0, 0)),
                ("only the columns are padded", padded(x, 0, 0, p, p)),
                *_one_sided(x, p),
                *_other_values(x, p),
            ],
        )
    x = trial.normal(1, 3, 3, 2, dtype=np.float32)
    expect("pad of float32", call(function, x, 1, name="pad"), padded(x, 1), dtype=np.float32)


def _one_sided(x, p):
    sentence = "the zeros are on one side only: they belong on all four"
    return [
        (sentence, padded(x, *sides))
        for sides in ((p, 0, p, 0), (0, p, 0, p), (2 * p, 0, 2 * p, 0), (0, 2 * p, 0, 2 * p))
    ]


def _other_values(x, p):
    found = [("the border holds ones: it must hold zeros", padded(x, p, value=1))]
    found += [
        (
            "the border repeats pixels of the image: it must hold zeros",
            np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), mode=mode),
        )
        for mode in ("edge", "reflect", "wrap")
        if p < min(x.shape[1:3])
    ]
    return found


# 2 to 5. Forward.


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
        ("the stride moves the rows only: it holds for both directions", every[:, ::stride]),
        ("the stride moves the columns only: it holds for both directions", every[:, :, ::stride]),
        (
            "the stride is in the number of windows only, and each still lies 1 pixel from "
            "the last: they begin at i s, not at i",
            every[:, : y.shape[1], : y.shape[2]],
        ),
        ("height and width of the output are exchanged", y.transpose(0, 2, 1, 3)),
        ("each term overwrites the one before: add them up (+=)", last),
        (
            "the sum goes on from one output to the next: each must begin at 0",
            np.cumsum(y).reshape(y.shape),
        ),
        ("the mean is taken instead of the sum", y / seen[0, 0, 0].size),
        (
            "only the first channel is used: add up over all of them",
            product(seen[..., :1], w[:, :, :1]),
        ),
        ("every output is that of the first image", np.repeat(y[:1], len(y), axis=0)),
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
            for sentence, border in (*_one_sided(x, padding), *_other_values(x, padding))
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
    return found


def product_mistakes(x: Array, w: Array, stride: int, padding: int) -> list[tuple[str, Array]]:
    """What the usual mistakes in making a matrix product of it give."""
    seen, o = windows(padded(x, padding), w.shape[:2], stride), w.shape[3]
    y, rows = product(seen, w), seen.reshape(*seen.shape[:3], -1)
    n, height, width, _ = y.shape
    orders = "the columns and the rows of w are in different orders: both are (KH, KW, C)"
    return [
        ("the output still is a matrix, with a row for each window: reshape it", y.reshape(-1, o)),
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
            "w is read as (O, KH KW C): reshape alone makes the matrix (KH KW C, O) of it",
            rows @ w.reshape(o, -1).T,
        ),
    ]


@task("a2.naive")
def naive(function: Answer, trial: Trial) -> None:
    for shape, filters, stride, padding in CASES:
        x, w = trial.normal(*shape), trial.normal(*filters)
        expect(
            _case("conv2d_naive", x, w, stride, padding),
            call(function, x, w, stride, padding, name="conv2d_naive"),
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
    """Without padding, but with the indices of the formula: those below 0 count from the end, those
    beyond it give 0.
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
                "a pixel with a negative row or column is looked up: NumPy counts it from "
                "the end of the array, but it lies on the padding and counts as 0",
                product(windows(border, w.shape[:2], stride), w),
            )
        ]
        if padding
        else []
    )


def _case(name, x, w, stride, padding):
    return f"{name}, x {x.shape}, w {w.shape}, stride {stride}, padding {padding}"


@task("a2.im2col")
def im2col(function: Answer, trial: Trial) -> None:
    order = trial.option("window order")
    n, height, width, c = 2, 4, 5, 3
    place = np.indices((n, height, width, c)).astype(float)
    numbered = (
        1000 * place[0] + 100 * place[1] + 10 * place[2] + place[3] + 1111
    )  # a wrong number tells where it comes from
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
            call(function, x, *kernel, stride, padding, name="im2col"),
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
    # All windows, with the numbers of each in the order that is asked for.
    every = windows(padded(x, padding), kernel, 1).transpose(0, 1, 2, *(3 + i for i in axes))
    found = [
        ("the axes are not merged yet: reshape the windows to a matrix", seen),
        (
            "windows and their pixels are exchanged: a window is a *row* of the matrix (the "
            "name im2col comes from programs that did it the other "
            "way)",
            matrix.T,
        ),
        (
            "each window has a row for every channel: all channels of a window belong into one row",
            seen.transpose(0, 1, 2, 5, 3, 4).reshape(-1, kh * kw),
        ),
        ("the stride is left out", every.reshape(-1, matrix.shape[1])),
        ("the stride moves the rows only", every[:, ::stride].reshape(-1, matrix.shape[1])),
        ("the stride moves the columns only", every[:, :, ::stride].reshape(-1, matrix.shape[1])),
        (
            "the stride is in the number of windows only: window (i, j) begins at row i s "
            "and column j s of the padded image",
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
                *_one_sided(x, padding),
                *_other_values(x, padding),
            )
            if min(border.shape[1] - kh, border.shape[2] - kw) >= 0
        ]
    outer = ("images", "rows", "columns")
    for other in permutations(range(3)):
        if other != axes:
            name = ", ".join(INNER[i] for i in other)
            hint = (
                " (sliding_window_view puts the axes of the window behind that of the channels)"
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
                    f"the windows are in the order ({', '.join(outer[i] for i in other)}), "
                    "the last running fastest, instead of (images, rows, columns)",
                    rows_of(seen.transpose(*other, 3, 4, 5), order),
                )
            )
    found.append(
        (
            "reshape is asked to exchange axes, which it cannot: transpose first",
            seen.transpose(0, 1, 2, 5, 3, 4)
            .reshape(n, rows, columns, kh, kw, c)
            .transpose(0, 2, 1, 3, 4, 5)
            .reshape(matrix.shape),
        )
    )
    return found


def _forward(function, x, w, stride, padding, dtype=None):
    """The cache of a student's forward pass, whose result is right."""
    got = call(function, x, w, stride, padding, name="conv2d_forward")
    expect_that(
        isinstance(got, (tuple, list)) or got is None,
        "conv2d_forward: expected two things, y and the cache, got y alone: return y, cache",
    )
    y, cache = expect_tuple("conv2d_forward", got, 2, "y and the cache")
    expect(
        _case("conv2d_forward", x, w, stride, padding)
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
        _forward(function, trial.normal(*shape), trial.normal(*filters), stride, padding)
    _forward(
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
    _forward(fast_function, x, w, 1, 1, np.float32)
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
        f"conv2d_forward takes {1000 * fast:.3g} ms for an image, your loops "
        f"{1000 * yours:.3g} ms, and a loop that does nothing but multiply and add "
        f"{1000 * loop:.3g} ms: expected to be at least {SPEEDUP} times as fast as that, got "
        f"{best:.3g} times. Is there still a loop over windows, images or filters in it, or in "
        "im2col? A loop over the KH KW places of the filter is all that is needed, or none with "
        "sliding_window_view; everything else is one matrix product"
    )


# 6 and 7. Backward.


@task("a2.col2im")
def col2im(function: Answer, trial: Trial) -> None:
    order = trial.option("window order")
    for shape, filters, stride, padding in CASES:
        kh, kw, c = filters[:3]
        n, rows, columns = (
            shape[0],
            size_of(shape[1], kh, stride, padding),
            size_of(shape[2], kw, stride, padding),
        )
        seen = trial.normal(n, rows, columns, kh, kw, c)
        matrix = rows_of(seen, order)

        def read(as_order, n=n, rows=rows, columns=columns, sizes=(kh, kw, c), matrix=matrix):
            """The windows in a matrix, read in some order of their numbers."""
            axes = in_order(as_order)
            whole = matrix.reshape(n, rows, columns, *(sizes[i] for i in axes))
            return whole.transpose(0, 1, 2, *(3 + axes.index(i) for i in range(3)))

        wrong = [", ".join(other) for other in permutations(INNER) if ", ".join(other) != order]
        mistakes = [
            *(
                (
                    f"the numbers of a window are read in the order ({other}) instead of ({order})",
                    _sums(read(other), shape, stride, padding),
                )
                for other in wrong
            ),
            (
                "the windows are read in the order (images, columns, rows) instead of "
                "(images, rows, columns)",
                _sums(
                    read(order, rows=columns, columns=rows).transpose(0, 2, 1, 3, 4, 5),
                    shape,
                    stride,
                    padding,
                ),
            ),
            (
                "the numbers are divided by how many windows a pixel lies in: they are to "
                "be added up",
                _sums(seen, shape, stride, padding)
                / np.maximum(1, _sums(np.ones_like(seen), shape, stride, padding)),
            ),
        ]
        expect(
            f"col2im to shape {shape}, windows {kh} x {kw}, stride {stride}, padding {padding}",
            call(function, matrix, shape, kh, kw, stride, padding, name="col2im"),
            _sums(seen, shape, stride, padding),
            [*_scatter_mistakes(seen, shape, stride, padding), *mistakes],
        )
    seen = trial.normal(1, 3, 3, 2, 2, 2, dtype=np.float32)
    expect(
        "col2im of float32",
        call(function, rows_of(seen, order), (1, 4, 4, 2), 2, 2, 1, 0, name="col2im"),
        _sums(seen, (1, 4, 4, 2), 1, 0),
        tolerance=1e-5,
        dtype=np.float32,
    )


def _sums(seen, shape, stride, padding):
    return cut(put_back(seen, shape, stride, padding), padding, shape[1:3])


def _scatter_mistakes(seen, shape, stride, padding):
    """What the usual mistakes in adding windows up give."""
    whole, size = put_back(seen, shape, stride, padding), shape[1:3]
    overwritten = (
        "overlapping windows overwrite each other: what they bring for a pixel must add up"
    )
    view = (
        ". (`windows += ...` on a view of windows does not do that: NumPy adds first and then "
        "writes them over each other)"
    )
    return [
        (
            overwritten + view,
            cut(put_back(seen, shape, stride, padding, "the last window"), padding, size),
        ),
        (
            overwritten + " (+=, not =)",
            cut(put_back(seen, shape, stride, padding, "the last slice"), padding, size),
        ),
        ("the padding is not cut off", whole),
        (
            "the padding is cut off with p:-p, which is empty for p = 0: say where it ends, "
            "p:p + H",
            whole[:, padding:-padding, padding:-padding],
        ),
        (
            "the padding is cut off on one side only: p rows and columns go on each",
            whole[:, : size[0], : size[1]],
        ),
        (
            "the padding is cut off on one side only: p rows and columns go on each",
            whole[:, 2 * padding :, 2 * padding :],
        ),
        (
            "the padding is cut off on one side only: p rows and columns go on each",
            whole[:, padding:, padding:],
        ),
        (
            "the stride is left out: window (i, j) begins at row i s and column j s of the "
            "padded image",
            cut(put_back(seen, shape, stride, padding, move=1), padding, size),
        ),
    ]


def _backward(forward, backward, trial):
    """For each case: what it is, its arrays, and what a student's functions return; another layer's
    forward comes in between.
    """
    for shape, filters, stride, padding in CASES:
        x, w = trial.normal(*shape), trial.normal(*filters)
        other_x, other_w = trial.normal(*shape), trial.normal(*filters)
        cache = _forward(forward, x, w, stride, padding)
        _forward(forward, other_x, other_w, stride, padding)
        dy = trial.normal(
            shape[0],
            *(size_of(n, k, stride, padding) for n, k in zip(shape[1:3], filters)),
            filters[3],
        )
        dx, dw = expect_tuple(
            "conv2d_backward", call(backward, dy, cache, name="conv2d_backward"), 2, "dx and dw"
        )
        yield (
            _case("conv2d_backward", x, w, stride, padding),
            (x, w, stride, padding, other_x, other_w, dy),
            dx,
            dw,
        )


def _in_float32(forward, backward, trial):
    x, w = trial.normal(2, 5, 4, 3, dtype=np.float32), trial.normal(3, 3, 3, 2, dtype=np.float32)
    cache = _forward(forward, x, w, 2, 1, np.float32)
    dy = trial.normal(2, 3, 2, 2, dtype=np.float32)
    return (x, w, dy), expect_tuple(
        "conv2d_backward", call(backward, dy, cache, name="conv2d_backward"), 2, "dx and dw"
    )


def filter_gradient(x: Array, kernel: Shape, stride: int, padding: int, dy: Array) -> Array:
    """dw, from the definition."""
    return np.tensordot(windows(padded(x, padding), kernel, stride), dy, ((0, 1, 2), (0, 1, 2)))


def image_gradient(w: Array, shape: Shape, stride: int, padding: int, dy: Array) -> Array:
    """dx, from the definition."""
    return _sums(np.tensordot(dy, w, (3, 3)), shape, stride, padding)


GLOBAL = (
    "backward uses what the *latest* forward pass has left, not its cache: other layers are "
    "computed in between"
)
EXCHANGED = "dx and dw are in the wrong order: return dx, dw"


@task("a2.dw")
def dw(forward: Answer, backward: Answer, trial: Trial) -> None:
    for what, (x, w, stride, padding, other_x, _, dy), _, got in _backward(
        forward, backward, trial
    ):
        (kh, kw, c, o), kernel = w.shape, w.shape[:2]
        right = filter_gradient(x, kernel, stride, padding, dy)
        near = windows(padded(x, padding), kernel, 1)[:, : dy.shape[1], : dy.shape[2]]
        mistakes = [
            (EXCHANGED, image_gradient(w, x.shape, stride, padding, dy)),
            (GLOBAL, filter_gradient(other_x, kernel, stride, padding, dy)),
            (
                "it still is a matrix (KH KW C, O): reshape it to the shape of w",
                right.reshape(-1, o),
            ),
            (
                "it still is a matrix, and transposed: dw has the shape of w, (KH, KW, C, O)",
                right.reshape(-1, o).T,
            ),
            ("the mean over the batch is taken: gradients of all images add up", right / len(x)),
            (
                "it is divided by the number of outputs: gradients of all places add up",
                right / dy[..., 0].size,
            ),
            (
                "only one image is used: gradients of all images add up",
                filter_gradient(x[-1:], kernel, stride, padding, dy[-1:]),
            ),
            (
                "only one image is used: gradients of all images add up",
                filter_gradient(x[:1], kernel, stride, padding, dy[:1]),
            ),
            ("dy is missing", filter_gradient(x, kernel, stride, padding, np.ones_like(dy))),
            ("dw is flipped", right[::-1, ::-1]),
            (
                "the stride is left out: window (i, j) begins at row i s and column j s",
                np.tensordot(near, dy, ((0, 1, 2), (0, 1, 2))),
            ),
            (
                "the rows of dy are in another order than the windows: images, rows, columns",
                filter_gradient(
                    x, kernel, stride, padding, dy.transpose(0, 2, 1, 3).reshape(dy.shape)
                ),
            ),
            (
                "dy is read as (N, O, H', W'): its last axis is that of the filters",
                filter_gradient(
                    x,
                    kernel,
                    stride,
                    padding,
                    dy.reshape(len(dy), o, *dy.shape[1:3]).transpose(0, 2, 3, 1),
                ),
            ),
            (
                "the matrix is reshaped transposed, as (O, KH KW C): it is columns^T dy",
                right.reshape(-1, o).T.reshape(w.shape),
            ),
            (
                "its rows are in the order (C, KH, KW) instead of (KH, KW, C)",
                right.transpose(2, 0, 1, 3).reshape(w.shape),
            ),
            (
                "its rows are read in the order (C, KH, KW) instead of (KH, KW, C)",
                right.reshape(c, kh, kw, o).transpose(1, 2, 0, 3),
            ),
            *(
                (
                    sentence,
                    np.tensordot(windows(border, kernel, stride), dy, ((0, 1, 2), (0, 1, 2))),
                )
                for sentence, border in _one_sided(x, padding)[2:]
                if padding
            ),
        ]
        if kh == kw:
            mistakes.append(("rows and columns of dw are exchanged", right.transpose(1, 0, 2, 3)))
        if c == o:
            mistakes.append(
                ("input and output channels of dw are exchanged", right.transpose(0, 1, 3, 2))
            )
        expect(f"dw of {what}", got, right, mistakes)
    (x, _, dy), (_, got) = _in_float32(forward, backward, trial)
    expect(
        "dw of conv2d_backward, float32",
        got,
        filter_gradient(x, (3, 3), 2, 1, dy),
        tolerance=1e-4,
        dtype=np.float32,
    )


@task("a2.dx")
def dx(forward: Answer, backward: Answer, trial: Trial) -> None:
    for what, (x, w, stride, padding, _, other_w, dy), got, _ in _backward(
        forward, backward, trial
    ):
        seen = np.tensordot(dy, w, (3, 3))  # the gradient of the columns
        kh, kw, c, o = w.shape
        mistakes = [
            (EXCHANGED, filter_gradient(x, w.shape[:2], stride, padding, dy)),
            (GLOBAL, image_gradient(other_w, x.shape, stride, padding, dy)),
            *_scatter_mistakes(seen, x.shape, stride, padding),
            (
                "it is divided by the number of images: the mean, if there is one, is taken "
                "by the loss",
                image_gradient(w, x.shape, stride, padding, dy) / len(x),
            ),
            (
                "the numbers of a window are in the order (C, KH, KW) instead of (KH, KW, C)",
                _sums(
                    seen.transpose(0, 1, 2, 5, 3, 4).reshape(seen.shape), x.shape, stride, padding
                ),
            ),
            (
                "the numbers of a window are read in the order (C, KH, KW) instead of (KH, KW, C)",
                _sums(
                    seen.reshape(*dy.shape[:3], c, kh, kw).transpose(0, 1, 2, 4, 5, 3),
                    x.shape,
                    stride,
                    padding,
                ),
            ),
            (
                "w is read as (O, KH KW C): reshape alone makes the matrix (KH KW C, O) of it",
                _sums((dy @ w.reshape(o, -1)).reshape(seen.shape), x.shape, stride, padding),
            ),
            (
                "the filter is flipped once too often: pixel (i s + a, j s + b) gets dy w[a, b]",
                image_gradient(w[::-1, ::-1], x.shape, stride, padding, dy),
            ),
            ("dy is missing", image_gradient(w, x.shape, stride, padding, np.ones_like(dy))),
            (
                "the rows of dy are in another order than the windows: images, rows, columns",
                image_gradient(
                    w, x.shape, stride, padding, dy.transpose(0, 2, 1, 3).reshape(dy.shape)
                ),
            ),
        ]
        if kh == kw:
            mistakes.append(
                (
                    "rows and columns of the filter are exchanged",
                    image_gradient(w.transpose(1, 0, 2, 3), x.shape, stride, padding, dy),
                )
            )
        if c == o:
            mistakes.append(
                (
                    "w is not transposed: the sum runs over the filters o, not over the channels c",
                    image_gradient(w.transpose(0, 1, 3, 2), x.shape, stride, padding, dy),
                )
            )
        expect(f"dx of {what}", got, image_gradient(w, x.shape, stride, padding, dy), mistakes)
    (x, w, dy), (got, _) = _in_float32(forward, backward, trial)
    expect(
        "dx of conv2d_backward, float32",
        got,
        image_gradient(w, x.shape, 2, 1, dy),
        tolerance=1e-4,
        dtype=np.float32,
    )


# 8. The gradient check.


@task("a2.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    x, w = trial.normal(2, 3, 2, 3), trial.normal(3, 2)
    large, wrong, times = trial.factor(0.008, 0.02), trial.factor(0.15, 0.3), trial.factor(2.5, 4)
    kinds = {
        "right": 0.0,
        "large": large,
        "one number": wrong,
        "down": wrong,
        "times": times - 1,
        "nan": 0.0,
        "mixed up": 0.0,
    }

    def judge(kind, size):
        found, settings, *arrays = probe(
            "a2.errors", function, kind, size, x, w, 2, 1, trial.rng, trial.generator()
        )
        expect_put_back("gradient_errors: x or w", (x, w), arrays)
        expect_that(
            settings == [(2, 1)],
            "gradient_errors: forward was called with (stride, padding) = "
            f"{', '.join(map(str, settings)) or 'nothing'}: expected (2, 1), as given, "
            "in every call",
        )
        found = expect_tuple("gradient_errors", found, 2, "the error of dx and that of dw")
        expect_that(
            all(
                np.ndim(error) == 0 and isinstance(error, (int, float, np.number))
                for error in found
            ),
            "gradient_errors: expected two numbers",
        )
        return [float(error) for error in found]

    found = {kind: errors for kind, _, errors in trial.ask(list(kinds.items()), judge)}
    for name, error in zip(("dx", "dw"), found["right"]):
        if not 0 <= error < 1e-5:
            why = (
                "is eps too small, or too large? 1e-6 is good"
                if error < 0.1
                else "is it divided by 2 eps? Is dy the same r as in L? One number at a time?"
            )
            raise WrongAnswer(
                f"gradient_errors: for a right pair the error of {name} should be about "
                f"1e-9, got {error:.2g}; {why}"
            )
    dx, dw = found["large"]
    expect_that(
        dx >= 1e-5 or dw >= 1e-5,
        f"gradient_errors: a dx that is {100 * large:.1f} % too large passes for right",
    )
    expect_that(
        dw < 1e-5,
        f"gradient_errors: only dx is wrong, but the error of dw is {dw:.2g}. "
        "Expected the error of dx first, then that of dw",
    )
    expect_that(
        abs(dx - large) < 0.1 * large,
        f"gradient_errors: for a dx that is {100 * large:.1f} % too large the error should be "
        f"{large:.3g}, got {dx:.3g}. Divide the largest difference by the largest number "
        "(without its sign) of the numerical gradient",
    )
    dw = found["one number"][1]
    expect_that(
        dw > wrong / 2,
        f"gradient_errors: two numbers of dw are wrong by {100 * wrong:.0f} %, one up, one down; "
        f"the error should be about {wrong:.2g}, got {dw:.2g}. Take the *largest* difference "
        "without its sign, not a sum or a mean",
    )
    expect_that(
        abs(dw - wrong) < 1e-3,
        f"gradient_errors: two numbers of dw are wrong by {100 * wrong:.0f} % of the largest "
        f"one; the error should be {wrong:.3g}, got {dw:.3g}. Divide the largest difference by "
        "the *largest* number of the numerical gradient, without its sign, not each by its own",
    )
    dw = found["down"][1]
    expect_that(
        abs(dw - wrong) < 1e-3,
        f"gradient_errors: one number of dw is too small by {100 * wrong:.0f} % of the largest "
        f"one; the error should be {wrong:.3g}, got {dw:.3g}. Take the largest difference "
        "without its sign",
    )
    dx = found["times"][0]
    expect_that(
        abs(dx - (times - 1)) < 1e-2,
        f"gradient_errors: for a dx {times:.2f} times too large the error should be "
        f"{times - 1:.2f}, got {dx:.3g}. Divide by the largest number of the *numerical* gradient",
    )
    expect_that(
        not found["nan"][0] < 0.1,
        "gradient_errors: a dx with a nan in it passes for right. np.max keeps a nan; "
        "Python's max and np.nanmax may lose it",
    )
    expect_that(
        found["mixed up"][1] > 1e-3,
        "gradient_errors: a backward that takes dy of one image for another passes for "
        "right. Is r the same everywhere? "
        "Draw it at random, rng.standard_normal(y.shape)",
    )


# 9. Training.


def trained(seed: int, zero: bool = True) -> Array:
    """The losses of the first steps, with a convolution of this module; without zero_grad if told
    so.
    """
    import minires as mr
    from minires import functional as F

    drawn, _ = mr.data.synthetic(60, 10, size=16)
    images = mr.Tensor((drawn.images / 255 - 0.5).astype(np.float32))

    def conv_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        return convolution(x, w, stride, padding), (x, w, stride, padding)

    def conv_backward(dy, cache):
        x, w, stride, padding = cache
        return image_gradient(w, x.shape, stride, padding, dy), filter_gradient(
            x, w.shape[:2], stride, padding, dy
        )

    net, losses = mr.models.resnet(8, width=8, seed=seed), []
    optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with mr.kernels.use(conv2d=(conv_forward, conv_backward)):
        for _ in range(STEPS):
            loss = F.cross_entropy(net(images), drawn.labels)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return np.array(losses)


@task("a2.train")
def train(
    function: Answer, forward: Answer, backward: Answer, losses: Answer, trial: Trial
) -> None:
    try:
        got, forwards, backwards = probe("a2.train", function, forward, backward, STEPS, trial.seed)
    except WrongAnswer as error:
        if "HeldBackError" in str(error):
            raise WrongAnswer(
                "train: the net asks for the library's convolution, which is not there. Put "
                "yours in its place for the whole loop: "
                "with mr.kernels.use(conv2d=pair): ..."
            ) from None
        raise
    expect_that(
        got is not None, "train: expected a list of losses, got None; is a `return` missing?"
    )
    expect_that(
        forwards > 0,
        "train: the pair that was given to it was never called. Put it in the place of the "
        "library's for the whole loop: "
        "with mr.kernels.use(conv2d=pair): ...",
    )
    expect_that(
        backwards > 0,
        "train: the backward function of the pair was never called: loss.backward() is missing",
    )
    expect_that(
        got.shape == (STEPS,), f"train: expected a loss for each of {STEPS} steps, got {got.size}"
    )
    expect_that(
        forwards >= LAYERS * STEPS <= backwards,
        f"train: {STEPS} steps of a net with {LAYERS} convolutions call each function of "
        f"the pair {LAYERS * STEPS} times; yours was called "
        f"{forwards} times forward and {backwards} times backward",
    )
    _compare(f"train: the first {STEPS} losses", got, trial.seed)
    losses = as_numbers(losses)
    expect_that(
        losses.size == 50,
        f"losses: expected those of 50 steps, from the cell above, got {losses.size}",
    )
    _compare(f"losses: the first {STEPS}", losses[:STEPS], 0)
    expect_that(
        np.isfinite(losses).all() and losses[-5:].mean() < 1,
        f"losses: expected less than 1 at the end, got {losses[-5:].mean():.3g}",
    )


def _compare(what, got, seed):
    right, tolerance = trained(seed), 1e-3
    if np.isfinite(got).all() and (np.abs(got - right) <= tolerance * right.max()).all():
        return
    expect(
        what,
        got,
        right,
        [
            (
                "the weights never change: is optimizer.step() missing, or are the "
                "gradients set to zero after loss.backward()?",
                np.full(STEPS, right[0]),
            ),
            (
                "gradients of earlier steps are still there: optimizer.zero_grad() before "
                "each loss.backward()",
                trained(seed, zero=False),
            ),
            (
                "every loss is that of the step before, or the first is missing",
                np.append(right[1:], np.nan),
            ),
            ("the losses are added up over the images: leave the mean as it is", 60 * right),
        ],
        tolerance=tolerance,
    )
    raise WrongAnswer(f"{what}: not what the training of this net gives")
