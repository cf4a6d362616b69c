"""What programs put before the names of a net's arrays, and what else they keep beside them.

    module.conv1.weight            torch.nn.DataParallel
    _orig_mod.conv1.weight         torch.compile
    model.conv1.weight             a Lightning module, which may have other parts too
    ema.conv1.weight               an average of the weights over many steps, beside the weights

Several may stand one before the other.
"""

from collections.abc import Collection, Mapping
from typing import Any

from ..names import shown

WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")
AVERAGES = ("module_ema.", "ema.", "ema_model.", "model_ema.", "avg_model.", "averaged_model.")
COUNTERS = ("n_averaged", "ema.decay", "num_updates")  # what averages keep beside the weights
PARTS = {"layer1", "conv2_x", "conv1", "fc1"}  # one of them is in every net that is known


def own_names(arrays: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arrays of the net under its own names, and a line on each array that was left out.

    A prefix that is taken off needs no line: `load` compares every name with the net's. If a file
    holds a net and an average of it, the net is taken.
    """
    found, lines = dict(arrays), []
    for counter in COUNTERS:
        found.pop(counter, None)
    while (prefix := _prefix(found)) is not None:
        inside = {name: one for name, one in found.items() if name.startswith(prefix)}
        outside = [name for name in found if name not in inside]
        if prefix in AVERAGES:
            lines.append(f"the weights are an average over training, under {prefix!r}")
        if outside:
            lines.append(_left_out(outside))
        found = {name.removeprefix(prefix): array for name, array in inside.items()}
    averaged = [name for name in found if name.startswith(AVERAGES)]
    if averaged and _is_net(name for name in found if name not in averaged):
        lines.append(_left_out(averaged))
        found = {name: array for name, array in found.items() if name not in averaged}
    return found, lines


def _prefix(names: Collection[str]) -> str | None:
    """The prefix of the net's names; None if they are the net's own, or nobody can say."""
    prefixes = (*WRAPPERS, *AVERAGES)
    for prefix in prefixes:
        if names and all(name.startswith(prefix) and name != prefix for name in names):
            return prefix
    own = [name for name in names if not name.startswith(prefixes)]
    if _is_net(own):  # a net, perhaps with an average beside it: explain_mismatch lists it
        return None
    for prefix in prefixes:
        if _is_net([name.removeprefix(prefix) for name in names if name.startswith(prefix)]):
            return prefix
    return None


def _is_net(names):
    return any(PARTS & set(name.split(".")[:3]) for name in names)


def _left_out(names):
    averages = sorted({one for one in AVERAGES for name in names if name.startswith(one)})
    if averages:
        return f"an average of the weights lies beside them, under {averages[0]!r}: it was left out"
    count = f"{len(names)} array" + "s" * (len(names) > 1)
    return f"{count} beside the net's were left out, {shown(names[0])} among them"
