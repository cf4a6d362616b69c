"""What a trained net is good for besides its own classes: its features, and a new head on top of them.

The layers before the last turn an image into features; the last, `fc`, the head, weighs these for each class. Features learnt
on many images serve for other classes too (Donahue et al. 2014, arXiv:1310.1531; Yosinski et al. 2014, arXiv:1411.1792).
"""

import numpy as np

from .. import nn
from ..errors import ConfigError, unknown_name
from ..random import stream
from ..autograd.tensor import Tensor

HEAD = "fc"


def features(model, x, layer=None):
    """What a layer of `model` makes of `x`; the layers behind it are not computed.

    Parameters
    ----------
    model : nn.Module
        In the mode it is in: call ``model.eval()`` first for features that do not depend on the batch.
    x : Tensor or array (N, H, W, 3)
    layer : str, optional
        The name of a module, as in ``model.named_modules()``: "layer3", "layer4.0", "bn1", ... By default what goes into the head:
        for a residual net the mean over the map of what the last block puts out, (N, channels).

    Returns
    -------
    Tensor
        Off the tape under ``no_grad``; else gradients find their way back through it.

    Raises
    ------
    ConfigError
        For a layer that does not exist, or is not called.
    """
    modules = dict(model.named_modules())
    wanted = HEAD if layer is None else layer
    if wanted not in modules or not wanted:
        raise unknown_name("features", "layer", wanted, [name for name in modules if name])

    def stop(module, inputs, y):
        raise _Reached(inputs[0] if layer is None else y)

    with modules[wanted].register_forward_hook(stop):
        try:
            model(x if isinstance(x, Tensor) else Tensor(x))
        except _Reached as reached:
            return reached.found
    raise ConfigError("features", f"the net did not call {wanted!r}", "a layer that it computes with", "one that it has but does not use")


class _Reached(Exception):
    """The forward pass has come to where it is to stop."""

    def __init__(self, found):
        super().__init__()
        self.found = found


def replace_head(model, num_classes, seed=0):
    """Give `model` a new last layer, for other classes, with fresh weights. Returns the model.

    Raises
    ------
    ConfigError
        If the net has no linear layer `fc`, or for a number of classes that is not a whole number of at least 1.
    """
    if not isinstance(num_classes, (int, np.integer)) or isinstance(num_classes, bool) or num_classes < 1:
        raise ConfigError("replace_head", "num_classes", "a whole number of at least 1", repr(num_classes))
    head = getattr(model, HEAD, None)
    if not isinstance(head, nn.Linear):
        raise ConfigError("replace_head", type(model).__name__, f"a net whose last layer is an nn.Linear named {HEAD!r}", "none")
    fresh = nn.Linear(head.weight.shape[0], num_classes, rng=stream(seed, "weights"), std=0.01)
    setattr(model, HEAD, fresh.to(head.weight.device))
    return model


def freeze_before(model, layer):
    """Freeze all that is computed before `layer`, so that only it and what follows are trained. Returns the model.

    Parameters
    ----------
    model : nn.Module
        One whose parts are assigned in the order in which they are computed, as in all nets of `models`.
    layer : str
        The name of a part of the net itself: "layer4", "fc".

    Raises
    ------
    ConfigError
        If the net has no such part.
    """
    parts = {name: part for name, part in vars(model).items() if isinstance(part, nn.Module)}
    if layer not in parts:
        raise unknown_name("freeze_before", "part of the net", layer, parts)
    for name, part in parts.items():
        part.freeze(list(parts).index(name) < list(parts).index(layer))
    return model.train(model.training)
