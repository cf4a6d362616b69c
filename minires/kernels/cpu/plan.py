"""What the shapes decide about a convolution: worked out once, and kept.

A net calls the same few convolutions thousands of times. Which pixel meets which weight, how large
the matrix products are, and how many images fit the cache is worked out at the first call.
"""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from ...types import Shape
from ..shapes import Window
from . import blocking, chunks
from .blocking import WideWindow

WIDE_ENOUGH = 32  # channels of a block of pixels: narrower products take longer
LARGE_WEIGHTS = 2**20  # bytes; larger ones take longer to read than an image's columns
SMALL_PRODUCT = 10**6  # multiply-adds, up to which some BLAS multiply without repacking


class Plan(NamedTuple):
    """Images, laid out as columns, are multiplied by weights; they may be x, or dL/dy."""

    window_h: WideWindow  # along the height
    window_w: WideWindow
    blocks: tuple[int, int]  # of pixels of the result, along the height and along the width
    groups: int
    column_size: int  # numbers in a row of the columns
    block_size: int  # channels of all pixels of a block
    rows_per_product: int  # of columns, in one product with the weights; 0: all of a chunk
    rows_per_gradient: int  # in one product for the gradient of the weights
    image_bytes: int  # of the columns of one image
    min_chunk_bytes: int

    @property
    def rows(self) -> int:
        """Rows of the columns of one image: one for each block."""
        return prod(self.blocks)

    def images_per_chunk(self, images: int) -> int:
        """How many of so many images are worked on at a time."""
        return chunks.chunk_size(images, self.image_bytes, self.min_chunk_bytes)


@lru_cache(maxsize=1024)
def forward_plan(
    size: Shape, weights: Shape, window: Window, groups: int, itemsize: int, only_dw: bool = False
) -> Plan:
    """The plan of y = columns of x @ w; or of dw, from the same columns, if `only_dw`.

    Parameters
    ----------
    size : (H', W')
        Of y.
    weights : (KH, KW, C / groups, O)
    window : Window
    groups : int
    itemsize : int
        Bytes of a number.
    only_dw : bool
    """
    height, width = zip(*window)
    channels = weights[3] // groups
    windows = (
        blocking.forward(1, *height),
        blocking.forward(_pixels_per_block(channels, window), *width),
    )
    return _plan(*windows, size, weights[2], channels, groups, itemsize, only_dw)


@lru_cache(maxsize=1024)
def backward_plan(
    size: Shape, weights: Shape, window: Window, groups: int, itemsize: int, with_dw: bool = True
) -> Plan:
    """The plan of dx = columns of dy @ w^T, and of dw, from the same columns, if `with_dw`.

    As `forward_plan`, but (H, W) is the size of x. Backward through a stride, a block is at
    least as large as the stride.
    """
    height, width = zip(*window)
    stride_h, stride_w = window.stride
    pixels = _pixels_per_block(weights[2] * stride_h * stride_w, window)
    windows = (
        blocking.backward(stride_h, *height),
        blocking.backward(stride_w * pixels, *width),
    )
    return _plan(*windows, size, weights[3] // groups, weights[2], groups, itemsize, with_dw)


def _plan(window_h, window_w, size, in_channels, out_channels, groups, itemsize, with_gradient):
    blocks = window_h.blocks(size[0]), window_w.blocks(size[1])
    column_size = window_h.kernel_size * window_w.kernel_size * in_channels
    block_size = window_h.block * window_w.block * out_channels
    weight_bytes = column_size * block_size * itemsize
    one_product = not with_gradient and weight_bytes > LARGE_WEIGHTS
    multiply_adds = column_size * block_size
    return Plan(
        window_h,
        window_w,
        blocks,
        groups,
        column_size,
        block_size,
        0 if one_product else _rows_per_product(prod(blocks), multiply_adds, least=16),
        # Each product of a gradient is added to a result of full size: fewer are better.
        _rows_per_product(prod(blocks), multiply_adds, least=64),
        prod(blocks) * column_size * itemsize,
        weight_bytes if one_product else 0,
    )


def _pixels_per_block(channels, window):
    """How many neighbouring pixels to compute at once, so that matrix products are wide enough."""
    if window.dilation[1] > 1:
        return 1  # neighbours do not see the same pixels
    return max(t for t in (1, 2, 4) if t == 1 or t * channels <= WIDE_ENOUGH)


def _rows_per_product(rows, multiply_adds, least):
    """How many of the `rows` of an image go into one matrix product: at least `least`, or all.

    `multiply_adds` is the cost of each row.
    """
    if not chunks.blas_has_small_matrix_kernels():
        return rows
    small = [n for n in range(least, rows) if rows % n == 0 and n * multiply_adds <= SMALL_PRODUCT]
    return max(small, default=rows)
