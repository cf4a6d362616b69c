"""Layers that compute nothing: the input as it is, or in another shape."""

from ..autograd.tensor import Tensor
from .module import Module


class Identity(Module):
    """The input as it is: takes the place of a layer that a net is built without."""

    def forward(self, input: Tensor) -> Tensor:
        return input


class Flatten(Module):
    """Several axes joined to one: by default (N, H, W, C) to (N, H W C), for a linear layer.

    The last axis runs fastest, so an image is flattened pixel by pixel, with the channels of a
    pixel together. In PyTorch, whose images are (N, C, H, W), it is flattened channel by channel.

    Parameters
    ----------
    start_axis, end_axis : int
        The first and the last of the axes to join. Negative ones count from the end.

    Raises
    ------
    ShapeError
        When called, if the input lacks one of these axes, or they are in the wrong order.
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_axis, self.end_axis)

    def extra_repr(self) -> str:
        return f"start_axis={self.start_axis}, end_axis={self.end_axis}"
