"""Sliding a window over images as one copy and one matrix product (im2col and GEMM), a few images at a time.

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a few images, used
while they are in the processor's cache, and overwritten by those of the next few.
"""

from functools import cache
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import chunks, blocking

LARGE_WEIGHTS = 2 ** 20      # bytes, from which to read them anew for each image costs more than its columns
SMALL_PRODUCT = 10 ** 6      # multiply-adds, up to which some BLAS multiply matrices as they lie, without repacking them


def slide(source, rows, columns, groups, size, weights=None, out=None, partner=None, finish=None):
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
    finish : callable, optional
        ``finish(first, last)`` is called when ``out[first:last]`` has been written, and is in cache.
    """
    windows = rows.windows(size[0]), columns.windows(size[1])
    c, o = source.shape[3] // groups, (out if partner is None else partner).shape[3] // groups
    length, width = rows.size * columns.size * c, rows.at_once * columns.at_once * o          # of a row of the matrices
    rows_at_a_time = _rows_at_a_time(prod(windows), length * width, fewest=16)
    stack_of_sums = -1, _rows_at_a_time(prod(windows), length * width, fewest=64)             # each is added to a whole result
    image_bytes = prod(windows) * length * source.itemsize
    weight_bytes = length * width * source.itemsize
    together = partner is None and weight_bytes > LARGE_WEIGHTS                               # all images of a piece in one product
    least = weight_bytes if together else 0
    images_at_once = chunks.piece_size(len(source), image_bytes, least)
    if out is not None:
        weights = [blocking.widen(part, rows, columns) for part in _split(weights, groups)]
        out = [Together(part, rows, columns, windows) for part in _split(out, groups)]
    if partner is not None:
        partner = [Together(part, rows, columns, windows) for part in _split(partner, groups)]

    def stack(n):
        return (n * prod(windows),) if together else (n, -1, rows_at_a_time)

    def share(pieces):
        look = _viewer(source, rows, columns, windows, groups, images_at_once)
        for first, last in pieces:
            n = last - first
            total = []
            for group in range(groups):
                matrices = look(group, first, last)                                           # im2col
                if out is not None:
                    pixels = out[group].room(first, last)
                    np.matmul(matrices.reshape(*stack(n), length), weights[group], out=pixels.reshape(*stack(n), width))
                    out[group].put(first, last, pixels)
                if partner is not None:
                    pixels = partner[group].get(first, last).reshape(n, *stack_of_sums, width)
                    total.append(_sum_of_products(matrices.reshape(n, *stack_of_sums, length), pixels))
            if finish is not None:
                finish(first, last)
            yield total

    with chunks.one_blas_thread():
        totals = chunks.run(share, len(source), image_bytes, least)
    if partner is not None:
        total = np.zeros((groups, length, width), source.dtype)
        for some in totals:
            total += some
        return np.concatenate([blocking.narrow(some, rows, columns, c) for some in total], axis=3)


def _viewer(source, rows, columns, windows, groups, count):
    """A function ``look(group, first, last)`` that lays out what the windows see in images as columns, `count` images at most.

    Where a window sees one pixel and every pixel has one, the images are their own columns. Else these are copied to scratch: from
    the images themselves if no window sees padding, or from a copy of them in a frame of zeros.
    """
    n, height, width, _ = source.shape
    if groups == 1 and windows == (height, width) and rows.size == columns.size == 1 and rows.first == columns.first == 0 and source.flags.c_contiguous:
        return lambda group, first, last: source[first:last]
    framed = min(rows.first, columns.first) < 0 or rows.first + rows.reach(windows[0]) > height or columns.first + columns.reach(windows[1]) > width
    if framed:
        placed, inside, seen = _place(source, rows, columns, windows, count)
    else:
        placed = source[:, rows.first:, columns.first:]
    views = [_windows(part, rows, columns, windows) for part in _split(placed, groups)]
    copies = chunks.scratch("columns", (count, *views[0].shape[1:]), source.dtype)

    def look(group, first, last):
        if framed and group == 0:
            inside[:last - first] = seen[first:last]
        found = copies[:last - first]
        found[...] = views[group][:last - first] if framed else views[group][first:last]
        return found
    return look


def _place(images, rows, columns, windows, count):
    """Scratch for `count` of the images with all that the windows see, which is zeros where that is padding.

    Returns that, its part to be filled anew for each piece, and the part of `images` to fill it with.
    """
    _, height, width, c = images.shape
    size = rows.reach(windows[0]), columns.reach(windows[1])
    placed = chunks.framed((rows.first, columns.first, height, width), count, (*size, c), images.dtype)
    from_rows, to_rows = _overlap(rows.first, size[0], height)
    from_columns, to_columns = _overlap(columns.first, size[1], width)
    return placed, placed[:, to_rows, to_columns], images[:, from_rows, from_columns]


def _overlap(first, size, available):
    """The part of ``range(first, first + size)`` in ``range(available)``, as a slice of the latter and of the former."""
    start = max(first, 0)
    stop = max(start, min(first + size, available))
    return slice(start, stop), slice(start - first, stop - first)


def _windows(placed, rows, columns, windows):
    """A view of every window of the images, moving no number: (N, *windows, KH, KW, C). To copy it is im2col."""
    n, _, _, c = placed.shape
    sn, sh, sw, sc = placed.strides
    return as_strided(placed, (n, *windows, rows.size, columns.size, c),
                      (sn, sh * rows.move, sw * columns.move, sh * rows.step, sw * columns.step, sc))


class Together:
    """The pixels of images (N, H, W, C), with those that are found at once side by side: (N, *windows, at once, C).

    They lie like that already if they are neighbours in a row, and the windows find no others. Else `get` copies them
    to scratch, and `put` copies back what was written to the `room` for them.
    """

    def __init__(self, images, rows, columns, windows):
        self.images, self.at_once = images, (rows.at_once, columns.at_once)
        self.shape = *windows, *self.at_once, images.shape[3]
        direct = rows.at_once == 1 and images.shape[2] == windows[1] * columns.at_once and images.flags.c_contiguous
        self.direct = images.reshape(len(images), *self.shape) if direct else None

    def room(self, first, last):
        if self.direct is not None:
            return self.direct[first:last]
        return chunks.scratch("together", (last - first, *self.shape), self.images.dtype)

    def get(self, first, last):
        pixels = self.room(first, last)
        if self.direct is None:
            pixels[...] = 0                            # for those beyond the end, which the last windows find
            for here, there in self._places(pixels, self.images[first:last]):
                here[...] = there
        return pixels

    def put(self, first, last, pixels):
        if self.direct is None:
            for here, there in self._places(pixels, self.images[first:last]):
                there[...] = here

    def _places(self, pixels, images):
        """For each pixel of those found at once: where it lies in `pixels`, and in `images`."""
        for r, q in np.ndindex(self.at_once):
            there = images[:, r::self.at_once[0], q::self.at_once[1]]
            yield pixels[:, :there.shape[1], :there.shape[2], r, q], there


def _sum_of_products(matrices, pixels):
    """The sum over all matrices (..., rows, length), transposed, times all pixels (..., rows, width): (length, width)."""
    products = chunks.scratch("products", (*matrices.shape[:2], matrices.shape[3], pixels.shape[3]), matrices.dtype)
    return np.matmul(matrices.swapaxes(2, 3), pixels, out=products).sum(axis=(0, 1))


@cache
def _rows_at_a_time(positions, multiplications, fewest):
    """In how many rows at a time to multiply the columns of an image, of `multiplications` each: at least `fewest`."""
    if not chunks.blas_has_small_products():
        return positions
    small = [n for n in range(fewest, positions) if positions % n == 0 and n * multiplications <= SMALL_PRODUCT]
    return max(small, default=positions)


def _split(array, groups):
    """The channels of each group."""
    return [array] if groups == 1 else np.split(array, groups, axis=-1)
