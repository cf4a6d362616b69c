"""Nets of the same size: as wide, or growing as fast, as the parameters of another net allow."""

from functools import cache
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


def densenet_like_resnet(depth: int, *, width: int, num_classes: int, seed: int) -> models.DenseNet:
    """A DenseNet-BC as deep as the residual net of `depth` layers, and with as many parameters.

    Both have three stages of n blocks: the residual net 6n + 2 layers, DenseNet-BC 6n + 4. The
    growth rate is the one with which the number of parameters comes closest.

    Parameters
    ----------
    depth, width, num_classes
        Of the residual net.
    seed : int
    """
    growth = _growth(depth, width, num_classes)
    return _densenet(depth, growth, num_classes, seed)


@cache
def _growth(depth, width, num_classes):
    wanted = models.resnet(depth, width=width, num_classes=num_classes).num_parameters()

    def distance(growth):
        return abs(_densenet(depth, growth, num_classes, 0).num_parameters() - wanted)

    growth = 1
    while distance(growth + 1) < distance(growth):  # more growth, more parameters
        growth += 1
    return growth


def _densenet(depth, growth, num_classes, seed):
    return models.densenet(
        depth + 2,
        growth=growth,
        bottleneck=True,
        compression=0.5,
        num_classes=num_classes,
        seed=seed,
    )
