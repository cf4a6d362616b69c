"""Nets of different kinds with the same number of parameters."""

from functools import cache

from .... import models


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
