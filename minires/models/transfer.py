"""Use a trained net for other classes: take its features, and put a new head on top of them.

The last layer of a net is its head: `fc`, in a VGG ``classifier[6]``. All layers before it turn an
image into features, and the head weighs these for each class. Features learnt from many images
serve for other classes too (Donahue et al. 2014, arXiv:1310.1531; Yosinski et al. 2014,
arXiv:1411.1792).
"""

from dataclasses import replace
from typing import TypeVar

from .. import backend, checks, nn
from ..autograd.tensor import Tensor
from ..errors import ConfigError, unknown_name
from ..random import stream
from ..serialization.heads import HEADS, head_among
from ..types import ArrayLike

Net = TypeVar("Net", bound=nn.Module)


def head_of(model: nn.Module, where: str = "head_of") -> tuple[str, nn.Module]:
    """The head of a net, its last layer: its name, as in ``model.named_modules()``, and the layer.

    `where` begins the ConfigError for a net without one.
    """
    modules = dict(model.named_modules())
    name = head_among(modules)
    if name is None:
        raise _no_head(where, model)
    return name, modules[name]


def _no_head(where, model):
    return ConfigError(
        where,
        type(model).__name__,
        f"a net whose last layer is an nn.Linear named {' or '.join(map(repr, HEADS))}",
        "none",
    )


def extract_features(model: nn.Module, x: Tensor | ArrayLike, layer: str | None = None) -> Tensor:
    """The output of one layer of `model` for the images `x`. The layers after it are not computed.

    Parameters
    ----------
    model : nn.Module
        It stays in its mode. Call ``model.eval()`` first for features that do not depend on the
        batch.
    x : Tensor or array (N, H, W, 3)
    layer : str, optional
        The name of a module, as in ``model.named_modules()``: "layer3", "layer4.0", "bn1", ... With
        None, the input of the head is returned: for a residual net this is the last block's output,
        averaged over the map, (N, channels).

    Returns
    -------
    Tensor
        On the tape, unless this is called under ``no_grad``.

    Raises
    ------
    ConfigError
        For a layer that does not exist, or that the net does not call; with None, for a net without
        a head.
    """
    modules = dict(model.named_modules())
    wanted = head_of(model, "extract_features")[0] if layer is None else layer
    if wanted not in modules or not wanted:
        raise unknown_name("extract_features", "layer", wanted, [name for name in modules if name])

    def stop(module, inputs, y):
        raise _Reached(inputs[0] if layer is None else y)

    with modules[wanted].register_forward_hook(stop):
        try:
            model(x if isinstance(x, Tensor) else Tensor(x))
        except _Reached as reached:
            return reached.features
    raise ConfigError(
        "extract_features",
        f"the net did not call {wanted!r}",
        "a layer that it computes with",
        "one that it has but does not use",
    )


class _Reached(Exception):
    """Ends the forward pass at the wanted layer, and carries the features out of it."""

    def __init__(self, features):
        super().__init__()
        self.features = features


def replace_head(model: Net, num_classes: int, seed: int = 0) -> Net:
    """Give `model` a new last layer, for other classes, with fresh weights. Returns the model.

    Parameters
    ----------
    model : nn.Module
        Its last layer is an `nn.Linear` called `fc` or, as in a VGG, ``classifier[6]``. It is
        changed in place.
    num_classes : int
    seed : int
        For the new weights.

    Raises
    ------
    ConfigError
        If the net has no such layer, or `num_classes` is not a whole number of at least 1.
    """
    num_classes = checks.integer("replace_head", "num_classes", num_classes)
    name, head = head_of(model, "replace_head")
    if not isinstance(head, nn.Linear):
        raise _no_head("replace_head", model)
    fresh = nn.Linear(head.weight.shape[0], num_classes, rng=stream(seed, "weights"), std=0.01)
    for parameter in fresh.parameters():
        parameter.data = backend.move(parameter.data.astype(head.weight.dtype), head.weight.device)
    owner, _, own_name = name.rpartition(".")
    setattr(dict(model.named_modules())[owner], own_name, fresh.train(head.training))
    if model.conventions is not None:  # the weights are from a file, which may name the old classes
        model.conventions = replace(model.conventions, classes=None)
    settings = getattr(model, "settings", None)  # `deepen` builds the deeper net from these
    if settings is not None and "num_classes" in settings:
        settings["num_classes"] = num_classes
    return model


def freeze_before(model: Net, layer: str) -> Net:
    """Freeze the parts that are computed before `layer`. Returns the model.

    Training then changes only `layer` and the parts after it.

    Parameters
    ----------
    model : nn.Module
        Its parts must have been assigned in the order in which they are computed, as in all nets of
        `models`.
    layer : str
        The name of one of the net's own parts, such as "layer4" or "fc".

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
