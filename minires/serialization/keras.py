"""Weights of Keras's nets, and its names for layers (``.weights.h5``, ``.keras``, ``.h5``).

Keras keeps the axes of weights in the order of minires. Where an array lies depends on the version:

    layers/conv2d_3/vars/0                      Keras 3; the layer's name is an attribute of "vars",
                                                in files of 2025 and later
    model_weights/conv1_conv/conv1_conv/kernel  a whole net in an .h5 file, since Keras 2
    conv1_conv/conv1_conv/kernel:0              its weights alone
    res2a_branch2a/res2a_branch2a_W:0           Keras 1

The names of layers tell which net it is. Known are those of ``keras.applications``: ResNet-50, 101
and 152 as of 2015. Its V2 nets have their strides elsewhere than the paper, and nets that people
build themselves mostly pad strided 3x3 convolutions on one side only: minires has neither.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import CheckpointError
from ..names import shown
from ..types import Array
from . import hdf5
from .architecture import IMAGENET

INSIDE = "model.weights.h5"  # of a .keras file, which is a zip
#: What a checkpoint of a training has beside the net.
SKIPPED = frozenset({"optimizer", "optimizer_weights", "metrics", "loss_tracker"})
VARIABLE = re.compile(
    r"(?:.*_)?(kernel|W|bias|b|gamma|beta|moving_mean|running_mean|moving_variance|running_std)"
    r"(?:_\d+)?(?::\d+)?"
)
NAMES = {  # of variables: of a convolution or linear layer, of batch norm
    "kernel": "weight",
    "W": "weight",
    "bias": "bias",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "running_mean": "running_mean",
    "moving_variance": "running_var",
    "running_std": "running_var",  # the name is wrong: it was the variance
}
IN_ORDER = {  # how many variables a layer has -> their names, in files that number them
    1: ("weight",),
    2: ("weight", "bias"),
    4: ("weight", "bias", "running_mean", "running_var"),
}
KINDS = {"conv2d": "conv", "batch_normalization": "bn", "dense": "fc"}  # folders of Keras 3
HEADS = ("predictions", "probs", "fc1000")
EXPECTED = "ResNet50, ResNet101 or ResNet152 of keras.applications"
#: (pattern of a layer's name, family): the groups are stage, block, number in the block, kind.
BLOCKS = (
    (re.compile(r"conv([2-5])_block(\d{1,3})_([0-3])_(conv|bn)"), "keras"),
    (re.compile(r"(?P<kind>res|bn)([2-5])([a-z]\d{0,3})_branch(1|2[abc])"), "keras-2017"),
)
STEM = {
    "conv1_conv": ("conv1", "keras"),
    "conv1_bn": ("bn1", "keras"),
    "conv1": ("conv1", "keras-2017"),
    "bn_conv1": ("bn1", "keras-2017"),
}


class Layers(NamedTuple):
    """The layers of a net under Keras's names, and whether they are names of its own.

    If not, they are those of folders: conv2d, conv2d_1, ...
    """

    variables: dict[str, dict[str, Array]]
    named: bool


def is_keras(content: bytes) -> bool:
    """Whether the bytes of a file are those of an HDF5 file, or of a zip with Keras's in it."""
    if content.startswith(hdf5.SIGNATURE):
        return True
    if not content.startswith(b"PK"):
        return False
    try:
        return INSIDE in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def decode(content: bytes, where: str, lines: list[str]) -> tuple[dict[str, Array], str]:
    """The arrays in the bytes of a file, under minires's names, and their family.

    Parameters
    ----------
    content : bytes
    where : str
        The file's name, for errors.
    lines : list of str
        Gets a line on each thing that the user should know.

    Raises
    ------
    CheckpointError
        If the file is damaged, or of a net that is none of minires's.
    ConfigError
        If h5py is not installed.
    """
    if not content.startswith(hdf5.SIGNATURE):
        content = _inside(content, where)
    layers = _layers(hdf5.read(content, where, SKIPPED), where)
    if not layers.variables:
        raise CheckpointError(
            where, "an HDF5 file without layers", hdf5.WHOLE, "no arrays called as Keras's are"
        )
    if not layers.named:
        layers = Layers(_in_order(layers.variables, where, lines), True)
    found, family, rest = _renamed(layers.variables)
    if family is None:
        raise CheckpointError(
            where, _what_it_is(layers.variables), EXPECTED, _listed(rest or layers.variables)
        )
    head = _head(rest, where)
    if head is None:
        lines.append("it has no last layer (include_top=False): minires finetune makes one")
    else:
        found |= {f"fc.{name}": array for name, array in rest.pop(head).items()}
    if rest:
        lines.append(f"left out, beside the net's layers: {_listed(rest)}")
    return found, family


