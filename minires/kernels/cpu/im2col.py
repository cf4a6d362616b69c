"""Convolution as one copy and one matrix product (im2col and GEMM), a few images at a time.

    columns (N H' W', KH KW C)   @   weights (KH KW C, O)   =   output (N H' W', O)

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a
few images, used while they are in the processor's cache, and overwritten by those of the next few.

With a wider window (`blocking.py`), H' W' are blocks of pixels, KH KW the size of the wider window,
and O the channels of all pixels of a block.
"""

from collections.abc import Callable
from functools import cache
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...types import Array, Shape
from . import blocking, chunks, workspace

LARGE_WEIGHTS = 2**20  # bytes; larger ones take longer to read than an image's columns
SMALL_PRODUCT = 10**6  # multiply-adds, up to which some BLAS multiply without repacking


def multiply_columns(
    images: Array,
    window_h: blocking.WideWindow,
    window_w: blocking.WideWindow,
    groups: int,
    size: Shape,
    weights: Array | None = None,
    out: Array | None = None,
    grad_output: Array | None = None,
    epilogue: Callable[[int, int], None] | None = None,
) -> Array | None:
    """Lay out images as columns, and multiply these.

    With `weights` and `out`:    out = columns @ weights.
    With `grad_output`:          dweights = columns^T @ grad_output.

    Backward through the images is the same with exchanged roles: there `images` are dL/dy, `out` is
    dL/dx, and x takes the place of `grad_output`.

    Parameters
    ----------
    images : np.ndarray (N, H, W, C)
    window_h, window_w : blocking.WideWindow
        The window along each axis.
    groups : int
    size : (int, int)
        H' and W'.
    weights : np.ndarray (KH, KW, C / groups, O), optional
    out : np.ndarray (N, H', W', O), optional
        Written to.
    grad_output : np.ndarray (N, H', W', O), optional
    epilogue : callable, optional
        ``epilogue(first, last)`` is called when ``out[first:last]`` has been written and is in
        cache.

    Returns
    -------
    np.ndarray (KH, KW, C / groups, O) or None
        The gradient of the weights, if `grad_output` is given.
    """
    blocks = window_h.blocks(size[0]), window_w.blocks(size[1])
    c = images.shape[3] // groups
    like_out = out if grad_output is None else grad_output
    assert like_out is not None  # one of the two is given
    o = like_out.shape[3] // groups
    column_size = window_h.kernel_size * window_w.kernel_size * c
    block_size = window_h.block * window_w.block * o
    rows_per_product = _rows_per_product(prod(blocks), column_size * block_size, least=16)
    # Each product of a gradient is added to a result of full size, so there it pays to have fewer.
    rows_per_gradient = _rows_per_product(prod(blocks), column_size * block_size, least=64)
    image_bytes = prod(blocks) * column_size * images.itemsize
    weight_bytes = column_size * block_size * images.itemsize
    one_product = grad_output is None and weight_bytes > LARGE_WEIGHTS
    min_bytes = weight_bytes if one_product else 0
    images_per_chunk = chunks.chunk_size(len(images), image_bytes, min_bytes)
    if out is not None:
        wide_weights = [
            blocking.widen(part, window_h, window_w) for part in _split(weights, groups)
        ]
        out_blocks = [PixelBlocks(part, window_h, window_w, blocks) for part in _split(out, groups)]
    if grad_output is not None:
        gradient_blocks = [
            PixelBlocks(part, window_h, window_w, blocks) for part in _split(grad_output, groups)
        ]

    def product_shape(n):
        """The rows of n images: all in one matrix product, or in several small ones."""
        return (n * prod(blocks),) if one_product else (n, -1, rows_per_product)

    def worker(chunks):
        im2col = _im2col(images, window_h, window_w, blocks, groups, images_per_chunk)
        for first, last in chunks:
            n = last - first
            dweights = []
            for group in range(groups):
                columns = im2col(group, first, last)
                if out is not None:
                    pixels = out_blocks[group].room(first, last)
                    np.matmul(
                        columns.reshape(*product_shape(n), column_size),
                        wide_weights[group],
                        out=pixels.reshape(*product_shape(n), block_size),
                    )
                    out_blocks[group].scatter(first, last, pixels)
                if grad_output is not None:
                    pixels = gradient_blocks[group].gather(first, last)
                    dweights.append(
                        _sum_of_products(
                            columns.reshape(n, -1, rows_per_gradient, column_size),
                            pixels.reshape(n, -1, rows_per_gradient, block_size),
                        )
                    )
            if epilogue is not None:
                epilogue(first, last)
            yield dweights

    with chunks.one_blas_thread():
        results = chunks.run(worker, len(images), image_bytes, min_bytes)
    if grad_output is None:
        return None
    total = np.zeros((groups, column_size, block_size), images.dtype)
    for dweights in results:
        total += dweights
    return np.concatenate(
        [blocking.narrow(dwide, window_h, window_w, c) for dwide in total], axis=3
    )


