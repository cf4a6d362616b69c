"""Convolution as one copy and one matrix product (im2col and GEMM), a few images at a time.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a few images,
used while they are in the processor's cache, and overwritten by those of the next few.

Backward is a linear layer's, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row q holds what dL/dy has in
all outputs that pixel q went into. So dX slides a window over dY as the forward pass slides one over X, and dW comes
from the same columns. One routine, `_slide`, does all; which pixel meets which weight is in `taps.py`.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .. import shapes
from ..kernel import Kernel
from . import memory, parallel, taps

WIDE_ENOUGH = 32             # columns of a matrix product, up to which several pixels are found at once
SMALL_PRODUCT = 10 ** 6      # multiplications, up to which OpenBLAS multiplies matrices as they lie, without repacking
FEWEST_ROWS = 64             # of a small product, so that its call costs little


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O), with stride s, padding p, dilation d: ints or
    (height, width) pairs. With groups, each group of output channels sees only its own group of input channels.
    """

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        rows, columns = _forward_taps(win, w.shape[3] // groups)
        y = memory.empty(shape, x.dtype)
        weights = [taps.widen(part, rows, columns) for part in _split_weights(w, groups)]
        _slide(x, rows, columns, groups, shape[1:3], weights=weights, out=y)
        return y, (x, w, win, groups)

    def backward(dy, cache, needs=(True, True)):
        x, w, win, groups = cache
        if not needs[0]:                                           # X has fewer columns than dY in a net's first layer
            rows, columns = _forward_taps(win, w.shape[3] // groups)
            dwide = _slide(x, rows, columns, groups, dy.shape[1:3], partner=dy)
            return None, np.concatenate([taps.narrow(d, rows, columns, w.shape[2]) for d in dwide], axis=3)
        rows, columns = _backward_taps(win, w.shape[2])
        dx = memory.empty(x.shape, x.dtype)
        weights = [taps.widen(part.swapaxes(2, 3), rows, columns) for part in _split_weights(w, groups)]
        dwide = _slide(dy, rows, columns, groups, x.shape[1:3], weights=weights, out=dx, partner=x if needs[1] else None)
        if not needs[1]:
            return dx, None
        dw = [taps.narrow(d, rows, columns, w.shape[3] // groups).swapaxes(2, 3) for d in dwide]
        return dx, np.concatenate(dw, axis=3)


def _slide(source, rows, columns, groups, size, weights=None, out=None, partner=None):
    """Slide a window over the images `source`, a few at a time.

    Each window, as a row of the columns, is multiplied by `weights` (a matrix for each group) to give pixels of `out`
    (N, *size, O); and the columns, transposed, by the same pixels of `partner` (N, *size, O), the sum of which is
    returned: a matrix for each group.
    """
    windows = rows.windows(size[0]), columns.windows(size[1])
    length = rows.size * columns.size * source.shape[3] // groups
    width = rows.at_once * columns.at_once * (partner if out is None else out).shape[3] // groups
    product_rows = _product_rows(windows[0] * windows[1], length * width)
    image_bytes = windows[0] * windows[1] * length * source.itemsize

    def share(start, stop):
        pieces = parallel.pieces(start, stop, image_bytes)
        most = pieces[0][1] - pieces[0][0] if pieces else 0
        placed, inside, seen = _place(source, rows, columns, windows, most)
        views = [_windows(_channels(placed, group, groups), rows, columns, windows) for group in range(groups)]
        copies = parallel.scratch("columns", views[0].shape, source.dtype)
        products = parallel.scratch("products", (most * windows[0] * windows[1] // product_rows, length, width), source.dtype)
        total = np.zeros((groups, length, width), source.dtype)
        for first, last in pieces:
            n = last - first
            inside[:n] = seen[first:last]
            for group in range(groups):
                copies[:n] = views[group][:n]                                                              # im2col
                matrices = copies[:n].reshape(-1, product_rows, length)
                if out is not None:
                    pixels = _channels(out[first:last], group, groups)
                    if pixels.flags.c_contiguous and pixels.size == n * windows[0] * windows[1] * width and rows.at_once == 1:
                        np.matmul(matrices, weights[group], out=pixels.reshape(-1, product_rows, width))
                    else:
                        together = parallel.scratch("together", (*matrices.shape[:2], width), source.dtype)
                        _separate(np.matmul(matrices, weights[group], out=together), rows, columns, windows, out=pixels)
                if partner is not None:
                    pixels = _together(_channels(partner[first:last], group, groups), rows, columns, windows)
                    pixels = pixels.reshape(-1, product_rows, width)
                    total[group] += np.matmul(matrices.swapaxes(1, 2), pixels, out=products[:len(pixels)]).sum(axis=0)
        return total

    partial = parallel.run(share, len(source), image_bytes)
    return sum(partial[1:], partial[0])


def _windows(placed, rows, columns, windows):
    """A view of every window of the images, moving no number: (N, *windows, KH, KW, C). To copy it is im2col."""
    n, _, _, c = placed.shape
    sn, sh, sw, sc = placed.strides
    return as_strided(placed, (n, *windows, rows.size, columns.size, c),
                      (sn, sh * rows.move, sw * columns.move, sh * rows.step, sw * columns.step, sc))


def _place(images, rows, columns, windows, count):
    """Scratch images of `size` whose pixel 0 is pixel `first` of `images`; zeros where these have none."""
    _, height, width, c = images.shape
    reach = rows.reach(windows[0]), columns.reach(windows[1])
    placed = parallel.framed((rows.first, columns.first, height, width), count, (*reach, c), images.dtype)
    from_rows, to_rows = _overlap(rows.first, reach[0], height)
    from_columns, to_columns = _overlap(columns.first, reach[1], width)
    return placed, placed[:, to_rows, to_columns], images[:, from_rows, from_columns]


def _overlap(first, size, available):
    """The part of ``range(first, first + size)`` in ``range(available)``, as a slice of the latter and of the former."""
    start, stop = max(first, 0), max(0, min(first + size, available))
    stop = max(start, stop)
    return slice(start, stop), slice(start - first, stop - first)


def _together(pixels, rows, columns, windows):
    """Pixels (N, H, W, C) as (N, *windows, at once C): those found at once side by side, zeros beyond the end."""
    n, height, width, c = pixels.shape
    if rows.at_once == 1 and width == windows[1] * columns.at_once:
        return pixels
    together = parallel.scratch("together", (n, *windows, rows.at_once, columns.at_once, c), pixels.dtype)
    if height % rows.at_once or width % columns.at_once:
        together[:, -1], together[:, :, -1] = 0, 0
    for r, q in np.ndindex(rows.at_once, columns.at_once):
        some = pixels[:, r::rows.at_once, q::columns.at_once]
        together[:, :some.shape[1], :some.shape[2], r, q] = some
    return together


def _separate(together, rows, columns, windows, out):
    """Write what `_together` puts side by side to its places in `out` (N, H, W, C)."""
    together = together.reshape(len(out), *windows, rows.at_once, columns.at_once, -1)
    for r, q in np.ndindex(rows.at_once, columns.at_once):
        some = out[:, r::rows.at_once, q::columns.at_once]
        some[...] = together[:, :some.shape[1], :some.shape[2], r, q]


def _forward_taps(win, outputs):
    rows, columns = zip(*win)
    at_once = _pixels_at_once(outputs) if win.dilation[1] == 1 else 1
    return taps.forward(1, *rows), taps.forward(at_once, *columns)


def _backward_taps(win, outputs):
    rows, columns = zip(*win)
    at_once = _pixels_at_once(outputs * win.stride[0] * win.stride[1]) if win.dilation[1] == 1 else 1
    return taps.backward(win.stride[0], *rows), taps.backward(win.stride[1] * at_once, *columns)


def _pixels_at_once(outputs):
    """How many neighbouring pixels to find at once, so that matrix products are not too narrow."""
    return max(t for t in (1, 2, 4) if t == 1 or t * outputs <= WIDE_ENOUGH)


def _product_rows(positions, multiplications):
    """In how many rows at a time to multiply the columns of an image, of `multiplications` each."""
    fitting = [rows for rows in range(FEWEST_ROWS, positions) if positions % rows == 0 and rows * multiplications <= SMALL_PRODUCT]
    return max(fitting, default=positions)


def _split_weights(w, groups):
    return np.split(w, groups, axis=3)


def _channels(array, group, groups):
    """The channels of one group."""
    c = array.shape[-1] // groups
    return array[..., group * c:(group + 1) * c]
