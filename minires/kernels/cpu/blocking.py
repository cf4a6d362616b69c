"""Which input pixels an output pixel is made from, and through which weight: convolution along one axis, as a table.

Convolution is linear, and so is its backward: along one axis both say "output i is the sum of input e times weight a,
over some pairs (e, a)". With kernel K, stride s, padding p and dilation d, output j of the forward pass takes

    input e = j s + a d - p                   through weight a,

and dL/d(input i) takes, the other way round,

    dL/d(output e) with e s = i + p - a d     through weight a, where there is such an e.

Several neighbouring outputs may be found at once, as so many channels of one wider window, with zeros among its
weights. That pays where channels are few and matrix products therefore narrow. And backward through a stride s, always
s at once makes a regular pattern of what for one pixel depends on where it lies.
"""

from functools import cache
from math import gcd
from typing import NamedTuple

import numpy as np


class Taps(NamedTuple):
    """Output u at_once + r takes input u move + first + k step through weight a, for (r, k) in links[a]."""

    at_once: int             # outputs found together, r = 0 ... at_once - 1
    move: int                # how far apart the windows of two neighbouring groups of outputs lie
    first: int               # where the window of the first group begins; negative: in the padding
    step: int                # how far apart a window's pixels lie
    size: int                # pixels in a window, k = 0 ... size - 1
    links: np.ndarray        # for each weight a, equally many pairs (r, k): shape (weights, links, 2)

    def windows(self, outputs):
        """The number of windows that find so many outputs; the last may find some beyond the end."""
        return -(-outputs // self.at_once)

    def reach(self, windows):
        """The number of pixels from the first that these windows see to the last."""
        return (windows - 1) * self.move + (self.size - 1) * self.step + 1


@cache
def forward(at_once, kernel, stride, padding, dilation):
    """The taps of a convolution's output over its input."""
    return _taps(at_once, at_once * stride, [[(r, r * stride + a * dilation - padding) for r in range(at_once)]
                                             for a in range(kernel)])


@cache
def backward(at_once, kernel, stride, padding, dilation):
    """The taps of the input's gradient over the output's. `at_once` must be a multiple of the stride."""
    return _taps(at_once, at_once // stride, [[(r, (r + padding - a * dilation) // stride) for r in range(at_once)
                                               if (r + padding - a * dilation) % stride == 0] for a in range(kernel)])


def _taps(at_once, move, places):
    """The taps where weight a links output r to the place that its window's pixel has if the window is the first."""
    links = np.array(places)
    first = links[..., 1].min()
    step = gcd(*(links[..., 1] - first).flat) or 1
    links[..., 1] = (links[..., 1] - first) // step
    return Taps(at_once, move, int(first), int(step), int(links[..., 1].max()) + 1, links)


def widen(w, rows, columns):
    """Weights (KH, KW, C, O) as a matrix from windows to groups of outputs: (rows.size columns.size C, at once O)."""
    _, _, c, o = w.shape
    wide = np.zeros((rows.size, columns.size, rows.at_once, columns.at_once, c, o), w.dtype)
    wide[_everywhere(rows, columns)] = w[:, None, :, None]
    return wide.transpose(0, 1, 4, 2, 3, 5).reshape(rows.size * columns.size * c, -1)


def narrow(dwide, rows, columns, c):
    """The gradient of weights (KH, KW, C, O) from that of the wide matrix: all places where a weight stands add up."""
    dwide = dwide.reshape(rows.size, columns.size, c, rows.at_once, columns.at_once, -1).transpose(0, 1, 3, 4, 2, 5)
    return dwide[_everywhere(rows, columns)].sum(axis=(1, 3))


def _everywhere(rows, columns):
    """Where the weights stand: indices (k, l, r, q), each of shape (KH, row links, KW, column links) when broadcast."""
    r, k = rows.links[:, :, None, None].transpose(4, 0, 1, 2, 3)
    q, l = columns.links[None, None].transpose(4, 0, 1, 2, 3)
    return k, l, r, q
