"""The copy argument of He et al. 2015, section 1: a deeper net that computes what a shallower does.

"There exists a solution by construction to the deeper model: the added layers are identity mapping,
and the other layers are copied from the learned shallower model." So a deeper net need not have a
higher training error. If deeper plain nets that are trained from random weights do have one, the
reason is not a lack of capacity.
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
    """Build a plain net of `depth` layers that computes the same function as the plain net `net`.

    Blocks are added at the end of each stage. Their layers pass on their input:

    - The weights of each layer are the identity: a 3x3 filter for each channel with a 1 in the
      middle, or the unit matrix.
    - Batch norm subtracts a mean and divides by sqrt(var + eps), then multiplies by its weight and
      adds its bias. With weight = sqrt(running_var + eps) and bias = running_mean, the second step
      undoes the first in evaluation, whatever the running statistics are.
    - ReLU changes nothing: its input comes from another ReLU, so it is not negative.

    In training, batch norm uses the mean and variance of each batch instead. So the running
    statistics, and with them weight and bias, are set to the statistics that the added layers would
    see if `images` were a batch. For that batch the net computes the same in training too, and for
    similar batches nearly the same; so it can be trained further.

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
        For a net that is not plain, has group norm or was fused by `nn.fuse`, or for a depth that
        is not larger or not possible.
    """
    if (wrong := _wrong_kind(net)) is not None:
        raise ConfigError("deepen", "the net", *wrong)
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


def _wrong_kind(net):
    """(what it should be, what it is, why) for the error about a net that cannot be deepened, or
    None.
    """
    plain = "a plain one, from models.plain or models.plain_mlp"
    settings = getattr(net, "settings", {})
    config, residual = settings.get("config"), settings.get("residual")
    if config is not None:
        if config.layers != "usual":
            return plain, f"one with layers of the kind {config.layers!r}", None
        residual = config.shortcut is not None
    if residual:
        why = "a residual block passes its input on only if its weights are 0"
        return plain, "a residual net", why
    if residual is not False:
        return plain, type(net).__name__, None
    if any(isinstance(module, nn.GroupNorm) for module in net.modules()):
        why = "no weights make group norm pass on every input"
        return "one with batch norm, or without normalisation", "one with group norm", why
    batch_norm = settings["batch_norm"] if config is None else config.batch_norm
    if batch_norm and any(isinstance(module, nn.Identity) for module in net.modules()):
        return "one with its batch norms", "one after nn.fuse", "deepen the net as it was trained"
    return None


def _statistics(net, images):
    """Name of stage -> mean and biased variance of each channel of its output for this batch."""
    found, handles = {}, []
    for name, stage in vars(net).items():
        if isinstance(stage, nn.Sequential):

            def record(module, inputs, output, name=name):
                y = backend.move(output.data, "cpu").reshape(-1, output.shape[-1])
                found[name] = y.mean(axis=0, dtype=np.float64), y.var(axis=0, dtype=np.float64)

            handles.append(stage.register_forward_hook(record))
    try:
        with preserve_state(net, "train"), no_grad():
            net(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _become_identity(layer, norm, mean, var):
    """Change a layer and its norm such that they pass on an input with this mean and variance."""
    weight = layer.weight.data
    weight[...] = 0
    middle = tuple(size // 2 for size in weight.shape[:-2])  # of a filter; () for a matrix
    weight[middle] = np.eye(weight.shape[-1])
    if isinstance(norm, nn.BatchNorm2d):
        norm.running_mean.data[...], norm.running_var.data[...] = mean, var
        norm.weight.data[...], norm.bias.data[...] = np.sqrt(var + norm.eps), mean
