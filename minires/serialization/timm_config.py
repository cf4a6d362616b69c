"""How inputs of timm's nets are prepared: the ``config.json`` that lies beside their weights.

On the Hugging Face hub each of timm's nets is a folder of ``model.safetensors`` and this file:

    {"architecture": "resnet50",
     "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic",
                        "mean": [0.485, ...], "std": [0.229, ...]}}
"""

import json
from pathlib import Path
from typing import Any

from ..checks import is_number
from ..errors import CheckpointError
from ..names import shown
from .files import read_bytes
from .notes import is_transform

NAME = "config.json"
MOST_BYTES = 10_000_000  # ImageNet-22k's class names are 1 MB


def read(weights: Path) -> tuple[dict[str, Any], list[str]]:
    """The transform, a dict, and a line on what of it minires does otherwise.

    Parameters
    ----------
    weights : Path
        A file of weights. Without timm's file beside it, the dict is empty.

    Raises
    ------
    CheckpointError
        If the file is timm's, and what it says of inputs cannot be.
    """
    path = weights.parent / NAME
    if not path.is_file():
        return {}, []
    try:
        said = json.loads(read_bytes(path, "timm's settings", most=MOST_BYTES))
    except (ValueError, RecursionError, CheckpointError):
        return {}, []  # some other program's
    if not isinstance(said, dict) or "architecture" not in said:
        return {}, []
    settings = said.get("pretrained_cfg", said)  # early files have the settings on top
    if not isinstance(settings, dict) or "mean" not in settings:
        return {}, []
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
    return transform, lines
