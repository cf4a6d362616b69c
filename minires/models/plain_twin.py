"""Turn a trained net of another kind into a plain net that computes the same."""

from dataclasses import replace

from .. import backend, nn
from ..autograd import no_grad
from ..errors import ConfigError
from ..nn.folding import in_float64, scale_and_shift
from .cifar import CifarResNet
from .dirac_block import DiracConv2d
from .fading import fading_shortcuts
from .repvgg_block import RepVGGBlock


def as_plain(net: CifarResNet) -> CifarResNet:
    """Build a plain net of the same depth that gives the same logits as `net`.

    - From `models.repvgg`: the branches of each layer are added up into one convolution with a
      bias. Batch norm is folded into it too, so the plain net has none.
    - From `models.diracnet`: each convolution gets the weights W = a delta + b V / |V|. Batch norm
      stays as it is.
    - From `models.fading_resnet`, once all shortcuts have faded to 0: they are left out.

    Parameters
    ----------
    net : CifarResNet
        In evaluation mode. It is left as it is.

    Returns
    -------
    CifarResNet
        In evaluation mode, on the device of `net`.

    Raises
    ------
    ConfigError
        For a net of another kind, a net in training mode, one whose shortcuts have not faded, or
        one whose batch norms have been folded by `nn.fuse`.
    """
    kind = getattr(getattr(net, "config", None), "layers", None)
    if kind not in FOLDS:
        raise ConfigError(
            "as_plain",
            "the net",
            "one from models.repvgg, models.diracnet or models.fading_resnet",
            type(net).__name__,
        )
    if any(module.training for module in net.modules()):
        raise ConfigError(
            "as_plain", "the net's mode", "evaluation mode", "training mode", "call net.eval()"
        )
    if any(isinstance(module, nn.Identity) for module in net.modules()):
        raise ConfigError(
            "as_plain",
            "the net",
            "one with its batch norms",
            "one after nn.fuse",
            "fold the net as it was trained",
        )
    return FOLDS[kind](net)


def _twin(net, **changes):
    """A plain net of the same shape, in evaluation mode. `changes` go into its `BlockConfig`."""
    config = replace(net.config, shortcut=None, layers="usual", **changes)
    return CifarResNet(**{**net.settings, "config": config}, seed=0).eval()


def _from_repvgg(net):
    plain = _twin(net, batch_norm=False)
    arrays = plain.state_dict()
    scale, shift = scale_and_shift(net.bn1)
    arrays["conv1.weight"] = in_float64(net.conv1.weight) * scale
    arrays["conv1.bias"] = shift
    for name, block in net.named_modules():
        if isinstance(block, RepVGGBlock):
            for conv, layer in (("conv1", block.first), ("conv2", block.second)):
                arrays[f"{name}.{conv}.weight"], arrays[f"{name}.{conv}.bias"] = layer.folded()
    arrays["fc.weight"], arrays["fc.bias"] = in_float64(net.fc.weight), in_float64(net.fc.bias)
    return _filled(plain, arrays, net.fc.weight)


def _from_diracnet(net):
    plain, arrays = _twin(net), dict(net.state_dict())
    for name, module in net.named_modules():
        if isinstance(module, DiracConv2d):
            with no_grad():
                arrays[f"{name}.weight"] = module.filters().data
    return _filled(plain, arrays, net.fc.weight)


def _from_fading(net):
    left = max(float(shortcut.alpha.data[0]) for shortcut in fading_shortcuts(net))
    if left:
        raise ConfigError(
            "as_plain",
            "the shortcuts have not faded",
            "alpha = 0",
            f"alpha = {left:.3g}",
            "train with the callback FadeShortcuts",
        )
    return _filled(_twin(net), net.state_dict(), net.fc.weight)


def _filled(plain, arrays, like):
    """`plain` with these arrays as its state, in the dtype and on the device of `like`."""
    for name, tensor in (*plain.named_parameters(), *plain.named_buffers()):
        tensor.data = backend.move(arrays[name], "cpu").astype(like.dtype)  # a copy
    return plain.to(like.device)


FOLDS = {"repvgg": _from_repvgg, "diracnet": _from_diracnet, "fading": _from_fading}
