"""What does not fit between a net and arrays that are to become its weights: the likely reason, and after it all that differs."""

from collections import Counter
from math import isqrt

from ..errors import CheckpointError, ShapeError

MOST_NAMES = 5                # of each kind that are written out


def explain_mismatch(own, state, where):
    """The error to raise, or None if names and shapes are the same.

    Parameters
    ----------
    own, state : dict
        Name -> array: the net's, and those to be loaded.
    where : str

    Returns
    -------
    CheckpointError if names are missing or unexpected, else ShapeError if shapes differ, else None
    """
    missing, unexpected = [name for name in own if name not in state], [name for name in state if name not in own]
    misshapen = [name for name in own if name in state and state[name].shape != own[name].shape]
    if not (missing or unexpected or misshapen):
        return None
    shapes = [f"{name} (expected {own[name].shape}, got {state[name].shape})" for name in misshapen]
    report = "; ".join(f"{len(names)} {kind}: {_some(names)}" for kind, names in
                       (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)) if names)
    if missing or unexpected:
        return CheckpointError(where, _why_names_differ(own, state, missing, unexpected, misshapen), todo=report)
    return ShapeError(where, _why_shapes_differ(own, state, misshapen), todo=report)


def _why_names_differ(own, state, missing, unexpected, misshapen):
    """What the difference looks like, and what to do about it."""
    prefix = _common_prefix(own, state)
    if prefix:
        return f"the names begin with {prefix!r}: take that off"
    if len(missing) == len(own):
        return "no name is one of this net's, so it may not be the right file"
    if "conv1.0.weight" in state and "conv1.0.weight" not in own:
        return "the weights are of a net with three convolutions in its stem (timm's resnet50d and the like), which minires has not"
    if {_kind(own), _kind(state)} <= {"bottleneck", "basic block"} and (_kind(own), _blocks(own)) != (_kind(state), _blocks(state)) \
            or _kind(own) == _kind(state) == "linear block" and _blocks(own) != _blocks(state):
        return f"the weights are of a net with {_in_words(state)} in its stages, this one has {_in_words(own)}: build that net"
    if _is_fused(own, missing, unexpected):
        return "the weights are of a net after fuse(), which fit only a net that is fused too, or of one built with batch_norm=False"
    if _is_fused(state, unexpected, missing):
        return "this net is fused, or built with batch_norm=False, and the weights are of one with batch norm: load them before fuse()"
    new, gone = _shortcuts(state) - _shortcuts(own), _shortcuts(own) - _shortcuts(state)
    if new or gone:
        of = "more shortcuts with convolutions than this net" if new else "fewer shortcuts with convolutions than this net"
        return f"the weights are of a net with {of}: build it with another shortcut (A and none have no convolutions, torchvision's nets have B)"
    if not unexpected and not misshapen:
        return f"the file is incomplete: it lacks {len(missing)} of the {len(own)} arrays of this net"
    if "bn2.weight" in missing or "bn2.weight" in unexpected:
        return f"the weights are of a net of the other kind of blocks: build this one with pre_activation={'bn2.weight' in unexpected}"
    if not missing and not misshapen:
        return "the file has more in it than this net"
    return "the weights seem to be of another architecture"


def _why_shapes_differ(own, state, misshapen):
    """The settings that would change the shapes so."""
    if set(misshapen) <= {"fc.weight", "fc.bias"} and "fc.bias" in misshapen:
        classes = len(state["fc.bias"])
        return f"the weights are of a net for {classes} classes: build this one with num_classes={classes}, or replace the head by this net's own"
    if "fc1.weight" in misshapen and state["fc1.weight"].ndim == 2:              # of an Mlp: all numbers of an image, to its width
        (rows, width), (own_rows, own_width) = state["fc1.weight"].shape, own["fc1.weight"].shape
        size = isqrt(rows // 3)
        settings = [f"image_size={size}" if 3 * size ** 2 == rows else "another image_size"] * (rows != own_rows) + [f"width={width}"] * (width != own_width)
        of = " and ".join(["images of another size"] * (rows != own_rows) + ["another width"] * (width != own_width))
        return f"the weights are of a net of {of}: build this one with {' and '.join(settings)}"
    first, own_first = (arrays.get("conv1.weight") for arrays in (state, own))
    if "conv1.weight" in misshapen and first.ndim == 4 and first.shape[:3] == own_first.shape[:3]:
        return f"the weights are of a net of another width: its first convolution has {first.shape[3]} channels, this net's {own_first.shape[3]}"
    return "the weights seem to be of a net of another width"


def _common_prefix(own, state):
    """What stands before the net's names in all of `state`'s, such as "model." or "_orig_mod."."""
    first = next(iter(state), "")
    for i, letter in enumerate(first):
        if letter == "." and first[i + 1:] in own and all(name.startswith(first[:i + 1]) for name in state):
            return first[:i + 1]
    return None


def _kind(state):
    """What the stages of a net consist of, or None if there are none."""
    parts = {name.split(".", 2)[2] for name in state if name.startswith("layer") and name.count(".") >= 3}
    return next((kind for part, kind in (("conv3.weight", "bottleneck"), ("conv1.weight", "basic block"), ("fc1.weight", "linear block")) if part in parts), None)


def _blocks(state):
    """How many blocks, whole or not, each stage has: "2 + 2 + 2 + 2" or the like."""
    blocks = {tuple(name.split(".")[:2]) for name in state if name.startswith("layer") and name.count(".") >= 3}
    stages = Counter(stage for stage, _ in blocks)
    return " + ".join(str(stages[stage]) for stage in sorted(stages))


def _in_words(state):
    return f"{_blocks(state)} {_kind(state)}" + "s" * (_blocks(state) != "1")


def _is_fused(net, missing, unexpected):
    """Whether only batch norms are missing from a net with them, and only biases of the layers before them have come instead."""
    return bool(missing and unexpected) and all(f"{name.rpartition('.')[0]}.running_mean" in net for name in missing) and \
        all(name.endswith(".bias") and f"{name.removesuffix('bias')}weight" in net for name in unexpected)


def _shortcuts(state):
    """The blocks with something on their shortcut."""
    return {name.split(".downsample.")[0] for name in state if ".downsample." in name}


def _some(names):
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
