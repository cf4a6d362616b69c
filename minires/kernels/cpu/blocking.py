"""Several neighbouring pixels at once: along each axis, the same convolution with a wider window.

With kernel size K, stride s, padding p and dilation d, a convolution sums over a = 0 ... K - 1:

    output j        takes  input j s + a d - p   times weight a.

Backward, the sums are over those a for which there is such a j:

    dL/d(input i)   takes  dL/d(output j)        times weight a,    where j s = i + p - a d.

Both become convolutions of blocks. The results r = 0 ... block - 1 of one block count as so many
channels of a single result, and the window is wide enough to see what all of them need:

    result u block + r   takes   input u stride - padding + k dilation   times wide weight (k, r).

Each wide weight (k, r) is one of the weights, or 0. Blocks pay where channels are few: matrix
products are narrow there. And backward they make a stride s regular: which weights an input meets
depends on i mod s, but the pattern repeats from one block of s inputs to the next.
"""

from functools import cache
from math import gcd, prod
from typing import NamedTuple

import numpy as np

from ...types import Array
from . import workspace


class WideWindow(NamedTuple):
    """The window of a convolution of blocks, along one axis."""

    block: int  # results computed together
    stride: int  # distance between the windows of neighbouring blocks
    padding: int  # zeros before the first pixel; if negative, pixels left out
    dilation: int  # distance between neighbouring pixels of a window
    kernel_size: int  # pixels in a window
    positions: Array  # (weights, n, 2): the n pairs (r, k) whose wide weight is weight a

    def blocks(self, results: int) -> int:
        """The number of blocks for so many results; the last may have room for more."""
        return -(-results // self.block)

    def extent(self, blocks: int) -> int:
        """The number of pixels from the first to the last that the windows of these blocks see."""
        return (blocks - 1) * self.stride + (self.kernel_size - 1) * self.dilation + 1


@cache
def forward(block: int, kernel_size: int, stride: int, padding: int, dilation: int) -> WideWindow:
    """The window that looks at the input to compute blocks of the output."""
    inputs = [
        [(r, r * stride + a * dilation - padding) for r in range(block)] for a in range(kernel_size)
    ]
    return _wide_window(block, block * stride, inputs)


@cache
def backward(block: int, kernel_size: int, stride: int, padding: int, dilation: int) -> WideWindow:
    """The window that looks at dL/d(output) to compute blocks of dL/d(input).

    `block` must be a multiple of the stride.
    """
    outputs = [
        [
            (r, (r + padding - a * dilation) // stride)
            for r in range(block)
            if (r + padding - a * dilation) % stride == 0
        ]
        for a in range(kernel_size)
    ]
    return _wide_window(block, block // stride, outputs)


def _wide_window(block, stride, pixels):
    """The window for which, in block 0, result r takes pixel i through weight a.

    `pixels` holds, for each weight a, its pairs (r, i).
    """
    positions = np.array(pixels)
    first = positions[..., 1].min()
    dilation = gcd(*(positions[..., 1] - first).flat) or 1
    positions[..., 1] = (positions[..., 1] - first) // dilation
    kernel_size = int(positions[..., 1].max()) + 1
    return WideWindow(block, stride, -int(first), int(dilation), kernel_size, positions)


def widen(w: Array, window_h: WideWindow, window_w: WideWindow) -> Array:
    """Weights (KH, KW, C, O) as the matrix from a wide window to a block of pixels.

    Its shape is (window_h.kernel_size window_w.kernel_size C, window_h.block window_w.block O).
    """
    _, _, c, o = w.shape
    kernel_size = window_h.kernel_size, window_w.kernel_size
    wide = np.zeros((*kernel_size, window_h.block, window_w.block, c, o), w.dtype)
    wide[_wide_positions(window_h, window_w)] = w[:, None, :, None]
    return wide.transpose(0, 1, 4, 2, 3, 5).reshape(kernel_size[0] * kernel_size[1] * c, -1)


def narrow(dwide: Array, window_h: WideWindow, window_w: WideWindow) -> Array:
    """The gradient of weights (KH, KW, C, O) from that of the wide matrix: the reverse of `widen`.

    A weight that stands at several positions receives the sum of their gradients.
    """
    kernel_size, block = (
        (window_h.kernel_size, window_w.kernel_size),
        (window_h.block, window_w.block),
    )
    c, o = len(dwide) // prod(kernel_size), dwide.shape[1] // prod(block)
    dwide = dwide.reshape(*kernel_size, c, *block, o).transpose(0, 1, 3, 4, 2, 5)
    return dwide[_wide_positions(window_h, window_w)].sum(axis=(1, 3))


def _wide_positions(window_h, window_w):
    """Where the weights stand in the wide ones: indices (k_h, k_w, r_h, r_w).

    Together they broadcast to (KH, positions along the height, KW, positions along the width).
    """
    r_h, k_h = window_h.positions[:, :, None, None].transpose(4, 0, 1, 2, 3)
    r_w, k_w = window_w.positions[None, None].transpose(4, 0, 1, 2, 3)
    return k_h, k_w, r_h, r_w


class PixelBlocks:
    """Images (N, H, W, C) with the pixels of a block side by side: (N, *blocks, *block, C).

    The pixels of a block may lie side by side already: if they are neighbours in a row, and the
    last block of a row is full. Otherwise `gather` copies them to a buffer, and `scatter` copies
    back what was written to `room`.
    """

    def __init__(
        self,
        images: Array,
        window_h: WideWindow,
        window_w: WideWindow,
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