def _inside(content, where):
    """The HDF5 file in a .keras file."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if archive.getinfo(INSIDE).file_size > hdf5.MOST_EXPANSION * len(content):
            raise ValueError(f"more than {hdf5.MOST_EXPANSION} times its size in it")
        return archive.read(INSIDE)
    except Exception as error:  # a damaged zip can fail in a dozen ways
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise CheckpointError(
            where, "not a whole .keras file", "one that Keras has written", reason
        ) from error


def _layers(entries: Iterable[hdf5.Entry], where: str) -> Layers:
    """The arrays by layer. Raises CheckpointError if two layers have one name."""
    named: dict[str, dict[str, Array]] = {}
    numbered: dict[tuple[str, ...], dict[int, Array]] = {}
    called: dict[tuple[str, ...], str | None] = {}
    for path, array, name in entries:
        if len(path) >= 3 and path[-2] == "vars" and re.fullmatch(r"\d{1,3}", path[-1]):
            layer = path[:-2]
            numbered.setdefault(layer, {})[int(path[-1])] = array
            called[layer] = name
        elif len(path) >= 2 and (match := VARIABLE.fullmatch(path[-1])):
            variables, variable = named.setdefault(path[-2], {}), NAMES[match[1]]
            if variable in variables:
                raise _twice(where, path[-2])
            variables[variable] = array
    if not numbered:
        return Layers(named, True)
    has_names = all(called.values()) or any(_place(layer[-1]) for layer in numbered)
    found: dict[str, dict[str, Array]] = {}
    for layer, its in numbered.items():
        order = IN_ORDER.get(len(its), ())
        if sorted(its) == list(range(len(order))):
            own = called[layer] or layer[-1]
            key = own if has_names else "/".join(layer)
            if key in found:
                raise _twice(where, key)
            found[key] = {order[number]: its[number] for number in sorted(its)}
    return Layers(found, has_names)


def _twice(where: str, name: str) -> CheckpointError:
    return CheckpointError(
        where, "several nets in one file", "one net", f"several layers called {shown(name)}"
    )


def _place(name: str) -> tuple[str, str] | None:
    """Where a layer of that name stands in minires's nets, and its family; None for other names."""
    if name in STEM:
        return STEM[name]
    for pattern, family in BLOCKS:
        if match := pattern.fullmatch(name):
            break
    else:
        return None
    if family == "keras":
        stage, block = int(match[1]), int(match[2])
        number, kind = int(match[3]), match[4]
    else:  # blocks are a, b, c, ..., or a, b1, b2, ...; convolutions 2a, 2b, 2c, the shortcut's 1
        letter = match[3]
        block = int(letter[1:]) + 1 if letter[1:] else ord(letter) - ord("a") + 1
        stage, kind = int(match[2]), "conv" if match["kind"] == "res" else "bn"
        number = 0 if match[4] == "1" else "abc".index(match[4][1]) + 1
    if block < 1:
        return None
    start = f"layer{stage - 1}.{block - 1}"
    shortcut = "downsample.0" if kind == "conv" else "downsample.1"
    return f"{start}.{f'{kind}{number}' if number else shortcut}", family


def _renamed(layers):
    """The arrays under minires's names, the family, and the other layers."""
    found, rest, families = {}, {}, set()
    for name, variables in layers.items():
        place = _place(name)
        if place is None:
            rest[name] = variables
            continue
        families.add(place[1])
        found |= {f"{place[0]}.{variable}": array for variable, array in variables.items()}
    is_whole = len(families) == 1 and "conv1.weight" in found
    return found, families.pop() if is_whole and "post_bn" not in rest else None, rest


def _in_order(
    layers: Mapping[str, dict[str, Array]], where: str, lines: list[str]
) -> dict[str, dict[str, Array]]:
    """The layers of a file without names, under the names that they have in Keras.

    Files of Keras before 2025 have folders called conv2d, conv2d_1, ...: the layers in the order in
    which Keras lists them.
    """
    kinds: dict[str, list[tuple[tuple[str, ...], int, str]]] = {"conv": [], "bn": [], "fc": []}
    others = {}
    for key in layers:
        *place, name = key.split("/")
        kind, number = re.sub(r"_\d{1,6}$", "", name), re.search(r"_(\d{1,6})$", name)
        if kind in KINDS:
            kinds[KINDS[kind]].append((tuple(place), int(number[1]) if number else 0, key))
        else:
            others[name] = layers[key]
    expected = _names_in_order(len(kinds["conv"]))
    if expected is None or len(kinds["bn"]) != len(kinds["conv"]):
        count = f"{len(kinds['conv'])} convolutions and {len(kinds['bn'])} batch norms"
        raise CheckpointError(where, "a Keras net that minires does not have", EXPECTED, count)
    lines.append(
        "its layers have no names: taken in the order of ResNets in keras.applications "
        "(newer versions of Keras write names)"
    )
    found: dict[str, dict[str, Array]] = {}
    for kind in ("conv", "bn"):
        keys = [key for _, _, key in sorted(kinds[kind])]
        found |= {f"{name}_{kind}": layers[key] for name, key in zip(expected, keys, strict=True)}
    found |= {f"dense_{number}": layers[key] for number, (*_, key) in enumerate(kinds["fc"])}
    return found | others


def _names_in_order(count):
    """The names of convolutions, without "_conv", in the order of Keras; None for another count.

    In the first block of a stage the shortcut's stands behind the second.
    """
    depths = {sum(blocks) * 3 + 4 + 1: blocks for (blocks, is_large) in IMAGENET if is_large}
    if count not in depths:
        return None
    names = ["conv1"]
    for stage, blocks in enumerate(depths[count], 2):
        for block in range(1, blocks + 1):
            order = (1, 2, 0, 3) if block == 1 else (1, 2, 3)
            names += [f"conv{stage}_block{block}_{number}" for number in order]
    return names


def _head(layers, where):
    """The name of the last layer, which is not one of the base net's; None without one."""
    linear = [name for name, its in layers.items() if getattr(its.get("weight"), "ndim", 0) == 2]
    known = [name for name in linear if name in HEADS]
    if len(known) == 1 or len(linear) == 1:
        return (known or linear)[0]
    if linear:
        raise CheckpointError(
            where,
            "several linear layers behind the net",
            "one, as in keras.applications",
            _listed(linear),
        )
    return None


def _what_it_is(layers):
    if "post_bn" in layers or any("_preact_bn" in name for name in layers):
        return (
            "a ResNetV2 of keras.applications, whose strides are not where those of the paper are"
        )
    return "a Keras net that minires does not have"


def _listed(names):
    first, *more = sorted(names)
    word = shown(first)
    return f"{1 + len(more)} layers, {word} among them" if more else f"one layer, {word}"
