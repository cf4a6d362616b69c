"""Which net arrays belong to, from their names and shapes alone.

Names and layout are minires's: ``conv1.weight`` of shape (KH, KW, 3, width), ``layer2.0.conv1``,
``layer2.0.downsample.0`` for the convolution of a projection shortcut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..types import Array

LAYER = re.compile(r"layer([1-9])\.(\d+)\.")
#: (blocks in each stage, bottlenecks?) -> depth: table 1 of He et al. 2015.
IMAGENET: dict[tuple[tuple[int, ...], bool], int] = {
    ((2, 2, 2, 2), False): 18,
    ((3, 4, 6, 3), False): 34,
    ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152,
}
#: (depth, groups, width of a group) -> the net's name, where it is not resnetN.
NAMED = {
    (50, 32, 4): "resnext50_32x4d",
    (101, 32, 8): "resnext101_32x8d",
    (50, 1, 128): "wide_resnet50_2",
    (101, 1, 128): "wide_resnet101_2",
}


@dataclass(frozen=True)
class Architecture:
    """What names and shapes say about a net with batch norm and stages of blocks.

    Attributes
    ----------
    kernel_size, width : int
        Of the first convolution; its output channels.
    blocks : tuple of int
        Of each stage.
    bottleneck, pre_activation : bool
    shortcut : {"B", "C", None}
        Where shortcuts have convolutions: where the shape changes, in every block, or nowhere. Then
        the net is plain, or has shortcut A.
    groups, width_per_group : int
        Of the 3x3 convolutions of bottlenecks.
    """

    kernel_size: int
    width: int
    blocks: tuple[int, ...]
    bottleneck: bool
    pre_activation: bool
    shortcut: str | None
    groups: int = 1
    width_per_group: int = 64

    @property
    def is_small(self) -> bool:
        """Whether it is a net for small images, of three stages of the same length."""
        is_even = len(self.blocks) == 3 and len(set(self.blocks)) == 1
        return is_even and self.kernel_size == 3 and not self.bottleneck

    def candidates(self) -> list[tuple[str, dict[str, Any]]]:
        """(name, settings) of each net of `models` that these arrays fit: two where nobody can say
        whether a net is residual, none where `models` has no such net.
        """
        settings: dict[str, Any] = {}
        if self.is_small:
            name = f"-{6 * self.blocks[0] + 2}"
            settings["width"] = self.width
        else:
            number = IMAGENET.get((self.blocks, self.bottleneck))
            if number is None or self.width != 64 or self.kernel_size not in (3, 7):
                return []
            name = str(number)
            if self.kernel_size == 3:
                settings["stem"] = "3x3"
        residual = f"resnet{name}"
        if self.pre_activation:
            settings["pre_activation"] = True
        if self.bottleneck:
            known = NAMED.get((int(name), self.groups, self.width_per_group))
            if known:
                residual = known
            elif (self.groups, self.width_per_group) != (1, 64):
                settings |= {"groups": self.groups, "width_per_group": self.width_per_group}
        usual = None if self.is_small else "B"
        if self.shortcut != usual:
            settings["shortcut"] = self.shortcut or "A"
        found = [(residual, settings)]
        if self.shortcut is None and not self.bottleneck and not self.pre_activation:
            own = {key: value for key, value in settings.items() if key != "shortcut"}
            found.append((f"plain{name}", own))
        return found


def architecture_of(arrays: Mapping[str, Array]) -> Architecture | None:
    """The `Architecture` of a net, or None if the arrays are not those of one.

    Parameters
    ----------
    arrays : dict
        Name -> array, under minires's names and in its layout. The last layer may be missing.
    """
    stages: dict[int, set[int]] = {}
    for name in arrays:
        if (match := LAYER.match(name)) and len(match[2]) <= 6:
            stages.setdefault(int(match[1]), set()).add(int(match[2]))
    first = arrays.get("conv1.weight")
    in_order = list(range(1, len(stages) + 1))
    if first is None or first.ndim != 4 or sorted(stages) != in_order or not stages:
        return None
    if any(stages[stage] != set(range(len(stages[stage]))) for stage in stages):
        return None
    if "layer1.0.bn2.running_mean" not in arrays:  # without batch norm there are other kinds
        return None
    blocks = tuple(len(stages[stage]) for stage in in_order)
    is_bottleneck = "layer1.0.conv3.weight" in arrays
    shortcut = _shortcut(arrays, blocks, is_bottleneck)
    if shortcut == "other":
        return None
    groups, width_per_group = 1, 64
    if is_bottleneck:
        middle = arrays.get("layer1.0.conv2.weight")
        if middle is None or middle.ndim != 4 or 0 in middle.shape:
            return None
        groups = middle.shape[3] // middle.shape[2]
        width_per_group = middle.shape[2]
    return Architecture(
        first.shape[0],
        first.shape[3],
        blocks,
        is_bottleneck,
        "bn2.running_mean" in arrays,
        shortcut,
        groups,
        width_per_group,
    )


def _shortcut(arrays, blocks, is_bottleneck):
    """Which shortcuts have convolutions: "B", "C", None, or "other"."""
    projected = {name.split(".downsample.")[0] for name in arrays if ".downsample." in name}
    first = 1 if is_bottleneck else 2  # the first stage of which the first block changes the shape
    changing = {f"layer{stage}.0" for stage in range(first, len(blocks) + 1)}
    every = {f"layer{i}.{j}" for i, count in enumerate(blocks, 1) for j in range(count)}
    kinds = {frozenset(): None, frozenset(changing): "B", frozenset(every): "C"}
    return kinds.get(frozenset(projected), "other")
