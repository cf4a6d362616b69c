"""Why weights do not fit a net: the likely reason, then everything that differs."""

import re
from collections import Counter
from collections.abc import Mapping
from math import isqrt

from ..errors import CheckpointError, ShapeError
from ..types import Array
from .heads import head_arrays
from .layout import TO_MINIRES

MOST_NAMES = 5  # of each kind that are written out
SHARD = r"-(\d{5})-of-(\d{5})"  # in the name of a file
LAYERS = {"conv3.weight": "bottleneck", "conv1.weight": "basic block", "fc1.weight": "linear block"}


def explain_mismatch(
    net: Mapping[str, Array], state: Mapping[str, Array], where: str
) -> CheckpointError | ShapeError | None:
    """The error to raise if weights do not fit a net.

    Parameters
    ----------
    net : dict
        Name -> array, for all parameters and buffers of the net.
    state : dict
        Name -> array: the weights.
    where : str
        The function that loads them, for the error.

    Returns
    -------
    CheckpointError or ShapeError or None
        The first if names are missing or unexpected, the second if only shapes differ, None if the
        weights fit.
    """
    missing = [name for name in net if name not in state]
    unexpected = [name for name in state if name not in net]
    misshapen = [name for name in net if name in state and state[name].shape != net[name].shape]
    if not (missing or unexpected or misshapen):
        return None
    shapes = [f"{name} (expected {net[name].shape}, got {state[name].shape})" for name in misshapen]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    report = "; ".join(
        f"{len(names)} {kind}: {_listed(names)}" for kind, names in kinds.items() if names
    )
    if not (missing or unexpected):
        return ShapeError(where, _why_shapes_differ(net, state, misshapen), todo=report)
    reasons = (
        _prefix(net, state),
        _nothing_in_common(net, missing),
        _without_last_layer(net, missing, unexpected, misshapen, where),
        _shard(net, missing, unexpected, misshapen, where),
        _last_layer(net, missing, unexpected),
        _deep_stem(net, state),
        _other_blocks(net, state),
        _fused(net, state, missing, unexpected),
        _other_shortcuts(net, state),
        _incomplete(net, missing, unexpected, misshapen),
        _other_order(missing, unexpected),
        _too_many(missing, misshapen),
    )
    reason = next(filter(None, reasons), "the weights seem to come from another architecture")
    return CheckpointError(where, reason, todo=report)


# Reasons for other names. Each function returns a sentence, or None if its reason does not apply.


def _prefix(net, state):
    """All names are the net's behind a prefix, such as "model." or "_orig_mod."."""
    first = next(iter(state), "")
    for i, letter in enumerate(first):
        prefix, rest = first[: i + 1], first[i + 1 :]
        if letter == "." and rest in net and all(name.startswith(prefix) for name in state):
            return f"all names begin with {prefix!r}: remove that prefix"
    return None


def _nothing_in_common(net, missing):
    if len(missing) == len(net):
        return "the weights have no name in common with this net: is it the right file?"
    return None


def _without_last_layer(net, missing, unexpected, misshapen, where):
    """All layers but the last: what others train a new one on."""
    is_shard = re.search(SHARD, where)
    if missing != head_arrays(net) or unexpected or misshapen or is_shard:
        return None
    return (
        "the weights are of a net without its last layer (include_top=False in Keras), which "
        "names the classes: minires finetune trains a new one"
    )


def _shard(net, missing, unexpected, misshapen, where):
    """A part of the weights: a whole layer before or behind the blocks is not there."""
    shard = re.search(SHARD, where)
    layers = {name.rpartition(".")[0] for name in net if not _is_in_block(name)}
    gone = [
        layer
        for layer in layers
        if all(name in missing for name in net if name.startswith(f"{layer}."))
    ]
    if unexpected or misshapen or not (gone or shard):
        return None
    which = f"file {int(shard[1])} of {int(shard[2])}" if shard else "one of several files"
    return (
        f"a part of the weights: {len(missing)} of this net's {len(net)} arrays are not in it; "
        f"it seems to be {which} (shards): put the arrays of all of them into one file"
    )


def _last_layer(net, missing, unexpected):
    """Only the last layer has another name, such as "linear" or "classifier"."""
    names = {name.rpartition(".")[0] for name in unexpected}
    if not missing or missing != head_arrays(net) or len(names) != 1:
        return None
    name = names.pop()
    if set(unexpected) != {f"{name}.weight", f"{name}.bias"}:
        return None
    own = " and ".join(missing)
    return f"the last layer is called {name!r}: rename its weight and bias to {own}"


def _deep_stem(net, state):
    if "conv1.0.weight" in state and "conv1.0.weight" not in net:
        return (
            "the weights come from a net with three convolutions in its stem (such as timm's "
            "resnet50d), which minires does not have"
        )
    return None


def _other_blocks(net, state):
    """Another kind of blocks, or another number of them in a stage."""
    kinds = {_kind(net), _kind(state)}
    if not (kinds <= {"bottleneck", "basic block"} or kinds == {"linear block"}):
        return None  # too different for this to be the reason
    if len(kinds) == 1 and _blocks(net) == _blocks(state):
        return None
    return (
        f"the weights come from a net with {_in_words(state)} in its stages, "
        f"but this one has {_in_words(net)}: build that net instead"
    )


