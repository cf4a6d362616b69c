"""Every net by name, for commands and settings files, which cannot call a Python function.

resnet50, plain18, wide_resnet50_2, ...      a net for large images: the name of its function
resnet-20, plain-56, residual_mlp-20, ...    a net of any depth: the function's name, a hyphen,
                                             and the depth
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

from ..errors import ConfigError, unknown_name
from ..names import shown
from ..serialization.old_names import current_net
from . import alternatives, cifar, dense_net, imagenet, mlp, vgg, without_norm
from .base import ResNet
from .cifar import MOST_LAYERS

OF_ANY_DEPTH: dict[str, Callable[..., Any]] = {
    "resnet": cifar.resnet,
    "plain": cifar.plain,
    "repvgg": alternatives.repvgg,
    "diracnet": alternatives.diracnet,
    "fading_resnet": alternatives.fading_resnet,
    "highway": alternatives.highway,
    "densenet": dense_net.densenet,
    "bare": without_norm.bare,
    "residual_mlp": mlp.residual_mlp,
    "plain_mlp": mlp.plain_mlp,
}
OF_6N_PLUS_2 = ("resnet", "plain", "bare", "repvgg", "diracnet", "fading_resnet", "highway")
#: Name -> distance between two possible depths. DenseNets check their depth themselves.
STEPS = dict.fromkeys(OF_6N_PLUS_2, 6) | {"residual_mlp": 2, "plain_mlp": 2}
OF_ONE_DEPTH = {
    function.__name__: function
    for function in (
        imagenet.plain18,
        imagenet.plain34,
        imagenet.resnet18,
        imagenet.resnet34,
        imagenet.resnet50,
        imagenet.resnet101,
        imagenet.resnet152,
        imagenet.resnext50_32x4d,
        imagenet.resnext101_32x8d,
        imagenet.wide_resnet50_2,
        imagenet.wide_resnet101_2,
        vgg.vgg16,
        vgg.vgg16_bn,
        vgg.vgg19,
        vgg.vgg19_bn,
    )
}
DIGITS = 18  # most digits of a depth: Python refuses to read numbers of more than 4,300


def examples(family: str) -> tuple[str, str]:
    """Two nets of a family that exists at any depth, by name: a shallower and a deeper one."""
    shallow, deep = (40, 100) if family == "densenet" else (20, 56)
    return f"{family}-{shallow}", f"{family}-{deep}"


def depth_rule(family: str) -> str:
    """The depths at which a family exists, such as "6n + 2"."""
    return f"{STEPS[family]}n + 2" if family in STEPS else "3n + 4"


def names() -> tuple[str, ...]:
    """The name of every net that exists at one depth, and two `examples` of each family."""
    of_any_depth = (name for family in OF_ANY_DEPTH for name in examples(family))
    return (*OF_ONE_DEPTH, *of_any_depth)


def build(
    name: str, **settings: Any
) -> ResNet | mlp.Mlp | dense_net.DenseNet | vgg.VGG | without_norm.BareNet:
    """Build the net of that name.

    Parameters
    ----------
    name : str
        Such as "resnet50" or "resnet-56".
    **settings
        The keyword arguments of the function that builds it: ``num_classes``, ``seed``,
        ``shortcut``, ``width``, ...

    Returns
    -------
    nn.Module

    Raises
    ------
    ConfigError
        For a name or a setting that does not exist, or a value that is not possible.
    """
    function, depth = _find(name)
    known = settings_of(name)
    for setting in settings:
        if setting not in known:
            raise unknown_name(name, "setting", setting, known)
    return function(*depth, **settings)


def settings_of(name: str) -> dict[str, Any]:
    """The settings that the net of that name takes: name -> its default.

    Raises ConfigError if there is no such net.
    """
    function, _ = _find(name)
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}


def _find(name):
    """The function that builds the net, and a tuple with its depth, empty if it takes none."""
    if name in OF_ONE_DEPTH:
        return OF_ONE_DEPTH[name], ()
    family, _, depth = str(name).rpartition("-")
    if family in OF_ANY_DEPTH and depth.isascii() and depth.isdecimal():
        if len(depth) > DIGITS:
            raise ConfigError("model", "too deep to build", f"at most {MOST_LAYERS:,}", shown(name))
        if family in STEPS:
            cifar.check_depth(int(depth), step=STEPS[family])
        return OF_ANY_DEPTH[family], (int(depth),)
    if name in OF_ANY_DEPTH:
        expected = f"{', '.join(examples(name))}, ..."
        raise ConfigError("model", f"{name} of which depth?", expected, repr(name))
    without_hyphen = re.fullmatch(
        rf"({'|'.join(OF_6N_PLUS_2)})_?([0-9]{{1,{DIGITS}}})",
        current_net(str(name)).lower().replace("-", ""),
    )
    other_case = str(name).lower() in OF_ONE_DEPTH
    if without_hyphen and (int(without_hyphen[2]) - 2) % 6 == 0 and not other_case:
        raise ConfigError(
            "model",
            "unknown net",
            "a name such as resnet-56 or plain-20",
            shown(name),
            "did you mean '{}-{}'?".format(*without_hyphen.groups()),
        )
    raise unknown_name("model", "net", name, names())
