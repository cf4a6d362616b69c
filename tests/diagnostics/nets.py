"""Nets and batches that the tests of diagnostics share."""

import numpy as np

from minires import models, nn
from minires.models.base import ResNet
from minires.models.block_config import BlockConfig

NETS = {
    "plain": lambda: models.plain(8, width=2),
    "plain without batch norm": lambda: models.plain(8, width=2, batch_norm=False),
    **{f"residual {s}": lambda s=s: models.resnet(8, width=2, shortcut=s) for s in "ABC"},
    "residual A without batch norm": lambda: models.resnet(8, width=2, batch_norm=False),
    "residual B without batch norm": lambda: models.resnet(
        8, width=2, shortcut="B", batch_norm=False
    ),
}


def staged(**config):
    """A small net with stages of one block and of three, made of any blocks. Otherwise only the
    nets for large images have bottlenecks."""
    return ResNet((8, 3, 1), [(8, 1), (16, 3)], 10, 0, BlockConfig(**config))


# Every kind of residual block except the basic one with batch norm, which NETS has several of.
KINDS = {
    **{
        f"pre-activation {s}": lambda s=s: models.resnet(
            8, width=4, shortcut=s, pre_activation=True
        )
        for s in "ABC"
    },
    "pre-activation without batch norm": lambda: models.resnet(
        8, width=4, shortcut="B", pre_activation=True, batch_norm=False
    ),
    **{f"bottlenecks {s}": lambda s=s: staged(shortcut=s, bottleneck=True) for s in "ABC"},
    "bottlenecks of groups": lambda: staged(
        shortcut="B", bottleneck=True, stride_on="1x1", groups=2, width_per_group=64
    ),
    **{
        f"pre-activation bottlenecks {s}": lambda s=s: staged(
            shortcut=s, bottleneck=True, pre_activation=True
        )
        for s in "ABC"
    },
    **{
        f"fixup {s}": lambda s=s: models.resnet(
            8, width=4, shortcut=s, batch_norm=False, init="fixup"
        )
        for s in "AB"
    },
    "skipinit": lambda: models.resnet(8, width=4, batch_norm=False, init="skipinit"),
    "skipinit with pre-activation": lambda: models.resnet(
        8, width=4, shortcut="C", batch_norm=False, init="skipinit", pre_activation=True
    ),
    "halved shortcuts": lambda: models.resnet(8, width=4, shortcut="B", shortcut_scale=0.5),
    "halved shortcuts, pre-activation": lambda: models.resnet(
        8, width=4, shortcut_scale=0.5, pre_activation=True
    ),
}


def batch(n=6, size=8, seed=0, dtype=np.float32):
    """Random images (n, size, size, 3) and labels (n,)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, size, size, 3)).astype(dtype), rng.integers(0, 10, n)


def in_float64(net):
    for _, value in (*net.named_parameters(), *net.named_buffers()):
        value.data = value.data.astype(np.float64)
    return net


def lived_in(net, seed=7):
    """The net as if it had been trained: batch norms and biases differ from those of a new net, and
    no weight is 0."""
    rng = np.random.default_rng(seed)
    for name, value in (*net.named_parameters(), *net.named_buffers()):
        if value.ndim == 1:
            value.data += rng.uniform(0.1, 0.5, value.shape).astype(value.dtype)
        elif not value.data.any():
            value.data += rng.normal(0, 0.2, value.shape).astype(value.dtype)
    return net


def mlp(widths, gain=2.0, batch_norm=False, relu=True, seed=0):
    """Linear layers of these widths, whose weights have variance gain / fan_in, with ReLU (and
    batch norm) after all but the last."""
    rng, layers = np.random.default_rng(seed), []
    for i, (in_features, out_features) in enumerate(zip(widths, widths[1:]), 1):
        layers.append(
            nn.Linear(
                in_features, out_features, bias=False, rng=rng, std=(gain / in_features) ** 0.5
            )
        )
        if i < len(widths) - 1:
            layers += [nn.BatchNorm2d(out_features)] * batch_norm + [nn.ReLU()] * relu
    return nn.Sequential(*layers)