def _fused(net, state, missing, unexpected):
    if _differ_by_fusion(net, missing, unexpected):
        return (
            "the weights come from a net that was fused, or built with batch_norm=False: "
            "fuse this net first, or build it that way"
        )
    if _differ_by_fusion(state, unexpected, missing):
        return (
            "this net was fused, or built with batch_norm=False, but the weights come from a "
            "net with batch norm: load them before fusing"
        )
    return None


def _other_shortcuts(net, state):
    here, there = (_convolutions_on_shortcuts(arrays) for arrays in (net, state))
    if here == there:
        return None
    more = "more" if there - here else "fewer"
    return (
        f"the weights come from a net with convolutions on {more} shortcuts than this one: "
        "build it with another shortcut (A and none have no convolutions, torchvision's nets "
        "have B)"
    )


def _incomplete(net, missing, unexpected, misshapen):
    if not unexpected and not misshapen:
        return (
            f"the weights are incomplete: they lack {len(missing)} of this net's {len(net)} arrays"
        )
    return None


def _other_order(missing, unexpected):
    """Only a net with batch norm before its convolutions has one after the last block, `bn2`."""
    if "bn2.weight" in missing or "bn2.weight" in unexpected:
        return (
            "the weights come from a net with another order of layers in its blocks: "
            f"build this one with pre_activation={'bn2.weight' in unexpected}"
        )
    return None


def _too_many(missing, misshapen):
    if not missing and not misshapen:
        return "all arrays of this net are there, but so are others"
    return None


def _why_shapes_differ(net, state, misshapen):
    """The settings that would explain the shapes."""
    if all(_as_in_minires(state[name]) == net[name].shape for name in misshapen):
        return (
            "the weights are in PyTorch's layout: save them in a file and mr.load it, "
            "or bring them into minires's by serialization.layout.from_torch"
        )
    if misshapen == head_arrays(net) and misshapen[-1].endswith(".bias"):
        classes = len(state[misshapen[-1]])
        return (
            f"the weights come from a net for {classes} classes: build this one with "
            f"num_classes={classes} (models.replace_head can change that afterwards)"
        )
    if "fc1.weight" in misshapen and state["fc1.weight"].ndim == 2:
        return _other_mlp(net["fc1.weight"].shape, state["fc1.weight"].shape)
    first, own_first = (arrays.get("conv1.weight") for arrays in (state, net))
    if "conv1.weight" in misshapen and first.ndim == 4 and first.shape[:3] == own_first.shape[:3]:
        return (
            f"the weights come from a net of another width: its first convolution has "
            f"{first.shape[3]} channels, this net's has {own_first.shape[3]}"
        )
    return "the weights seem to come from a net of another width"


def _other_mlp(net_shape, shape):
    """The first layer of an Mlp, (numbers in an image, width), has another shape."""
    (net_rows, net_width), (rows, width) = net_shape, shape
    what, settings = [], []
    if width != net_width:
        what.append("of another width")
        settings.append(f"width={width}")
    if rows != net_rows:
        size = isqrt(rows // 3)
        what.append("for images of another size")
        settings.append(f"image_size={size}" if 3 * size**2 == rows else "another image_size")
    return (
        f"the weights come from a net {' and '.join(what)}: "
        f"build this one with {' and '.join(settings)}"
    )


# Facts about a net, from the names of its arrays.


def _as_in_minires(array):
    """The shape that an array in PyTorch's layout has in minires's."""
    return tuple(array.shape[axis] for axis in TO_MINIRES.get(array.ndim, range(array.ndim)))


def _kind(arrays):
    """The kind of block in its stages, or None if it has no stages."""
    parts = {name.split(".", 2)[2] for name in arrays if _is_in_block(name)}
    return next((kind for part, kind in LAYERS.items() if part in parts), None)


def _blocks(arrays):
    """How many blocks each stage has, complete or not: "2 + 2 + 2 + 2"."""
    blocks = {tuple(name.split(".")[:2]) for name in arrays if _is_in_block(name)}
    stages = Counter(stage for stage, _ in blocks)
    return " + ".join(str(stages[stage]) for stage in sorted(stages))


def _is_in_block(name):
    """Whether it is a name like ``layer1.0.conv1.weight``."""
    return name.startswith("layer") and name.count(".") >= 3


def _in_words(arrays):
    return f"{_blocks(arrays)} {_kind(arrays)}" + "s" * (_blocks(arrays) != "1")


def _differ_by_fusion(net, missing, unexpected):
    """Whether all that is missing are batch norms, and all that is unexpected biases of layers."""
    return (
        bool(missing and unexpected)
        and all(f"{name.rpartition('.')[0]}.running_mean" in net for name in missing)
        and all(name.endswith(".bias") for name in unexpected)
        and all(f"{name.removesuffix('bias')}weight" in net for name in unexpected)
    )


def _convolutions_on_shortcuts(arrays):
    """The blocks that have a convolution on their shortcut."""
    return {name.split(".downsample.")[0] for name in arrays if ".downsample." in name}


def _listed(names):
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
