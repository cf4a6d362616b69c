"""How inputs of timm's nets are prepared: the ``config.json`` that lies beside their weights.

On the Hugging Face hub each of timm's nets is a folder of ``model.safetensors`` and this file:

    {"architecture": "resnet50",
     "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic",
                        "mean": [0.485, ...], "std": [0.229, ...]}}
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from ..checks import is_number
from ..errors import CheckpointError
from ..names import shown
from .files import read_bytes
from .notes import is_transform

NAME = "config.json"
MOST_BYTES = 10_000_000  # ImageNet-22k's class names are 1 MB


class Beside(NamedTuple):
    """What timm's file says: of which net it is, and the transform, with lines for the user."""

    architecture: str
    transform: dict[str, Any]
    lines: list[str]

    def may_be(self, model: str) -> bool:
        """Whether it can be the file of that net: ``tv_resnet50`` or ``resnet50d`` of resnet50.

        In a folder of downloads the file of another net may lie beside the weights.
        """
        return re.findall(r"\d+", model)[0] in re.findall(r"\d+", self.architecture)


def read(weights: Path) -> Beside | None:
    """What timm's file beside a file of weights says; None where there is none.

    Parameters
    ----------
    weights : Path
        A file of weights.

    Raises
    ------
    CheckpointError
        If the file is timm's, and what it says of inputs cannot be.
    """
    path = weights.parent / NAME
    if not path.is_file():
        return None
    try:
        said = json.loads(read_bytes(path, "timm's settings", most=MOST_BYTES))
    except (ValueError, RecursionError, CheckpointError):
        return None  # some other program's
    if not isinstance(said, dict) or not isinstance(said.get("architecture"), str):
        return None
    settings = said.get("pretrained_cfg", said)  # early files have the settings on top
    if not isinstance(settings, dict) or "mean" not in settings:
        return None
    size, part = settings.get("input_size", [3, 224, 224]), settings.get("crop_pct", 0.875)
    transform: dict[str, Any] = {name: settings.get(name) for name in ("mean", "std")}
    if isinstance(size, list) and len(size) == 3 and is_number(part) and 0 < part <= 1:
        transform |= {"crop": size[-1]}
        if is_number(size[-1]):
            transform["resize"] = int(size[-1] / part)
    if not is_transform(transform) or len(transform) != 4:
        raise CheckpointError(
            str(path),
            "timm's settings of inputs",
            "input_size, crop_pct, mean and std",
            "others",
            "take the file from a copy, or away",
        )
    lines = [f"inputs are prepared as {NAME} beside it says"]
    if settings.get("interpolation", "bilinear") != "bilinear":
        theirs = shown(settings["interpolation"])
        lines.append(
            f"timm resizes pictures by {theirs} interpolation, minires by 'bilinear': errors may "
            "differ by a few tenths of a point"
        )
    return Beside(said["architecture"], transform, lines)
