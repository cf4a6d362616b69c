"""The copy argument of He et al. 2015, section 1: a deeper net that does what a shallower does.

"There exists a solution by construction to the deeper model: the added layers are identity mapping,
and the other layers are copied from the learned shallower model." So a deeper net need not have a
higher training error. That deeper plain nets do when they are trained from random weights is
therefore no lack of capacity.
"""

from typing import TypeVar

import numpy as np

from .. import backend, nn
from ..autograd import Tensor, no_grad
from ..errors import ConfigError
from ..nn.state import preserve_state
from .cifar import CifarResNet
from .mlp import Mlp
from .shortcuts import NoShortcut

Net = TypeVar("Net", CifarResNet, Mlp)


def deepen(net: Net, depth: int, images: Tensor) -> Net:
    """A plain net of `depth` layers that computes the same function as the plain net `net`.

    At the end of each stage blocks are added whose layers pass on what they get:

    - Each layer's weights are the identity: a 3x3 filter for each channel with a 1 in the middle,
      or the unit matrix.
    - Batch norm subtracts a mean and divides by sqrt(var + eps), then multiplies by its weight and
      adds its bias. With weight = sqrt(running_var + eps) and bias = running_mean, it undoes that
      in evaluation, whatever the running statistics.
    - ReLU changes nothing: what comes in has left a ReLU and is not negative.

    In training, batch norm takes the mean and variance of each batch instead. The running
    statistics, and so weight and bias, are therefore set to what the added layers would see if
    `images` were a batch: for that batch the net is the same in training too, and for others of the
    kind nearly so, which is what training it further needs.

    Parameters
    ----------
    net : CifarResNet or Mlp
        From `plain` or `plain_mlp`, trained or not. It is left as it is.
    depth : int
        More than the net's own.
    images : Tensor (N, H, W, C)
        Prepared as for training: a batch or more.

    Returns
    -------
    CifarResNet or Mlp
        On the device of `net`, in its mode.

    Raises
    ------
    ConfigError
        For a net that is not plain, or a depth that is not larger or does not exist.
    """
    if not _is_plain(net):
        raise ConfigError(
            "deepen",
            "the net",
            "a plain one, from models.plain or models.plain_mlp",
            _kind(net),
            "a residual block passes its input on only if its weights are 0",
        )
    own = net.settings["depth"]
    deeper = type(net)(**{**net.settings, "depth": depth}, seed=0)
    if depth <= own:
        raise ConfigError("deepen", "depth", f"more than the net's own {own}", str(depth))

    for name, (mean, var) in _statistics(net, images).items():
        for block in list(getattr(deeper, name))[len(getattr(net, name)) :]:
            layers = [layer for layer in block.children() if not isinstance(layer, NoShortcut)]
            for layer, norm in zip(layers[::2], layers[1::2]):
                _become_identity(layer, norm, mean, var)
    deeper.load_state_dict({**deeper.state_dict(), **net.state_dict()})
    return deeper.train(net.training).to(net.fc.weight.device)


def _is_plain(net):
    settings = getattr(net, "settings", {})
    if "config" in settings:
        return settings["config"].shortcut is None
    return settings.get("residual") is False


def _kind(net):
    return "a residual net" if hasattr(net, "settings") else type(net).__name__


def _statistics(net, images):
    """Name of stage -> mean and biased variance of each channel of its output for this batch."""
    found, handles = {}, []
    for name, stage in vars(net).items():
        if isinstance(stage, nn.Sequential):

            def look(module, inputs, output, name=name):
                y = backend.move(output.data, "cpu").reshape(-1, output.shape[-1])
                found[name] = y.mean(axis=0, dtype=np.float64), y.var(axis=0, dtype=np.float64)

            handles.append(stage.register_forward_hook(look))
    try:
        with preserve_state(net, "train"), no_grad():
            net(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _become_identity(layer, norm, mean, var):
    """Let a layer and what normalises it pass on an input with that mean and variance, in place."""
    weight = layer.weight.data
    weight[...] = 0
    middle = tuple(size // 2 for size in weight.shape[:-2])  # of a filter; () for a matrix
    weight[middle] = np.eye(weight.shape[-1])
    if isinstance(norm, nn.BatchNorm2d):
        norm.running_mean.data[...], norm.running_var.data[...] = mean, var
        norm.weight.data[...], norm.bias.data[...] = np.sqrt(var + norm.eps), mean
