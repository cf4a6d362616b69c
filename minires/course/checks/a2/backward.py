"""Checks of convolution backward: col2im, and the gradients of filters and images."""

from itertools import permutations

import numpy as np

from ....types import Array, Shape
from ...across import Answer
from ...calling import call
from ...compare import expect, expect_tuple
from ...trial import Trial
from .. import task
from .definitions import CASES, INNER, cut, in_order, padded, put_back, rows_of, size_of, windows
from .forward import call_with_sizes, case_in_words, forward_of
from .size_and_border import one_sided


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
                "each sum is divided by the number of windows that the pixel lies in: only add up",
                _sums(seen, shape, stride, padding)
                / np.maximum(1, _sums(np.ones_like(seen), shape, stride, padding)),
            ),
        ]
        expect(
            f"col2im to shape {shape}, windows {kh} x {kw}, stride {stride}, padding {padding}",
            call_with_sizes(
                function,
                matrix,
                shape,
                kh,
                kw,
                stride,
                padding,
                name="col2im",
                sizes=(shape, (kh, kw), stride, padding),
            ),
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
    """What the usual mistakes in adding up windows give: pairs (sentence, array)."""
    whole, size = put_back(seen, shape, stride, padding), shape[1:3]
    overwritten = (
        "overlapping windows overwrite each other: their parts of a pixel's gradient must be "
        "added up"
    )
    view = (
        ". (`windows += ...` on a view of windows does not add them up: NumPy adds first and then "
        "writes the windows over each other)"
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
            "the padding is cut off with p:-p, which is empty for p = 0: write p:p + H",
            whole[:, padding:-padding, padding:-padding],
        ),
        (
            "the padding is cut off on one side only: cut p rows and columns off every side",
            whole[:, : size[0], : size[1]],
        ),
        (
            "the padding is cut off on one side only: cut p rows and columns off every side",
            whole[:, 2 * padding :, 2 * padding :],
        ),
        (
            "the padding is cut off on one side only: cut p rows and columns off every side",
            whole[:, padding:, padding:],
        ),
        (
            "the stride is left out: window (i, j) begins at row i s and column j s of the "
            "padded image",
            cut(put_back(seen, shape, stride, padding, move=1), padding, size),
        ),
    ]


def _backward(forward, backward, trial):
    """Run a student's forward and backward for each case, with another layer's forward in between.

    Yields the case in words, its arrays, dx and dw.
    """
    for shape, filters, stride, padding in CASES:
        x, w = trial.normal(*shape), trial.normal(*filters)
        other_x, other_w = trial.normal(*shape), trial.normal(*filters)
        cache = forward_of(forward, x, w, stride, padding)
        forward_of(forward, other_x, other_w, stride, padding)
        dy = trial.normal(
            shape[0],
            *(size_of(n, k, stride, padding) for n, k in zip(shape[1:3], filters)),
            filters[3],
        )
        got = call_with_sizes(
            backward,
            dy,
            cache,
            name="conv2d_backward",
            sizes=(shape, filters[:2], stride, padding),
        )
        dx, dw = expect_tuple("conv2d_backward", got, 2, "dx and dw")
        yield (
            case_in_words("conv2d_backward", x, w, stride, padding),
            (x, w, stride, padding, other_x, other_w, dy),
            dx,
            dw,
        )


def _in_float32(forward, backward, trial):
    x, w = trial.normal(2, 5, 4, 3, dtype=np.float32), trial.normal(3, 3, 3, 2, dtype=np.float32)
    cache = forward_of(forward, x, w, 2, 1, np.float32)
    dy = trial.normal(2, 3, 2, 2, dtype=np.float32)
    return (x, w, dy), expect_tuple(
        "conv2d_backward", call(backward, dy, cache, name="conv2d_backward"), 2, "dx and dw"
    )


def filter_gradient(x: Array, kernel: Shape, stride: int, padding: int, dy: Array) -> Array:
    """dw (KH, KW, C, O) from the definition: the sum over images and places of window times dy."""
    return np.tensordot(windows(padded(x, padding), kernel, stride), dy, ((0, 1, 2), (0, 1, 2)))


def image_gradient(w: Array, shape: Shape, stride: int, padding: int, dy: Array) -> Array:
    """dx of `shape` from the definition: dy times w, added up where the windows overlap."""
    return _sums(np.tensordot(dy, w, (3, 3)), shape, stride, padding)


GLOBAL = (
    "backward uses numbers of the *latest* forward pass instead of its cache: other layers are "
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
                "dw is still a matrix (KH KW C, O): reshape it to the shape of w",
                right.reshape(-1, o),
            ),
            (
                "dw is still a matrix, and transposed: it has the shape of w, (KH, KW, C, O)",
                right.reshape(-1, o).T,
            ),
            ("the mean over the batch is taken: gradients of all images add up", right / len(x)),
            (
                "dw is divided by the number of outputs: gradients of all places add up",
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
                "the matrix of dw is transposed, (O, KH KW C): compute columns^T dy",
                right.reshape(-1, o).T.reshape(w.shape),
            ),
            (
                "the rows of dw are in the order (C, KH, KW) instead of (KH, KW, C)",
                right.transpose(2, 0, 1, 3).reshape(w.shape),
            ),
            (
                "the rows of dw are read in the order (C, KH, KW) instead of (KH, KW, C)",
                right.reshape(c, kh, kw, o).transpose(1, 2, 0, 3),
            ),
            *(
                (
                    sentence,
                    np.tensordot(windows(border, kernel, stride), dy, ((0, 1, 2), (0, 1, 2))),
                )
                for sentence, border in one_sided(x, padding)[2:]
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
                "dx is divided by the number of images: the mean, if there is one, belongs to the "
                "loss",
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
                "w is read as (O, KH KW C): a plain reshape turns w into the matrix (KH KW C, O)",
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
