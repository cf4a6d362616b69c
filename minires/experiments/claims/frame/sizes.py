"""Nets of the same size: as wide as the parameters of another net allow."""

from typing import Any, Protocol

from .... import models
from ....nn import Module


class Build(Protocol):
    """A function that builds a net, such as `models.plain`."""

    def __call__(self, depth: int, *, width: int, num_classes: int, seed: int) -> Module: ...


def as_large_as_plain_56(
    depth: int, build: Build, *, width: int, num_classes: int, seed: int
) -> Any:
    """The net that `build` makes of `depth` layers, with as many channels as it can have without
    more parameters than the plain net of 56 layers of this `width`.

    Parameters grow about as the square of the width: plain-20 comes out 1.78 times as wide, and
    needs about as many multiply-adds as plain-56.
    """
    most = models.plain(56, width=width, num_classes=num_classes).num_parameters()
    found = 1
    while build(depth, width=found + 1, num_classes=num_classes, seed=0).num_parameters() <= most:
        found += 1
    return build(depth, width=found, num_classes=num_classes, seed=seed)
