"""What a file of weights says beside its arrays: class names, the transform for images, the net.

They are kept as one JSON text in the metadata of the file:

    {"classes": ["cat", ...],
     "transform": {"resize": 36, "crop": 32, "mean": [0.5, 0.5, 0.5], "std": [1, 1, 1]},
     "built": {"model": "resnet-20", "net": {"width": 8}},
     "zeros": "around", "stride_on": "1x1", "eps": 0.001, "momentum": 0.01}

The last line says what layers do beyond their weights, where that is not the usual.
Earlier versions of minires wrote "preparation" for "transform".
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..checks import is_integer, is_number
from ..errors import CheckpointError, ConfigError
from ..names import shown
from ..types import Array
from .old_names import with_current_names

ENTRIES = {"minires": "state", "torch": "minires"}  # layout -> name of the text in the metadata
LARGEST_PICTURE = 4096  # pixels on a side, of what a net is given
TRANSFORM = f"resize and crop in pixels (to {LARGEST_PICTURE}), mean and std of three numbers each"
#: What layers do beyond their weights: name -> what it can be, in a test and in words.
SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "zeros": (lambda value: value in ("after", "around"), "'after' or 'around'"),
    "stride_on": (lambda value: value in ("3x3", "1x1"), "'3x3' or '1x1'"),
    "eps": (lambda value: is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "momentum": (lambda value: is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
}
SIZES = (
    "width",
    "image_size",
    "num_classes",
    "groups",
    "width_per_group",
    "growth",
)  # settings of nets
MOST_DIGITS = 6  # of a depth
LONGEST_NAME = 100  # letters in the name of a net


def from_metadata(metadata: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """The notes, a dict, and the layout for which minires wrote them; None if another program
    wrote the file.
    """
    for layout, entry in ENTRIES.items():
        try:
            notes = json.loads(metadata[entry])
        except (KeyError, ValueError, RecursionError):  # another program's entry of that name
            continue
        if notes is None or isinstance(notes, dict):
            return notes or {}, layout
    return {}, None


def noted(
    classes: Sequence[str] | None,
    transform: dict[str, Any] | None,
    built: dict[str, Any] | None,
    num_classes: int | None,
) -> dict[str, Any]:
    """The notes to write about a net with so many classes (None if unknown), checked for `save`."""
    notes: dict[str, Any] = {}
    if classes is not None:
        if not _is_names(classes):
            raise ConfigError("save", "classes", "a list of texts", shown(classes))
        if num_classes not in (None, len(classes)):
            raise ConfigError(
                "save",
                "classes",
                f"{num_classes} names, one for each output of the net",
                str(len(classes)),
            )
        notes["classes"] = list(classes)
    if transform is not None:
        if not is_transform(transform):
            raise ConfigError("save", "transform", TRANSFORM, shown(transform))
        notes["transform"] = transform
    if built is not None:
        if not _is_built(built):
            raise ConfigError(
                "save",
                "built",
                'a dict of "model", a name, and "net", a dict of settings',
                shown(built),
            )
        notes["built"] = {"model": built["model"], "net": built["net"]}
    return notes


def classes_in(notes: dict[str, Any], where: str) -> list[str] | None:
    """The class names, a list of str, or None. Raises CheckpointError for anything else."""
    classes = notes.get("classes")
    if classes is not None and not (isinstance(classes, list) and _is_names(classes)):
        raise CheckpointError(
            where, "class names in the metadata", "a list of texts", shown(classes)
        )
    return classes


def settings_in(notes: dict[str, Any], where: str) -> dict[str, Any]:
    """What the layers of the net must be set to. Raises CheckpointError for nonsense."""
    found = {name: notes[name] for name in SETTINGS if name in notes}
    for name, value in found.items():
        possible, words = SETTINGS[name]
        if not possible(value):
            raise CheckpointError(where, f"{name} in the metadata", words, shown(value))
    return found


def transform_in(notes: dict[str, Any], where: str) -> dict[str, Any]:
    """The transform, a dict that may be empty. Raises CheckpointError for anything else."""
    transform = notes.get("transform", notes.get("preparation"))
    if transform is not None and not is_transform(transform):
        raise CheckpointError(where, "transform in the metadata", TRANSFORM, shown(transform))
    return transform or {}


def built_in(notes: dict[str, Any], arrays: Mapping[str, Array], where: str) -> dict[str, Any]:
    """The name of the net, "model", and its settings by today's names, "net"; {} without them.

    Raises
    ------
    CheckpointError
        If the net would be deeper or wider than the arrays are. It is built before its names are
        compared with theirs, so that a file of a few kB could ask for any amount of memory. Or if
        its seed is no seed.
    """
    built: Any = notes.get("built")
    if not _is_built(built):
        return {}
    settings = with_current_names(built["net"])
    depth = re.search("-([0-9]+)$", built["model"])
    if depth and (len(depth[1]) > MOST_DIGITS or int(depth[1]) > len(arrays)):
        raise _contradiction(where, built["model"], f"{len(arrays)} arrays")
    longest = max((size for array in arrays.values() for size in array.shape), default=0)
    first = arrays.get("conv1.weight", arrays.get("fc1.weight"))
    for name, value in settings.items():
        if name == "width" and first is not None and value != first.shape[-1]:
            got = f"a first layer of {first.shape[-1]} channels"
            raise _contradiction(where, f"{name} {shown(value)}", got)
        if name in SIZES and not is_integer(value, 1, longest):
            raise _contradiction(where, f"{name} {shown(value)}", f"axes of up to {longest}")
        if name == "seed" and not is_integer(value, 0):
            expected = "a whole number of at least 0"
            raise CheckpointError(where, "seed in the metadata", expected, shown(value))
    return {"model": built["model"], "net": settings}


def _contradiction(where: str, built: str, got: str) -> CheckpointError:
    what = f"the net in the metadata, {built}, is not that of the arrays"
    return CheckpointError(where, what, "as many layers, as large", got)


def _is_names(classes: Any) -> bool:
    return isinstance(classes, (list, tuple)) and all(isinstance(name, str) for name in classes)


def is_transform(transform: Any) -> bool:
    """Whether it is a dict of settings of `data.ImageTransform` that can be."""
    if not isinstance(transform, dict) or not transform.keys() <= {"resize", "crop", "mean", "std"}:
        return False
    sizes = [transform[name] for name in ("resize", "crop") if name in transform]
    colours = [transform[name] for name in ("mean", "std") if name in transform]
    return (
        all(is_integer(size, 1, LARGEST_PICTURE) for size in sizes)
        and all(map(_is_colour, colours))
        and all(value > 0 for value in transform.get("std", ()))
    )


def _is_colour(values: Any) -> bool:
    """Whether `values` are three numbers, for red, green and blue."""
    return (
        isinstance(values, (list, tuple, np.ndarray))
        and len(values) == 3
        and all(map(is_number, values))
    )


def _is_built(built: Any) -> bool:
    return (
        isinstance(built, dict)
        and isinstance(built.get("model"), str)
        and len(built["model"]) <= LONGEST_NAME
        and isinstance(built.get("net"), dict)
    )
