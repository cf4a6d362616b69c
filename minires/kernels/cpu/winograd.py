"""Winograd's convolution: fewer multiplications, at the price of a few additions.

Four neighbouring outputs of a filter of three numbers take 4 x 3 = 12 multiplications. Winograd's
F(4, 3) needs 6: it evaluates input and filter at six points, as one does to multiply polynomials,
multiplies there, and comes back (Winograd 1980; Lavin and Gray 2015, arXiv:1509.09308):

    y (4) = A^T [ (G w) * (B^T x) ]        w (3), x (6), and * multiplies number by number.

All three are matrices of small constants. With channels, * becomes one matrix product at each
point, over all tiles of four outputs, and over the rows of the filter, which are gathered as im2col
gathers them:

    points   (6, tiles, KH C)  @  weights at the points  (6, KH C, O)  =  products  (6, tiles, O)

In two dimensions a tile has 4 x 4 outputs, and there are 36 points instead of 16 x 9 = 144
multiplications. Backward, dX is the same with the filter turned round. The gradient of the filter
follows from the formula above, y being linear in w: dw = G^T [ (A dy) * (B^T x) ].

Sums are formed in another order than by `im2col.py`, of larger numbers: in float32 results differ
by about 1e-6 of the largest one in one dimension, 3e-6 in two.
"""

from collections.abc import Callable
from functools import cache
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...types import Array
from . import chunks, workspace
from .winograd_plan import (
    FILTER,
    OUTPUTS,
    POINTS,
    Plan,
    backward_plan,
    fits,
    forward_plan,
    pays,
)

__all__ = ["Columns", "Product", "WeightGradient", "backward_plan", "fits", "forward_plan", "pays"]

# At the points 0, 1, -1, 2, -2 and infinity.
B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
A_T = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
)


class Columns:
    """A thread's numbers at the points, for a few images: ``columns(group, first, last)``.

    In one dimension (6, n, tiles, H', 3 C), in two (36, n, tiles along the height, tiles along the
    width, C).
    """

    def __init__(self, images: Array, plan: Plan) -> None:
        self.images, self.plan = images, plan
        self.count = chunks.chunk_size(len(images), plan.image_bytes, plan.min_chunk_bytes)
        self.steps: dict[tuple[int, int], _Steps] = {}

    def __call__(self, group: int, first: int, last: int) -> Array:
        key = group, last - first
        if key not in self.steps:
            self.steps[key] = _Steps(self.images, self.plan, self.count, *key)
        return self.steps[key].columns_of(self.images[first:last])


class _Steps:
    """The arrays that n images go through, one view or copy of the other."""

    def __init__(self, images: Array, plan: Plan, count: int, group: int, n: int) -> None:
        _, height, width, channels = images.shape
        (rows, columns), (tile_h, tile_w), c = plan.tiles, plan.tile, plan.in_channels
        size = rows * tile_h + FILTER - 1, columns * tile_w + FILTER - 1
        (top, left), dtype = plan.padding, images.dtype
        key = "winograd", plan.padding, height, width
        padded = workspace.zero_padded_buffer(key, count, (*size, channels), dtype)[:n]
        self.seen = min(height, size[0] - top), min(width, size[1] - left)
        self.interior = padded[:, top : top + self.seen[0], left : left + self.seen[1]]
        self.is_first_group = group == 0
        self.windows = _windows(padded[..., group * c : (group + 1) * c], plan)
        shape = plan.points, self.windows.size // plan.points
        self.copied = workspace.scratch("windows", self.windows.shape, dtype)
        self.as_matrix = self.copied.reshape(shape)
        self.at_points = workspace.scratch("points", shape, dtype)
        self.to_points = _matrix("B^T", plan.dims, dtype)
        self.rows = None
        if plan.dims == 2:
            self.columns = self.at_points.reshape(plan.points, n, *plan.tiles, c)
        else:
            in_tiles = self.at_points.reshape(self.windows.shape)
            gathered = plan.points, n, columns, rows, FILTER * c
            self.rows = as_strided(in_tiles, gathered, in_tiles.strides)
            self.columns = workspace.scratch("columns", gathered, dtype)

    def columns_of(self, images: Array) -> Array:
        if self.is_first_group:
            np.copyto(self.interior, images[:, : self.seen[0], : self.seen[1]])
        np.copyto(self.copied, self.windows)
        np.matmul(self.to_points, self.as_matrix, out=self.at_points)
        if self.rows is not None:  # im2col along the height: a filter's rows lie side by side
            np.copyto(self.columns, self.rows)
        return self.columns


def _windows(padded, plan):
    """A view of what the tiles see: in one dimension (6, n, tiles, rows, C), in two (6, 6, n,
    tiles along the height, tiles along the width, C).
    """
    n, height, _, c = padded.shape
    step_n, step_h, step_w, step_c = padded.strides
    if plan.dims == 1:
        shape = POINTS, n, plan.tiles[1], height, c
        return as_strided(padded, shape, (step_w, step_n, OUTPUTS * step_w, step_h, step_c))
    shape = POINTS, POINTS, n, *plan.tiles, c
    steps = step_h, step_w, step_n, OUTPUTS * step_h, OUTPUTS * step_w, step_c
    return as_strided(padded, shape, steps)


