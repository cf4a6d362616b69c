"""Nets and batches that the tests of diagnostics share."""

import numpy as np

from minires import models, nn

NETS = {
    "plain": lambda: models.plain(8, width=2),
    "plain without batch norm": lambda: models.plain(8, width=2, batch_norm=False),
    **{f"residual {s}": lambda s=s: models.resnet(8, width=2, shortcut=s) for s in "ABC"},
    "residual A without batch norm": lambda: models.resnet(8, width=2, batch_norm=False),
    "residual B without batch norm": lambda: models.resnet(8, width=2, shortcut="B", batch_norm=False),
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
    """The net with batch norms and biases that are not those of a fresh one: as if it had been trained."""
    rng = np.random.default_rng(seed)
    for name, value in (*net.named_parameters(), *net.named_buffers()):
        if value.ndim == 1:
            value.data += rng.uniform(0.1, 0.5, value.shape).astype(value.dtype)
    return net


def mlp(widths, gain=2.0, batch_norm=False, relu=True, seed=0):
    """Linear layers of these widths, weights of variance gain / fan_in; ReLU (and batch norm) after all but the last."""
    rng, layers = np.random.default_rng(seed), []
    for i, (n_in, n_out) in enumerate(zip(widths, widths[1:]), 1):
        layers.append(nn.Linear(n_in, n_out, bias=False, rng=rng, std=(gain / n_in) ** 0.5))
        if i < len(widths) - 1:
            layers += [nn.BatchNorm2d(n_out)] * batch_norm + [nn.ReLU()] * relu
    return nn.Sequential(*layers)
