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

from math import gcd
from typing import NamedTuple

import numpy as np


class Taps(NamedTuple):
    """Output u at_once + r takes, for each (r, a, k) of `links`, input u move + first + k step through weight a."""

    at_once: int             # outputs found together, r = 0 ... at_once - 1
    move: int                # how far apart the windows of two neighbouring groups of outputs lie
    first: int               # where the window of the first group begins; negative: in the padding
    step: int                # how far apart a window's pixels lie
    size: int                # pixels in a window, k = 0 ... size - 1
    links: tuple
    kernel: int              # number of weights, a = 0 ... kernel - 1

    def windows(self, outputs):
        """The number of windows that find so many outputs; the last may find some beyond the end."""
        return -(-outputs // self.at_once)

    def reach(self, windows):
        """The number of pixels from the first that these windows see to the last."""
        return (windows - 1) * self.move + (self.size - 1) * self.step + 1


def forward(at_once, kernel, stride, padding, dilation):
    """The taps of a convolution's output over its input."""
    links = [(r, a, r * stride + a * dilation - padding) for r in range(at_once) for a in range(kernel)]
    return _taps(at_once, at_once * stride, links, kernel)


def backward(at_once, kernel, stride, padding, dilation):
    """The taps of the input's gradient over the output's. `at_once` must be a multiple of the stride."""
    links = [(r, a, (r + padding - a * dilation) // stride) for r in range(at_once) for a in range(kernel)
             if (r + padding - a * dilation) % stride == 0]
    return _taps(at_once, at_once // stride, links, kernel)


def _taps(at_once, move, links, kernel):
    places = [place for _, _, place in links]
    first = min(places)
    step = gcd(*(place - first for place in places)) or 1
    links = tuple((r, a, (place - first) // step) for r, a, place in links)
    return Taps(at_once, move, first, step, (max(places) - first) // step + 1, links, kernel)


def widen(w, rows, columns):
    """Weights (KH, KW, C, O) as a matrix from windows to groups of outputs: (rows.size columns.size C, at once O)."""
    _, _, c, o = w.shape
    wide = np.zeros((rows.size, columns.size, c, rows.at_once, columns.at_once, o), w.dtype)
    for r, a, i in rows.links:
        for q, b, j in columns.links:
            wide[i, j, :, r, q] = w[a, b]
    return wide.reshape(rows.size * columns.size * c, -1)


def narrow(dwide, rows, columns, c):
    """The gradient of weights (KH, KW, C, O) from that of the wide matrix: what stands in it often adds up."""
    dwide = dwide.reshape(rows.size, columns.size, c, rows.at_once, columns.at_once, -1)
    dw = np.zeros((rows.kernel, columns.kernel, c, dwide.shape[-1]), dwide.dtype)
    for r, a, i in rows.links:
        for q, b, j in columns.links:
            dw[a, b] += dwide[i, j, :, r, q]
    return dw
