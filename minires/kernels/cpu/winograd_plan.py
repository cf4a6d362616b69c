"""Where Winograd's convolution (`winograd.py`) pays, and what the shapes decide about it."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from ...types import Shape
from ..shapes import Window

OUTPUTS, FILTER, POINTS = 4, 3, 6  # of F(4, 3); one tile sees as many inputs as there are points

MANY_CHANNELS = 32  # from so many on the formula is used along both axes, and pays
MIN_PIXELS = 700  # of a batch: for fewer it costs too much to bring the weights to the points


def fits(window: Window) -> bool:
    """Whether Winograd's formula computes a convolution of this window, there and back."""
    return (
        window.kernel_size == (FILTER, FILTER)
        and window.stride == window.dilation == (1, 1)
        and max(window.padding) < FILTER
    )


def pays(out: Shape, weights: Shape, window: Window, groups: int) -> bool:
    """Whether it is faster than `im2col.py`, as measured (benchmarks/NOTES.md).

    Parameters
    ----------
    out : (N, H', W', O)
    weights : (KH, KW, C / groups, O)
    window : Window
    groups : int
    """
    n, height, width, _ = out
    channels = min(weights[2], weights[3] // groups)
    return fits(window) and n * height * width >= MIN_PIXELS and channels >= MANY_CHANNELS


class Plan(NamedTuple):
    """What shapes decide. `images` are x, or dL/dy; the result is y, or dL/dx."""

    dims: int  # along which Winograd's formula is used: the width, or both
    size: Shape  # (H', W') of the result
    padding: tuple[int, int]
    in_channels: int  # of a group
    out_channels: int
    groups: int
    itemsize: int
    turned: bool  # the filter, by half a turn: backward

    @property
    def tile(self) -> tuple[int, int]:
        """Outputs of a tile, along the height and along the width."""
        return (OUTPUTS, OUTPUTS) if self.dims == 2 else (1, OUTPUTS)

    @property
    def tiles(self) -> tuple[int, int]:
        """In an image; the last ones may reach beyond the result."""
        return -(-self.size[0] // self.tile[0]), -(-self.size[1] // self.tile[1])

    @property
    def points(self) -> int:
        """At how many points numbers are multiplied."""
        return int(POINTS**self.dims)

    @property
    def column_size(self) -> int:
        """Numbers that a tile has at one point."""
        return self.in_channels * (1 if self.dims == 2 else FILTER)

    @property
    def image_bytes(self) -> int:
        """Of all arrays that an image goes through.

        With fewer than twice `MANY_CHANNELS` a quarter of it, so that a chunk has four times as
        many images: calls of NumPy are short then, and two threads wait for Python's lock between
        them.
        """
        copies = 2 if self.dims == 2 else 2 + FILTER  # windows, at the points, as columns
        into = copies * self.points * self.in_channels
        back = (self.points + prod(self.tile)) * self.out_channels
        few = min(self.in_channels, self.out_channels) < 2 * MANY_CHANNELS
        return prod(self.tiles) * (into + back) * self.itemsize // (4 if few else 1)

    @property
    def min_chunk_bytes(self) -> int:
        """Each chunk reads the weights, which may be much more than an image."""
        return 3 * self.points * self.column_size * self.out_channels * self.itemsize


@lru_cache(maxsize=1024)
def forward_plan(size: Shape, weights: Shape, window: Window, groups: int, itemsize: int) -> Plan:
    """The plan of y of the `size` (H', W'), for weights (KH, KW, C / groups, O)."""
    return _plan(size, window.padding, weights[2], weights[3] // groups, groups, itemsize, False)


@lru_cache(maxsize=1024)
def backward_plan(
    size: Shape, weights: Shape, window: Window, groups: int, itemsize: int, with_dw: bool = True
) -> Plan:
    """The plan of dx of the `size` (H, W): a filter that is turned round moves over dy."""
    padding = FILTER - 1 - window.padding[0], FILTER - 1 - window.padding[1]
    return _plan(size, padding, weights[3] // groups, weights[2], groups, itemsize, True)


def _plan(size, padding, in_channels, out_channels, groups, itemsize, turned):
    dims = 2 if min(in_channels, out_channels) >= MANY_CHANNELS else 1
    return Plan(dims, size, padding, in_channels, out_channels, groups, itemsize, turned)