def _im2col(images, window_h, window_w, blocks, groups, count):
    """A function ``im2col(group, first, last)``: the columns of at most `count` images[first:last].

    Where a window sees one pixel, and every pixel has its window, the images are their own columns.
    Otherwise columns are copied to a buffer: from the images themselves if no window sees padding,
    else from a copy of the images with zeros around it.
    """
    _, height, width, _ = images.shape
    if (
        groups == 1
        and blocks == (height, width)
        and images.flags.c_contiguous
        and window_h.kernel_size == window_w.kernel_size == 1
        and window_h.padding == window_w.padding == 0
    ):
        return lambda group, first, last: images[first:last]
    has_padding = (
        max(window_h.padding, window_w.padding) > 0
        or window_h.extent(blocks[0]) - window_h.padding > height
        or window_w.extent(blocks[1]) - window_w.padding > width
    )
    if has_padding:
        padded, interior, seen = _pad(images, window_h, window_w, blocks, count)
    else:
        padded = images[:, -window_h.padding :, -window_w.padding :]
    views = [_windows(part, window_h, window_w, blocks) for part in _split(padded, groups)]
    buffer = workspace.scratch("columns", (count, *views[0].shape[1:]), images.dtype)

    def im2col(group, first, last):
        if has_padding and group == 0:
            interior[: last - first] = seen[first:last]
        columns = buffer[: last - first]
        columns[...] = views[group][: last - first] if has_padding else views[group][first:last]
        return columns

    return im2col


def _pad(images, window_h, window_w, blocks, count):
    """A buffer for `count` images with all that the windows see: zeros where that is padding.

    Returns the buffer, the part of it that every chunk fills anew, and the part of `images` to fill
    it with.
    """
    _, height, width, c = images.shape
    size = window_h.extent(blocks[0]), window_w.extent(blocks[1])
    key = window_h.padding, window_w.padding, height, width
    padded = workspace.zero_padded_buffer(key, count, (*size, c), images.dtype)
    from_rows, to_rows = _overlap(-window_h.padding, size[0], height)
    from_cols, to_cols = _overlap(-window_w.padding, size[1], width)
    return padded, padded[:, to_rows, to_cols], images[:, from_rows, from_cols]


def _overlap(first, size, available):
    """The part of ``range(first, first + size)`` that lies in ``range(available)``.

    As a slice of the latter, and as a slice of the former.
    """
    start = max(first, 0)
    stop = max(start, min(first + size, available))
    return slice(start, stop), slice(start - first, stop - first)


def _windows(padded, window_h, window_w, blocks):
    """A view of every window of the images, (N, *blocks, KH, KW, C). To copy it is im2col."""
    n, _, _, c = padded.shape
    step_n, step_h, step_w, step_c = padded.strides
    return as_strided(
        padded,
        (n, *blocks, window_h.kernel_size, window_w.kernel_size, c),
        (
            step_n,
            step_h * window_h.stride,
            step_w * window_w.stride,
            step_h * window_h.dilation,
            step_w * window_w.dilation,
            step_c,
        ),
    )


class PixelBlocks:
    """Images (N, H, W, C) with the pixels of a block side by side: (N, *blocks, *block, C).

    The pixels of a block may lie side by side already: if they are neighbours in a row, and the
    last block of a row is full. Otherwise `gather` copies them to a buffer, and `scatter` copies
    back what was written to `room`.
    """

    def __init__(
        self,
        images: Array,
        window_h: blocking.WideWindow,
        window_w: blocking.WideWindow,
        blocks: tuple[int, int],
    ) -> None:
        self.images, self.block = images, (window_h.block, window_w.block)
        self.shape = *blocks, *self.block, images.shape[3]
        fits = window_h.block == 1 and images.shape[2] == blocks[1] * window_w.block
        self.view = None
        if fits and images.flags.c_contiguous:
            self.view = images.reshape(len(images), *self.shape)

    def room(self, first: int, last: int) -> Array:
        """Memory for the blocks of images[first:last]: if possible, the images themselves."""
        if self.view is not None:
            return self.view[first:last]
        return workspace.scratch("pixel blocks", (last - first, *self.shape), self.images.dtype)

    def gather(self, first: int, last: int) -> Array:
        """The blocks of images[first:last]."""
        blocks = self.room(first, last)
        if self.view is None:
            blocks[...] = 0  # beyond the images' ends there are no pixels
            for in_blocks, in_images in self._pairs(blocks, self.images[first:last]):
                in_blocks[...] = in_images
        return blocks

    def scatter(self, first: int, last: int, blocks: Array) -> None:
        """Write blocks, which were written to `room`, to images[first:last]."""
        if self.view is None:
            for in_blocks, in_images in self._pairs(blocks, self.images[first:last]):
                in_images[...] = in_blocks

    def _pairs(self, blocks, images):
        """For each pixel of a block: a view of it in all `blocks`, and one in the `images`."""
        for r_h, r_w in np.ndindex(self.block):
            in_images = images[:, r_h :: self.block[0], r_w :: self.block[1]]
            yield blocks[:, : in_images.shape[1], : in_images.shape[2], r_h, r_w], in_images


def _sum_of_products(columns, pixels):
    """The sum of columns^T @ pixels over all pairs of matrices.

    columns (N, M, rows, column size), pixels (N, M, rows, block size): (column size, block size).
    """
    shape = *columns.shape[:2], columns.shape[3], pixels.shape[3]
    products = workspace.scratch("products", shape, columns.dtype)
    return np.matmul(columns.swapaxes(2, 3), pixels, out=products).sum(axis=(0, 1))


@cache
def _rows_per_product(rows, multiply_adds, least):
    """How many of the `rows` of an image go into one matrix product: at least `least`, or all.

    `multiply_adds` is the cost of each row.
    """
    if not chunks.blas_has_small_matrix_kernels():
        return rows
    small = [n for n in range(least, rows) if rows % n == 0 and n * multiply_adds <= SMALL_PRODUCT]
    return max(small, default=rows)


def _split(array, groups):
    """The channels of each group."""
    return [array] if groups == 1 else np.split(array, groups, axis=-1)
