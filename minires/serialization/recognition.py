"""Which family the arrays of a net belong to, and what nobody can know about it.

How sure one can be differs:

- Some families have names of their own for layers.
- A published file can be told from all others by the SHA-256 of its content, the first eight digits
  of which stand in its name: ``resnet50-0676ba61.pth``.
- Otherwise the names fit a family, but other nets have them too. Then what is assumed is said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import unknown_name
from ..names import shown
from ..types import Array
from .architecture import Architecture, architecture_of
from .families import CAFFE, CIFAR10, FAMILIES, IMAGENET, KERAS, PUBLISHED
from .timm_config import Beside

#: What layers are called elsewhere, in regular expressions, and here.
RENAMED = {
    r"^(last_)?linear\.": "fc.",
    r"^(layer\d+\.\d+)\.shortcut\.": r"\1.downsample.",
}


@dataclass(frozen=True)
class Recognised:
    """A net, what its family is known for, and what nobody can know."""

    arrays: dict[str, Array]
    lines: list[str]
    built: dict[str, Any] = field(default_factory=dict)
    transform: dict[str, Any] = field(default_factory=dict)
    classes: list[str] | None = None
    settings: dict[str, Any] = field(default_factory=dict)  # such as zeros and stride_on
    candidates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # if it is unclear


def recognise(
    arrays: Mapping[str, Array],
    digest: str = "",
    family: str | None = None,
    beside: Beside | None = None,
) -> Recognised:
    """What is known of a net that another program saved.

    Parameters
    ----------
    arrays : dict
        In minires's layout, under the other program's names.
    digest : str
        The SHA-256 of the file in hexadecimal, if it is one file.
    family : str, optional
        One of `FAMILIES`, if the user knows it.
    beside : timm_config.Beside, optional
        What a settings file of timm's beside the weights says.

    Raises
    ------
    ConfigError
        For a family that does not exist.
    """
    _, sizes = PUBLISHED.get(digest[:8], (None, {}))
    name = known_family(arrays, digest, family)
    found, lines = _without_biases(_renamed(arrays))
    shape = architecture_of(found)
    if shape is None:
        return Recognised(found, lines + _unknown_net(found))
    transform: Mapping[str, Any] = {}
    if beside is not None and name in (None, "timm"):
        models = [model for model, _ in shape.candidates()]
        if not models or beside.may_be(models[0]):
            name, transform = "timm", beside.transform
            lines += beside.lines
        else:
            lines.append(f"config.json beside it is of {shown(beside.architecture)}: not used")
    is_sure = name is not None
    if name is None:
        name = _by_shape(shape)
    if name is None:
        built = _built(shape, {})
        unclear = [] if built else shape.candidates()
        return Recognised(found, [*lines, _unknown(shape)], built, candidates=unclear)
    known = FAMILIES[name]
    found = _red_first(found, known)
    settings = _fitting(known.settings, shape)
    is_large = len(shape.blocks) == 4 and shape.kernel_size == 7
    usual = known.transform if is_large else known.small_transform
    prepared = {**usual, **sizes, **transform}
    lines.append(_line(known, shape, settings, prepared, is_sure))
    is_open = len(shape.candidates()) > 1 and "zeros" not in settings
    if is_sure and is_open:
        lines.append(_unknown(shape))
    built = _built(shape, settings if is_sure else {}, is_residual=is_sure and not is_open)
    classes = None
    head = found.get("fc.weight")
    if name in ("akamaster", "kuangliu", "chenyaofo") and head is not None and is_sure:
        classes = list(CIFAR10) if head.shape[-1] == len(CIFAR10) else None
    unclear = [] if built else shape.candidates()
    return Recognised(found, lines, built, prepared, classes, settings if is_sure else {}, unclear)


def known_family(
    arrays: Mapping[str, Array], digest: str = "", family: str | None = None
) -> str | None:
    """The family that is beyond doubt: `family` itself, that of a published file, or the one that
    has such names for layers. None where only shapes or a file beside it could tell.

    Raises ConfigError for a family that does not exist.
    """
    if family is not None and family not in FAMILIES:
        raise unknown_name("family", "family of weights", family, FAMILIES)
    published, _ = PUBLISHED.get(digest[:8], (None, {}))
    return family or published or _by_names(arrays)


def _by_names(arrays):
    """The family that has such names; None if several have."""
    stages = {name[:6] for name in arrays if re.match(r"layer[1-9]\.", name)}
    if "linear.weight" in arrays and len(stages) in (3, 4):
        return "akamaster" if len(stages) == 3 else "kuangliu"
    if "last_linear.weight" in arrays and stages:
        return "fb.resnet.torch" if "conv1.bias" in arrays else "torchvision"
    return None


def _by_shape(shape: Architecture) -> str | None:
    """The family whose nets usually look so, though others' may too."""
    if shape.pre_activation or not shape.candidates() or shape.shortcut != "B":
        return None
    if shape.is_small:
        return "chenyaofo"
    return "torchvision" if shape.kernel_size == 7 else None


def _renamed(arrays):
    """The arrays under the names that layers have here; as they are if two would get one name."""
    found = {}
    for name, array in arrays.items():
        for pattern, here in RENAMED.items():
            name = re.sub(pattern, here, name)
        found[name] = array
    return found if len(found) == len(arrays) else dict(arrays)


