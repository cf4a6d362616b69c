"""The weights of a convolution for its backward pass."""

from ...types import Array


def swap_in_out_channels(w: Array, groups: int) -> Array:
    """Weights (KH, KW, C / groups, O) with input and output exchanged: (KH, KW, O / groups, C).

    Done twice, this gives the weights as they were.
    """
    kh, kw, c, o = w.shape
    w = w.reshape(kh, kw, c, groups, o // groups).transpose(0, 1, 4, 3, 2)
    return w.reshape(kh, kw, o // groups, groups * c)
