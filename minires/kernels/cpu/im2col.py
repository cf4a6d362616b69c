"""Sliding a window over images as one copy and one matrix product (im2col and GEMM), a few images at a time.

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a few images, used
while they are in the processor's cache, and overwritten by those of the next few.
"""

from functools import cache
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import parallel, taps

SMALL_PRODUCT = 10 ** 6      # multiply-adds, up to which some BLAS multiply matrices as they lie, without repacking them


def slide(source, rows, columns, groups, size, weights=None, out=None, partner=None):
    """Slide a window over images, and multiply what it sees.

    Parameters
    ----------
    source : np.ndarray (N, H, W, C)
    rows, columns : Taps
        Which pixels each window sees, along each axis.
    groups : int
    size : (int, int)
        Rows and columns of the images `out` and `partner`.
    weights, out : np.ndarray (KH, KW, C / groups, O), and (N, *size, O) to write to, optional
        Every pixel of `out` is the product of its window with the weights.
    partner : np.ndarray (N, *size, O), optional
        Every window is multiplied by the pixel of `partner`, and all these products added up: that has the shape of
        weights, and is returned.
    """
    windows = rows.windows(size[0]), columns.windows(size[1])
    reach = rows.reach(windows[0]), columns.reach(windows[1])
    c, o = source.shape[3] // groups, (out if partner is None else partner).shape[3] // groups
    length, width = rows.size * columns.size * c, rows.at_once * columns.at_once * o
    stack = -1, _rows_at_a_time(prod(windows), length * width, fewest=16)
    stack_of_sums = -1, _rows_at_a_time(prod(windows), length * width, fewest=64)       # each is added to a whole result
    image_bytes = prod(windows) * length * source.itemsize
    images_at_once = parallel.piece_size(len(source), image_bytes)
    wide = [taps.widen(some, rows, columns) for some in np.split(weights, groups, axis=3)] if out is not None else None

    def share(pieces):
        placed, inside, seen = _place(source, (rows.first, columns.first), reach, images_at_once)
        views = [_windows(_channels(placed, group, groups), rows, columns, windows) for group in range(groups)]
        copies = parallel.scratch("columns", views[0].shape, source.dtype)
        for first, last in pieces:
            inside[:last - first] = seen[first:last]
            total = np.empty((groups, length, width), source.dtype) if partner is not None else None
            for group in range(groups):
                copy = copies[:last - first]
                np.copyto(copy, views[group][:last - first])                                    # im2col
                if out is not None:
                    pixels = _together(_channels(out[first:last], group, groups), rows, columns, windows, copy=False)
                    np.matmul(copy.reshape(*stack, length), wide[group], out=pixels.reshape(*stack, width))
                    _separate(pixels, _channels(out[first:last], group, groups), rows, columns)
                if partner is not None:
                    pixels = _together(_channels(partner[first:last], group, groups), rows, columns, windows)
                    matrices = copy.reshape(*stack_of_sums, length)
                    products = parallel.scratch("products", (len(matrices), length, width), source.dtype)
                    np.matmul(matrices.swapaxes(1, 2), pixels.reshape(*stack_of_sums, width), out=products)
                    products.sum(axis=0, out=total[group])
            yield total

    totals = parallel.run(share, len(source), image_bytes)
    if partner is not None:
        total = np.zeros((groups, length, width), source.dtype)
        for some in totals:
            total += some
        return np.concatenate([taps.narrow(some, rows, columns, c) for some in total], axis=3)


def _windows(placed, rows, columns, windows):
    """A view of every window of the images, moving no number: (N, *windows, KH, KW, C). To copy it is im2col."""
    n, _, _, c = placed.shape
    sn, sh, sw, sc = placed.strides
    return as_strided(placed, (n, *windows, rows.size, columns.size, c),
                      (sn, sh * rows.move, sw * columns.move, sh * rows.step, sw * columns.step, sc))


def _place(images, first, size, count):
    """Scratch for `count` images of `size` whose pixel 0 is pixel `first` of `images`, with zeros where these have none.

    Returns that, its part to be filled anew for each piece, and the part of `images` to fill it with.
    """
    _, height, width, c = images.shape
    placed = parallel.framed((first, height, width), count, (*size, c), images.dtype)
    from_rows, to_rows = _overlap(first[0], size[0], height)
    from_columns, to_columns = _overlap(first[1], size[1], width)
    return placed, placed[:, to_rows, to_columns], images[:, from_rows, from_columns]


def _overlap(first, size, available):
    """The part of ``range(first, first + size)`` in ``range(available)``, as a slice of the latter and of the former."""
    start = max(first, 0)
    stop = max(start, min(first + size, available))
    return slice(start, stop), slice(start - first, stop - first)


def _together(pixels, rows, columns, windows, copy=True):
    """Pixels (N, H, W, C) as (N, *windows, rows at once, columns at once, C): those found at once side by side.

    `pixels` themselves where they lie like that already; else scratch, with a copy of them if `copy`.
    """
    n, height, width, c = pixels.shape
    shape = n, *windows, rows.at_once, columns.at_once, c
    if rows.at_once == 1 and width == windows[1] * columns.at_once and pixels.flags.c_contiguous:
        return pixels.reshape(shape)
    together = parallel.scratch("together", shape, pixels.dtype)
    if copy:
        if height % rows.at_once or width % columns.at_once:
            together[...] = 0                              # the last windows find some pixels beyond the end
        for r, q in np.ndindex(rows.at_once, columns.at_once):
            some = pixels[:, r::rows.at_once, q::columns.at_once]
            together[:, :some.shape[1], :some.shape[2], r, q] = some
    return together


def _separate(together, pixels, rows, columns):
    """Copy what `_together` put side by side back to `pixels`, unless it lies there."""
    if together.base is pixels.base:
        return
    for r, q in np.ndindex(rows.at_once, columns.at_once):
        some = pixels[:, r::rows.at_once, q::columns.at_once]
        some[...] = together[:, :some.shape[1], :some.shape[2], r, q]


@cache
def _rows_at_a_time(positions, multiplications, fewest):
    """In how many rows at a time to multiply the columns of an image, of `multiplications` each: at least `fewest`."""
    if not parallel.blas_has_small_products():
        return positions
    small = [n for n in range(fewest, positions) if positions % n == 0 and n * multiplications <= SMALL_PRODUCT]
    return max(small, default=positions)


def _channels(array, group, groups):
    """The channels of one group."""
    c = array.shape[-1] // groups
    return array[..., group * c:(group + 1) * c]
