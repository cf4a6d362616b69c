"""Plain and residual nets of linear layers: the effect of depth without convolutions.

An image is one long row of numbers. The net has an input layer, n blocks of two linear layers of
`width` units each, and an output layer: 2n + 2 layers with weights. As in `cifar`, batch norm and
ReLU follow each layer but the last, and each block of the residual net adds its input to the output
of its layers. All blocks have the same width, so every shortcut is the identity. The plain and the
residual net of the same depth are twins: they have the same parameters and, for the same seed, the
same initial values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import checks, nn
from ..autograd import Tensor
from ..errors import ShapeError
from ..random import stream
from .cifar import check_depth

COLOURS = 3


def plain_mlp(
    depth: int,
    *,
    width: int = 64,
    image_size: int = 32,
    num_classes: int = 10,
    batch_norm: bool = True,
    seed: int = 0,
) -> Mlp:
    """The plain net of `depth` linear layers. Parameters as for `residual_mlp`."""
    return Mlp(depth, width, image_size, num_classes, batch_norm, residual=False, seed=seed)


def residual_mlp(
    depth: int,
    *,
    width: int = 64,
    image_size: int = 32,
    num_classes: int = 10,
    batch_norm: bool = True,
    seed: int = 0,
) -> Mlp:
    """The residual net of `depth` linear layers.

    Parameters
    ----------
    depth : int
        Layers with weights: 2n + 2, such as 4, 20, 56.
    width : int
        Outputs of every layer but the last.
    image_size : int
        Pixels on a side of the images.
    num_classes : int
    batch_norm : bool
        Without it, layers have a bias instead.
    seed : int
        For the initial weights: `nn.init.he_normal`, except in the last layer, which starts
        smaller, as in `cifar`.

    Returns
    -------
    Mlp
        Maps images (N, image_size, image_size, 3) to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a depth that is not 2n + 2, or another setting that is not possible.
    """
    return Mlp(depth, width, image_size, num_classes, batch_norm, residual=True, seed=seed)


class Mlp(nn.Module):
    """A plain or residual net of linear layers. Build it with `plain_mlp` or `residual_mlp`.

    Attributes
    ----------
    settings : dict
        What it was built from except for the seed: ``Mlp(**settings, seed=0)`` is a net of the same
        shape.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        image_size: int,
        num_classes: int,
        batch_norm: bool,
        residual: bool,
        seed: int,
    ) -> None:
        blocks = check_depth(depth, step=2)
        width = checks.integer("Mlp", "width", width)
        image_size = checks.integer("Mlp", "image_size", image_size)
        num_classes = checks.integer("Mlp", "num_classes", num_classes)
        batch_norm = checks.boolean("Mlp", "batch_norm", batch_norm)
        self.settings: dict[str, Any] = {
            "depth": int(depth),
            "width": width,
            "image_size": image_size,
            "num_classes": num_classes,
            "batch_norm": batch_norm,
            "residual": residual,
        }
        rng = stream(seed, "weights")
        in_features = image_size * image_size * COLOURS
        self.fc1, self.bn1 = _linear_and_norm(in_features, width, batch_norm, rng)
        self.layer1 = nn.Sequential(
            *[LinearBlock(width, batch_norm, residual, rng) for _ in range(blocks)]
        )
        self.fc = nn.Linear(width, num_classes, rng=rng, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        size = self.settings["image_size"]
        if x.shape[1:] != (size, size, COLOURS):
            other_size = x.ndim == 4 and x.shape[1] == x.shape[2] != size
            raise ShapeError(
                "Mlp",
                "images",
                f"shape (N, {size}, {size}, {COLOURS})",
                f"shape {x.shape}",
                f"build the net with image_size={x.shape[1]}" if other_size else None,
            )
        x = nn.norm_relu(self.bn1, self.fc1(x.reshape(len(x), size * size * COLOURS)))
        return self.fc(self.layer1(x))


class LinearBlock(nn.Module):
    """Two linear layers F: y = relu(F(x) + x), in a plain net relu(F(x))."""

    def __init__(
        self, width: int, batch_norm: bool, residual: bool, rng: np.random.Generator
    ) -> None:
        self.fc1, self.bn1 = _linear_and_norm(width, width, batch_norm, rng)
        self.fc2, self.bn2 = _linear_and_norm(width, width, batch_norm, rng)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.residual else None
        h = nn.norm_relu(self.bn1, self.fc1(x))
        return nn.norm_relu(self.bn2, self.fc2(h), shortcut)  # relu(bn2(fc2(h)) + shortcut)


def _linear_and_norm(in_features, out_features, batch_norm, rng):
    """A linear layer, and a batch norm for its outputs (or an Identity).

    BatchNorm2d takes any array whose last axis is the features.
    """
    layer = nn.Linear(in_features, out_features, bias=not batch_norm, rng=rng)
    return layer, nn.BatchNorm2d(out_features) if batch_norm else nn.Identity()
