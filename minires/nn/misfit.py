"""What does not fit between a net and arrays that are to become its weights: all of it in one error, with the likely reason."""

from collections import Counter

from ..errors import CheckpointError, ShapeError

MOST_NAMES = 5                # of each kind that are written out


def misfit(own, state, where):
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
    todo = _likely_reason(own, state, missing, unexpected, misshapen)
    if missing or unexpected:
        return CheckpointError(where, f"names differ: {report}", todo=todo)
    return ShapeError(where, f"arrays differ: {report}", todo=todo)


def _likely_reason(own, state, missing, unexpected, misshapen):
    """What the difference looks like, and what to do about it."""
    prefix = _common_prefix(own, state)
    if prefix:
        return f"the names begin with {prefix!r}: take that off"
    if len(missing) == len(own):
        return "is it the right file?"
    if "conv1.0.weight" in state and "conv1.0.weight" not in own:
        return "the weights are of a net with three convolutions in its stem (timm's resnet50d and the like), which minires has not"
    (kind, blocks), (their_kind, their_blocks) = _blocks(own), _blocks(state)
    if their_blocks and blocks and (kind, blocks) != (their_kind, their_blocks):
        return f"the weights are of a net with {their_blocks} {their_kind} in its stages, this one has {blocks} {kind}: build that net"
    new, gone = (any(".downsample." in name for name in names) for names in (unexpected, missing))
    if new or gone:
        of = "more shortcuts with convolutions than this net" if new else "fewer shortcuts with convolutions than this net"
        return f"the weights are of a net with {of}: build it with another shortcut (A and none have no convolutions, torchvision's nets have B)"
    if "bn2.weight" in missing or "bn2.weight" in unexpected:
        return f"build the net with pre_activation={'bn2.weight' in unexpected}"
    if not (missing or unexpected) and set(misshapen) <= {"fc.weight", "fc.bias"} and "fc.bias" in misshapen:
        classes = len(state["fc.bias"])
        return f"the weights are of a net for {classes} classes: build this one with num_classes={classes}, or replace the head by this net's own"
    if not (missing or unexpected):
        return "is it the same width?"
    return "is it the same architecture?"


def _common_prefix(own, state):
    """What stands before the net's names in all of `state`'s, such as "model." or "_orig_mod."."""
    first = next(iter(state), "")
    for i, letter in enumerate(first):
        if letter == "." and first[i + 1:] in own and all(name.startswith(first[:i + 1]) for name in state):
            return first[:i + 1]
    return None


def _blocks(state):
    """("basic blocks", "2 + 2 + 2 + 2") or the like, from the names of the convolutions."""
    firsts = [name.split(".") for name in state if name.startswith("layer") and name.endswith(".conv1.weight")]
    stages = Counter(parts[0] for parts in firsts if len(parts) == 4)
    kind = "bottlenecks" if any(name.startswith("layer") and name.endswith(".conv3.weight") for name in state) else "basic blocks"
    return kind, " + ".join(str(stages[stage]) for stage in sorted(stages))


def _some(names):
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