def _without_biases(arrays):
    """The arrays without biases of convolutions that a batch norm follows.

    Such a bias changes nothing but the mean of the batch norm's input: conv + b - mean is
    conv - (mean - b). Nets from Torch 7 have them.
    """
    found, folded = dict(arrays), 0
    for name in arrays:
        layer, _, last = name.rpartition(".")
        norm = _norm_after(layer)
        if last != "bias" or norm is None or f"{norm}.running_mean" not in arrays:
            continue
        weight, mean = arrays.get(f"{layer}.weight"), arrays[f"{norm}.running_mean"]
        if weight is not None and weight.ndim == 4 and arrays[name].shape == mean.shape:
            found[f"{norm}.running_mean"] = mean - found.pop(name)
            folded += 1
    words = "biases of convolutions were taken off the means of the batch norms that follow"
    return found, [f"{folded} {words}"] if folded else []


def _norm_after(layer):
    """The name of the batch norm after a convolution of that name."""
    if match := re.fullmatch(r"(.*\.)?conv(\d)", layer):
        return f"{match[1] or ''}bn{match[2]}"
    return f"{layer[:-2]}.1" if layer.endswith(".downsample.0") else None


def _red_first(arrays, family):
    """The arrays for inputs of red, green and blue: the first filters' colours are turned round."""
    if not family.blue_first:
        return dict(arrays)
    first = np.ascontiguousarray(arrays["conv1.weight"][:, :, ::-1])
    return {**arrays, "conv1.weight": first}


def _fitting(settings, shape):
    """Those of the settings that a net of this shape has."""
    found = dict(settings)
    if shape.shortcut is not None or not shape.is_small:
        found.pop("zeros", None)
    if not shape.bottleneck:
        found.pop("stride_on", None)
    return found


def _built(shape, settings, is_residual=False):
    """The net, if the arrays leave no doubt; or if its family leaves none that it is residual."""
    candidates = shape.candidates()
    if not candidates or (len(candidates) > 1 and not is_residual):
        return {}
    name, own = candidates[0]
    return {"model": name, "net": {**own, **settings}}


def _line(family, shape, settings, transform, is_sure):
    candidates = shape.candidates()
    name = candidates[0][0] if candidates else "a net that minires does not have"
    known = []
    if "zeros" in settings:
        zeros = settings["zeros"]
        known.append(f"shortcut A puts its zeros {zeros} (zeros={zeros!r})")
    if "stride_on" in settings:
        known.append(f"bottlenecks have their stride on the {settings['stride_on']} convolution")
    if "eps" in settings:
        norm = f"eps={settings['eps']!r} and momentum={settings['momentum']!r}"
        known.append(f"batch norm has {norm}")
    known.append(f"inputs are {_in_words(transform)}")
    if not is_sure:
        return (
            f"{name}, by names and shapes as in {family.source}. Others have the same, so it is "
            f"only assumed that {', '.join(known)}. Was the net trained otherwise? Then give mean "
            "and std of the transform, the net's own settings (stride_on, eps), or its family"
        )
    done = []
    if family.blue_first:
        done.append("the colours of the first filters were turned round, so that inputs are RGB")
    said = f"{name} as in {family.source}: {', '.join([*done, *known])}"
    return f"{said}; {family.question}" if family.question else said


def _in_words(transform):
    """How inputs are prepared: "RGB, normalised by ..."."""
    colours = {name: transform.get(name) for name in ("mean", "std")}
    if colours in (CAFFE, KERAS):
        return "BGR from 0 to 255, minus a mean"
    if colours == IMAGENET:
        return "RGB, normalised by ImageNet's mean and standard deviation"
    if None in colours.values():
        return "normalised in a way that nobody can know"
    mean, std = (" ".join(f"{x:.4g}" for x in colours[name]) for name in ("mean", "std"))
    return f"RGB, normalised by mean {mean} and std {std}"


def _unknown(shape):
    """What the file of a net of no known family does not say."""
    open_questions = []
    if shape.shortcut is None and not shape.bottleneck:
        open_questions.append("where shortcut A puts its zeros (zeros='after' is assumed)")
        names = [name for name, _ in shape.candidates()]
        if len(names) > 1:
            open_questions.append(f"whether the net is {' or '.join(names)}")
    if shape.bottleneck:
        open_questions.append(
            "which convolution of a bottleneck has the stride (stride_on='3x3' is assumed)"
        )
    if shape.kernel_size == 3 and not shape.is_small:
        open_questions.append("whether a max-pool follows the first convolution (none is assumed)")
    open_questions += [
        "how inputs were normalised, red or blue first",
        "eps and momentum of batch norm (1e-5 and 0.1 are assumed)",
    ]
    return (
        f"the file does not say {', '.join(open_questions[:-1])} and {open_questions[-1]}: other "
        "libraries do these in other ways"
    )


def _unknown_net(arrays):
    """A line on a net for images that is none of `models`; nothing on other arrays."""
    first = next((array for array in arrays.values() if array.ndim == 4), None)
    if first is None or first.shape[2] != 3:
        return []
    return [
        "a net of no known family: the file does not say how inputs were normalised, red or blue "
        "first, and eps and momentum of batch norm (1e-5 and 0.1 are assumed)"
    ]
