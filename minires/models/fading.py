"""Shortcuts that fade out while a net is trained: y = relu(F(x) + alpha x), alpha from 1 to 0.

The net is residual at first and plain in the end. Monti et al. 2018 ("Avoiding degradation in deep
feed-forward networks by phasing out skip-connections", ICANN) do so by a penalty on shortcuts. Here
alpha depends on the number of steps alone.
"""

from typing import Any

import numpy as np

from .. import nn
from ..autograd import Tensor
from ..checks import number
from ..errors import ConfigError

SHARE = 0.5  # the fraction of a training after which the shortcuts have faded


class FadingShortcut(nn.Module):
    """alpha times another shortcut.

    Attributes
    ----------
    alpha : Buffer (1,)
        1 at first. As a buffer it is not changed by gradients, but saved with the weights.
    shortcut : nn.Module
    """

    def __init__(self, shortcut: nn.Module) -> None:
        self.alpha = nn.Buffer(np.ones(1, np.float32))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) * self.alpha


class FadeShortcuts:
    """A callback that turns down the fading shortcuts of a net by the same amount in every step.

    alpha = max(0, 1 - i / (share iterations)) after i steps.

    Parameters
    ----------
    model : nn.Module
        From `models.fading_resnet`.
    share : float
        The fraction of the training after which alpha is 0. From then on a plain net is trained.

    Raises
    ------
    ConfigError
        For a net without fading shortcuts, or a share that is not above 0 and at most 1.
    """

    def __init__(self, model: nn.Module, share: float = SHARE) -> None:
        self.share = number(
            "FadeShortcuts",
            "share",
            share,
            "a share of the training, above 0, at most 1",
            lambda value: 0 < value <= 1,
        )
        self.shortcuts = fading_shortcuts(model)
        if not self.shortcuts:
            raise ConfigError(
                "FadeShortcuts",
                "the net has no fading shortcuts",
                "a net from models.fading_resnet",
                type(model).__name__,
            )

    def after_step(self, trainer: Any) -> None:
        """Set alpha; a `Trainer` calls this after every step."""
        left = 1 - trainer.iteration / (self.share * trainer.config.iterations)
        for shortcut in self.shortcuts:
            shortcut.alpha.data[...] = max(0.0, left)


def fading_shortcuts(model: nn.Module) -> list[FadingShortcut]:
    """The fading shortcuts of a net, in order from the images to the logits."""
    return [module for module in model.modules() if isinstance(module, FadingShortcut)]