class Product:
    """out = the products at the points, brought back. As `im2col.Product`."""

    def __init__(
        self,
        plan: Plan,
        weights: Array,
        out: Array,
        epilogue: Callable[[int, int], None] | None = None,
    ) -> None:
        self.plan, self.out, self.epilogue = plan, out, epilogue
        self.weights = [_at_points(part, plan) for part in np.split(weights, plan.groups, axis=3)]

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        plan, o = self.plan, self.plan.out_channels
        products = workspace.scratch("products", (*columns.shape[:-1], o), columns.dtype)
        np.matmul(
            columns.reshape(plan.points, -1, plan.column_size),
            self.weights[group],
            out=products.reshape(plan.points, -1, o),
        )
        back = _matrix("A^T", plan.dims, columns.dtype)
        tiles = workspace.scratch("tiles", (len(back), *products.shape[1:]), columns.dtype)
        np.matmul(back, products.reshape(plan.points, -1), out=tiles.reshape(len(back), -1))
        images = self.out[first:last, :, :, group * o : (group + 1) * o]
        for in_image, in_tiles in _pairs(images, tiles, plan):
            in_image[...] = in_tiles

    def finish(self, first: int, last: int) -> None:
        if self.epilogue is not None:
            self.epilogue(first, last)


class WeightGradient:
    """dweights = G^T [ (A grad_output) * columns ], summed over all images. As
    `im2col.WeightGradient`.
    """

    def __init__(self, plan: Plan, grad_output: Array) -> None:
        self.plan, self.grad_output = plan, grad_output
        self.parts: dict[tuple[int, int], Array] = {}  # of each group and chunk

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        plan, o, dtype = self.plan, self.plan.out_channels, columns.dtype
        images = self.grad_output[first:last, :, :, group * o : (group + 1) * o]
        tiles = workspace.scratch("tiles", (prod(plan.tile), *columns.shape[1:4], o), dtype)
        if any(size % tile for size, tile in zip(plan.size, plan.tile)):
            tiles[...] = 0  # beyond the images' ends there are no pixels
        for in_image, in_tiles in _pairs(images, tiles, plan):
            in_tiles[...] = in_image
        at_points = workspace.scratch("gradients", (plan.points, *tiles.shape[1:]), dtype)
        matrix = _matrix("A^T", plan.dims, dtype).T
        np.matmul(matrix, tiles.reshape(len(tiles), -1), out=at_points.reshape(plan.points, -1))
        self.parts[first, group] = np.matmul(
            columns.reshape(plan.points, -1, plan.column_size).swapaxes(1, 2),
            at_points.reshape(plan.points, -1, o),
        )

    def finish(self, first: int, last: int) -> None:
        pass

    def total(self) -> Array:
        """The sum (3, 3, C / groups, O): in the order of the chunks, on any number of threads."""
        plan = self.plan
        shape = plan.groups, plan.points, plan.column_size, plan.out_channels
        total = np.zeros(shape, self.grad_output.dtype)
        for (_, group), part in sorted(self.parts.items(), key=lambda item: item[0]):
            total[group] += part
        return np.concatenate([_from_points(part, plan) for part in total], axis=3)


def _pairs(images, tiles, plan):
    """Pairs of views of the same pixels, in the images and in the tiles (pixels of a tile, ...):
    a single pair where the tiles end with the images, else one for each pixel of a tile.
    """
    (tile_h, tile_w), (rows, columns) = plan.tile, plan.tiles
    n, height, width, o = images.shape
    tiles = tiles.reshape(tile_h, tile_w, n, *tiles.shape[2:])
    if plan.dims == 1:
        tiles = tiles.swapaxes(3, 4)
    tiles = tiles.transpose(2, 3, 0, 4, 1, 5)  # (n, rows, tile_h, columns, tile_w, O)
    if (height, width) == (rows * tile_h, columns * tile_w):
        step_n, step_h, step_w, step_o = images.strides
        steps = step_n, tile_h * step_h, step_h, tile_w * step_w, step_w, step_o
        yield as_strided(images, tiles.shape, steps), tiles
        return
    for h, w in np.ndindex(plan.tile):
        in_image = images[:, h::tile_h, w::tile_w]
        yield in_image, tiles[:, : in_image.shape[1], h, : in_image.shape[2], w]


def _at_points(w, plan):
    """Weights (3, 3, C, O) at the points: (points, column size, O)."""
    w = w[::-1, ::-1] if plan.turned else w
    g, (_, _, c, o) = _matrix("G", plan.dims, w.dtype), w.shape
    with chunks.one_blas_thread():  # BLAS's own threads would spin on while ours work
        if plan.dims == 2:
            return (g @ w.reshape(FILTER * FILTER, -1)).reshape(plan.points, c, o)
        at_points = np.matmul(g, w.reshape(FILTER, FILTER, -1))
    return at_points.transpose(1, 0, 2).reshape(POINTS, -1, o)


def _from_points(dw, plan):
    """The reverse for gradients: (points, column size, O) to (3, 3, C, O)."""
    g, o = _matrix("G", plan.dims, dw.dtype), dw.shape[2]
    with chunks.one_blas_thread():
        if plan.dims == 2:
            dw = (g.T @ dw.reshape(plan.points, -1)).reshape(FILTER, FILTER, -1, o)
        else:
            rows = dw.reshape(POINTS, FILTER, -1).transpose(1, 0, 2)
            dw = np.matmul(g.T, rows).reshape(FILTER, FILTER, -1, o)
    return dw[::-1, ::-1] if plan.turned else dw


@cache
def _matrix(name, dims, dtype):
    """B^T, G or A^T, in two dimensions for both axes at once."""
    matrix = {"B^T": B_T, "G": G, "A^T": A_T}[name].astype(dtype)
    return np.kron(matrix, matrix) if dims == 2 else matrix
