"""Layers that make images smaller: the largest or the average number of each window."""

from .. import functional as F
from ..autograd.tensor import Tensor
from ..kernels import shapes
from ..types import IntPair
from .module import Module


class _Pool2d(Module):
    """What pooling over a sliding window has in common: its settings, checked here."""

    def __init__(
        self, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> None:
        stride = kernel_size if stride is None else stride
        shapes.sliding_window(type(self).__name__, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pool2d):
    """The largest number of each window: images (N, H, W, C) to (N, H', W', C).

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        In pixels, for height and width. `stride` defaults to the kernel's size. See
        `functional.max_pool2d`; H' is as in `functional.conv2d`.

    Raises
    ------
    ShapeError
        For settings that are no whole numbers, or too small.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.max_pool2d(input, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """The average of each window, zeros of the padding counted in: (N, H, W, C) to (N, H', W', C).

    Parameters and errors as for `MaxPool2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding)


class GlobalAvgPool2d(Module):
    """The average of each channel over the whole image: (N, H, W, C) to (N, C)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.global_avg_pool2d(input)
