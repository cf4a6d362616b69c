"""Convolution as one copy and one matrix product (im2col and GEMM), a few images at a time.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a few images,
used while they are in the processor's cache, and overwritten by those of the next few.

Backward is a linear layer's, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row q holds what dL/dy has in
all outputs that pixel q went into. So the gradient of the images is a convolution too, of dL/dy spread out by the
stride, with the weights turned by 180 degrees and their input and output channels exchanged; and the same columns give
the gradient of the weights.

With few output channels both the copy and the product are slow: narrow matrices. Then the outputs of t neighbouring
pixels are found at once, as t O channels of a convolution with a wider kernel, KW + t - 1, that moves by t.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .. import shapes
from ..kernel import Kernel
from . import parallel


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O), with stride s, padding p, dilation d: ints or
    (height, width) pairs. With groups, each group of output channels sees only its own group of input channels.
    """

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        y = np.empty(shape, x.dtype)
        at_once = _pixels_at_once(w.shape[3], shape[2], win.stride[1], win.dilation[1], groups)
        wide = _widen(w, at_once)
        moves, positions = (win.stride[0], win.stride[1] * at_once), (shape[1], shape[2] // at_once)
        image_bytes = _columns_bytes(positions, wide)
        padded_size = tuple(size + 2 * p for size, p in zip(x.shape[1:3], win.padding))

        def share(start, stop):
            for first, last in parallel.pieces(start, stop, image_bytes):
                images = _place(x[first:last], win.padding, (1, 1), padded_size)
                for channels, outputs in _groups(x.shape[-1], wide.shape[-1], groups):
                    columns = im2col(images[..., channels], wide.shape[:2], moves, win.dilation, positions)
                    _multiply(columns, wide[..., outputs], out=y[first:last, ..., outputs])

        parallel.run(share, len(x), image_bytes)
        return y, (x, w, win, groups)

    def backward(dy, cache, needs=(True, True)):
        x, w, win, groups = cache
        turned = _turn(w, groups)
        reach = tuple(d * (k - 1) for d, k in zip(win.dilation, win.kernel))     # from a window's first to last pixel
        before = tuple(r - p for r, p in zip(reach, win.padding))
        spread_size = tuple(size + r for size, r in zip(x.shape[1:3], reach))
        at_once = _pixels_at_once(x.shape[3], x.shape[2], 1, win.dilation[1], groups)
        wide = _widen(turned, at_once)
        positions = (x.shape[1], x.shape[2] // at_once)
        image_bytes = _columns_bytes(positions, wide)
        dx = np.empty(x.shape, x.dtype) if needs[0] else None

        def share(start, stop):
            dwide = np.zeros_like(wide)
            for first, last in parallel.pieces(start, stop, image_bytes):
                spread = _place(dy[first:last], before, win.stride, spread_size)
                for outputs, channels in _groups(dy.shape[-1], wide.shape[-1], groups):
                    columns = im2col(spread[..., outputs], wide.shape[:2], (1, at_once), win.dilation, positions)
                    if needs[0]:
                        _multiply(columns, wide[..., channels], out=dx[first:last, ..., channels])
                    if needs[1]:
                        pixels = x[first:last, ..., channels].reshape(len(columns), -1)
                        dwide[..., channels] += (columns.T @ pixels).reshape(*wide.shape[:3], -1)
            return dwide

        partial = parallel.run(share, len(x), image_bytes)
        return dx, _turn(_narrow(sum(partial[1:], partial[0]), at_once), groups) if needs[1] else None


def im2col(images, kernel, stride, dilation, size):
    """Lay the windows of padded `images` (N, H, W, C) out as rows: scratch of shape (N H' W', KH KW C).

    A strided view shows every window without moving a number; copying the view is im2col.
    """
    n, _, _, c = images.shape
    sn, sh, sw, sc = images.strides
    view = as_strided(images, (n, *size, *kernel, c),
                      (sn, sh * stride[0], sw * stride[1], sh * dilation[0], sw * dilation[1], sc))
    columns = parallel.scratch("columns", view.shape, images.dtype)
    np.copyto(columns, view)
    return columns.reshape(n * size[0] * size[1], -1)


def _multiply(columns, weights, out):
    """Write columns @ weights, with `weights` (KH, KW, C, O) as a matrix, into `out` (N, H', W', O)."""
    weights = weights.reshape(columns.shape[1], -1)
    if out.flags.c_contiguous:
        np.matmul(columns, weights, out=out.reshape(len(columns), -1))
    else:                                     # the channels of one group among others
        out[...] = (columns @ weights).reshape(out.shape)


def _groups(c_in, c_out, groups):
    """The slices of input and output channels that belong together.

    One group is all there is: its slice of t O wide outputs also takes the whole of an array with O of them.
    """
    return [(slice(c_in * g // groups, c_in * (g + 1) // groups), slice(c_out * g // groups, c_out * (g + 1) // groups))
            for g in range(groups)]


def _turn(w, groups):
    """Weights (KH, KW, C / groups, O) turned by 180 degrees, input and output exchanged: (KH, KW, O / groups, C).

    Turning twice gives the weights back.
    """
    turned = [w[::-1, ::-1, :, outputs].swapaxes(2, 3) for _, outputs in _groups(w.shape[2] * groups, w.shape[3], groups)]
    return np.ascontiguousarray(np.concatenate(turned, axis=3))


def _pixels_at_once(outputs, width, stride, dilation, groups):
    """How many neighbouring pixels of a line of `width` to find at once, so that a product has some 16 columns."""
    if stride > 1 or dilation > 1 or groups > 1:
        return 1
    return max(t for t in (1, 2, 4) if t == 1 or (t * outputs <= 16 and width % t == 0))


def _widen(w, at_once):
    """Weights (KH, KW + t - 1, C, t O) that find t pixels at once: w for each, moved on by one, with zeros beside it."""
    kh, kw, c, o = w.shape
    wide = np.zeros((kh, kw + at_once - 1, c, at_once, o), w.dtype)
    for j in range(at_once):
        wide[:, j:j + kw, :, j] = w
    return wide.reshape(kh, kw + at_once - 1, c, at_once * o)


def _narrow(dwide, at_once):
    """The gradient of w from that of the wide weights: w stands in them t times, and what is used t times adds up."""
    kh, wide, c, outputs = dwide.shape
    kw, parts = wide - at_once + 1, dwide.reshape(kh, wide, c, at_once, outputs // at_once)
    return sum(parts[:, j:j + kw, :, j] for j in range(at_once))


def _place(images, before, step, size):
    """Scratch images of `size`: pixel i of `images` at position i step + before (left out if outside), zeros elsewhere."""
    n, height, width, c = images.shape
    padded = parallel.framed((before, step, height, width), n, (*size, c), images.dtype)
    rows, to_rows = _inside(height, before[0], step[0], size[0])
    columns, to_columns = _inside(width, before[1], step[1], size[1])
    padded[:, to_rows, to_columns] = images[:, rows, columns]
    return padded


def _inside(count, before, step, size):
    """The slice of ``range(count)`` for which i step + before lies in ``range(size)``, and the slice of those positions."""
    first = max(0, -(before // step))                              # smallest i with i step + before >= 0
    last = min(count, (size - 1 - before) // step + 1)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    return slice(first, last), slice(first * step + before, (last - 1) * step + before + 1, step)


def _columns_bytes(positions, w):
    """The memory that the columns for one image take, with a window of weights `w` at (rows, columns) of positions."""
    return positions[0] * positions[1] * w.shape[0] * w.shape[1] * w.shape[2] * w.dtype.itemsize
