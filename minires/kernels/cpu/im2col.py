"""Convolution as one copy and one matrix product (im2col and GEMM), a few images at a time.

    columns (N H' W', KH KW C)   @   weights (KH KW C, O)   =   output (N H' W', O)

The columns of a whole batch would take KH KW times the memory of the images. So they are made for a
few images, used while they are in the processor's cache, and overwritten by those of the next few.

`Columns` makes the columns. Two classes use them: `Product` multiplies them by the weights,
`WeightGradient` by another array. In the forward pass the columns are x's. In the backward
pass they are those of dL/dy, and both use them: `Product` for dL/dx, `WeightGradient`, with x, for
dL/dw.

Where there are few channels, several neighbouring pixels of the output are computed together: a
block (`blocking.py`). The window is wider then, so that it sees what all of them need. H' W' are
the blocks of an image, KH KW the size of the wider window, and O the channels of a whole block.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...types import Array
from . import blocking, workspace
from .blocking import PixelBlocks
from .plan import Plan, backward_plan, forward_plan

__all__ = ["Columns", "Product", "WeightGradient", "backward_plan", "forward_plan"]


class Columns:
    """The columns of a few images, (n, *blocks, KH, KW, C): ``columns(group, first, last)``.

    Each thread has its own. C are the channels of one group; group 0 is asked for first, since the
    zeros around the images are the same for all groups.

    Where a window sees one pixel, and every pixel has its window, the images are their own columns.
    Otherwise columns are copied to a buffer: from the images themselves if no window sees padding,
    else from a copy of the images with zeros around it.
    """

    def __init__(self, images: Array, plan: Plan) -> None:
        self.images, self.as_they_are = images, _are_their_own_columns(images, plan)
        self.has_padding = _windows_see_padding(images, plan)
        if self.as_they_are:
            return
        window_h, window_w = plan.window_h, plan.window_w
        count = plan.images_per_chunk(len(images))
        if self.has_padding:
            padded, self.interior, self.seen = _pad(images, plan, count)
        else:
            padded = images[:, -window_h.padding :, -window_w.padding :]  # some may be left out
        self.views = [_windows(part, plan) for part in _split(padded, plan.groups)]
        self.buffer = workspace.scratch("columns", (count, *self.views[0].shape[1:]), images.dtype)

    def __call__(self, group: int, first: int, last: int) -> Array:
        if self.as_they_are:
            return self.images[first:last]
        columns = self.buffer[: last - first]
        if not self.has_padding:
            columns[...] = self.views[group][first:last]
            return columns
        if group == 0:
            self.interior[: last - first] = self.seen[first:last]
        columns[...] = self.views[group][: last - first]
        return columns


class Product:
    """out = columns @ weights.

    Parameters
    ----------
    plan : Plan
    weights : np.ndarray (KH, KW, C / groups, O)
    out : np.ndarray (N, H', W', O)
        Written to.
    epilogue : callable, optional
        ``epilogue(first, last)`` is called when ``out[first:last]`` has been written and is in
        cache.
    """

    def __init__(
        self,
        plan: Plan,
        weights: Array,
        out: Array,
        epilogue: Callable[[int, int], None] | None = None,
    ) -> None:
        self.plan, self.epilogue = plan, epilogue
        self.weights = [
            blocking.widen(part, plan.window_h, plan.window_w)
            for part in _split(weights, plan.groups)
        ]
        self.out = _pixel_blocks(out, plan)

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        plan, pixels = self.plan, self.out[group].room(first, last)
        rows = (last - first, -1, plan.rows_per_product) if plan.rows_per_product else (-1,)
        np.matmul(
            columns.reshape(*rows, plan.column_size),
            self.weights[group],
            out=pixels.reshape(*rows, plan.block_size),
        )
        self.out[group].scatter(first, last, pixels)

    def finish(self, first: int, last: int) -> None:
        if self.epilogue is not None:
            self.epilogue(first, last)


class WeightGradient:
    """dweights = columns^T @ grad_output, summed over all images.

    Parameters
    ----------
    plan : Plan
    grad_output : np.ndarray (N, H', W', O)
        What the columns are multiplied by: dL/dy for columns of x. For columns of dL/dy it is x,
        and `total` has the axes C and O the other way round.
    """

    def __init__(self, plan: Plan, grad_output: Array) -> None:
        self.plan, self.dtype = plan, grad_output.dtype
        self.pixels = _pixel_blocks(grad_output, plan)
        self.parts: dict[tuple[int, int], Array] = {}  # of each group and chunk

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        plan, pixels = self.plan, self.pixels[group].gather(first, last)
        rows = last - first, -1, plan.rows_per_gradient
        self.parts[first, group] = _sum_of_products(
            columns.reshape(*rows, plan.column_size), pixels.reshape(*rows, plan.block_size)
        )

    def finish(self, first: int, last: int) -> None:
        pass

    def total(self) -> Array:
        """The sum (KH, KW, C / groups, O): in the order of the chunks, on any number of threads."""
        plan = self.plan
        total = np.zeros((plan.groups, plan.column_size, plan.block_size), self.dtype)
        for (first, group), part in sorted(self.parts.items(), key=lambda item: item[0]):
            total[group] += part
        parts = [blocking.narrow(wide, plan.window_h, plan.window_w) for wide in total]
        return np.concatenate(parts, axis=3)


def _are_their_own_columns(images, plan):
    window_h, window_w = plan.window_h, plan.window_w
    return (
        plan.groups == 1
        and plan.blocks == images.shape[1:3]
        and images.flags.c_contiguous
        and window_h.kernel_size == window_w.kernel_size == 1
        and window_h.padding == window_w.padding == 0
    )


def _windows_see_padding(images, plan):
    _, height, width, _ = images.shape
    (rows, columns), window_h, window_w = plan.blocks, plan.window_h, plan.window_w
    return (
        max(window_h.padding, window_w.padding) > 0
        or window_h.extent(rows) - window_h.padding > height
        or window_w.extent(columns) - window_w.padding > width
    )


def _pad(images, plan, count):
    """A buffer for `count` images with all that the windows see: zeros where that is padding.

    Returns the buffer, the part of it that every chunk fills anew, and the part of `images` to fill
    it with.
    """
    _, height, width, c = images.shape
    window_h, window_w = plan.window_h, plan.window_w
    size = window_h.extent(plan.blocks[0]), window_w.extent(plan.blocks[1])
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


def _windows(padded, plan):
    """A view of every window of the images, (N, *blocks, KH, KW, C). To copy it is im2col."""
    n, _, _, c = padded.shape
    window_h, window_w = plan.window_h, plan.window_w
    step_n, step_h, step_w, step_c = padded.strides
    return as_strided(
        padded,
        (n, *plan.blocks, window_h.kernel_size, window_w.kernel_size, c),
        (
            step_n,
            step_h * window_h.stride,
            step_w * window_w.stride,
            step_h * window_h.dilation,
            step_w * window_w.dilation,
            step_c,
        ),
    )


def _sum_of_products(columns, pixels):
    """The sum of columns^T @ pixels over all pairs of matrices.

    columns (N, M, rows, column size), pixels (N, M, rows, block size): (column size, block size).
    """
    shape = *columns.shape[:2], columns.shape[3], pixels.shape[3]
    products = workspace.scratch("products", shape, columns.dtype)
    return np.matmul(columns.swapaxes(2, 3), pixels, out=products).sum(axis=(0, 1))


def _pixel_blocks(images, plan):
    """The pixels of each group, in blocks."""
    return [
        PixelBlocks(part, plan.window_h, plan.window_w, plan.blocks)
        for part in _split(images, plan.groups)
    ]


def _split(array, groups):
    """The channels of each group."""
    return [array] if groups == 1 else np.split(array, groups, axis=-1)
