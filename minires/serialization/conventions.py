"""What the arrays of a net that others trained do not show, and its family tells.

Two nets may have weights of the same names and shapes and compute different things: shortcut A may
put its zeros after the channels of its input or around them, and inputs may have been normalised in
many ways. A family of public weights is recognised by the names of its arrays. Then its conventions
are set and said aloud; where nobody can know, that is said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..types import Array

IMAGENET_COLOURS = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CIFAR10 = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
# What programs put before all names of a net. Several may stand one before the other.
WRAPPERS = {
    "module.": "torch.nn.DataParallel",
    "_orig_mod.": "torch.compile",
    "model.": "a Lightning module",
    "net.": "a Lightning module",
    "module_ema.": "an average of weights",
}
LAYER = re.compile(r"layer(\d)\.(\d+)\.")


@dataclass(frozen=True)
class Recognised:
    """A net of a known family, or one of which something cannot be known."""

    arrays: dict[str, Array]
    lines: list[str]  # what was done, and what nobody can know
    built: dict[str, Any] = field(default_factory=dict)
    transform: dict[str, Any] = field(default_factory=dict)
    classes: list[str] | None = None


def without_wrapper(arrays: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arrays under the net's own names, and a line for each prefix that was taken off."""
    found, lines = dict(arrays), []
    while prefix := next((one for one in WRAPPERS if _all_begin_with(found, one)), None):
        found = {name.removeprefix(prefix): array for name, array in found.items()}
        lines.append(f"{prefix!r} before all names, from {WRAPPERS[prefix]}, was taken off")
    return found, lines


def _all_begin_with(names, prefix):
    return bool(names) and all(name.startswith(prefix) and name != prefix for name in names)


def recognise(arrays: Mapping[str, Array]) -> Recognised:
    """What is known of a net, from its arrays in minires's layout, which another program saved."""
    blocks = _blocks(arrays)
    is_small = len(blocks) == 3 and len(set(blocks)) == 1 and "conv1.weight" in arrays
    if not is_small or _has_projections(arrays):
        return Recognised(dict(arrays), [])
    depth, width = 6 * blocks[0] + 2, arrays["conv1.weight"].shape[-1]
    if "linear.weight" in arrays:
        return _akamaster(arrays, depth, width)
    return Recognised(
        dict(arrays),
        [
            "the file does not say where shortcut A puts its zeros (zeros='after' is assumed) and "
            "how inputs were normalised: other libraries do both in other ways"
        ],
    )


def _akamaster(arrays, depth, width):
    """github.com/akamaster/pytorch_resnet_cifar10, and the many nets that descend from it."""
    renamed = {
        f"fc.{name.removeprefix('linear.')}" if name.startswith("linear.") else name: array
        for name, array in arrays.items()
    }
    classes = list(CIFAR10) if renamed["fc.weight"].shape[-1] == len(CIFAR10) else None
    return Recognised(
        renamed,
        [
            f"resnet-{depth} as of akamaster/pytorch_resnet_cifar10: 'linear' is 'fc' here, "
            "shortcut A puts its zeros around (zeros='around'), inputs are normalised by "
            "ImageNet's mean and standard deviation"
        ],
        {"model": f"resnet-{depth}", "net": {"width": width, "zeros": "around"}},
        {"resize": 32, "crop": 32, **IMAGENET_COLOURS},
        classes,
    )


def _blocks(arrays):
    """How many blocks each stage has."""
    found: dict[str, set[str]] = {}
    for name in arrays:
        if match := LAYER.match(name):
            found.setdefault(match[1], set()).add(match[2])
    return [len(found[stage]) for stage in sorted(found)]


def _has_projections(arrays):
    return any(".downsample." in name or ".shortcut." in name for name in arrays)
