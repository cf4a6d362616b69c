"""Nets of equal size: the width or growth rate that gives a net as many parameters as another."""

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
    """The widest net of `depth` layers by `build` that has no more parameters than plain-56 of this
    `width`.

    The number of parameters grows about as the square of the width. So plain-20 becomes 1.78 times
    as wide, and needs about as many multiply-adds as plain-56.
    """
    most = models.plain(56, width=width, num_classes=num_classes).num_parameters()
    found = 1
    while build(depth, width=found + 1, num_classes=num_classes, seed=0).num_parameters() <= most:
        found += 1
    return build(depth, width=found, num_classes=num_classes, seed=seed)


def densenet_like_resnet(depth: int, *, width: int, num_classes: int, seed: int) -> models.DenseNet:
    """A DenseNet-BC with about the depth and the number of parameters of a residual net.

    Both have three stages of n blocks, which makes 6n + 2 layers in the residual net and 6n + 4 in
    DenseNet-BC. The growth rate is chosen to bring the numbers of parameters as close as possible.

    Parameters
    ----------
    depth, width, num_classes : int
        Of the residual net.
    seed : int
        Of the DenseNet's initial weights.
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
