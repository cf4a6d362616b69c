"""The same picture twice: in the training and in the test set, or in two classes.

A net that has seen a test picture in training knows it by heart, and its test error is too low. A
picture in two classes is wrong in one of them.

Two pictures are the same if their decoded pixels are, at the size at which the cache keeps them. So
a copy is found whatever its name, its date, its EXIF data or its format without loss; a copy that
was compressed anew, cut or scaled is not. The bytes of the files would miss more: phones and
programs write other EXIF data into each copy.
"""

import hashlib
import os
import warnings
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ..names import as_text
from ..types import Array, PathLike

EXAMPLES = 3


class DuplicatePictures(UserWarning):
    """The same picture stands in both sets, or in two classes."""


def digest(pixels: Array) -> str:
    """32 digits that stand for the size and the pixels of a picture, uint8 (H, W, 3)."""
    name = hashlib.blake2b(str(pixels.shape).encode(), digest_size=16)
    name.update(np.ascontiguousarray(pixels).data)
    return name.hexdigest()


def between(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """The positions of the same pictures: for each in `other` that is in `one` too, the first of
    them there, and its own position.
    """
    first: dict[str, int] = {}
    for i, its in enumerate(one):
        first.setdefault(its, i)
    return [(first[its], j) for j, its in enumerate(other) if its in first]


def under_two_labels(digests: Sequence[str], labels: Sequence[int]) -> list[tuple[int, int]]:
    """The positions of pictures that have two labels: the first of each, and one of another
    label.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for i, its in enumerate(digests):
        places[its].append(i)
    pairs = []
    for same in places.values():
        others = [i for i in same if labels[i] != labels[same[0]]]
        pairs += [(same[0], others[0])] if others else []
    return pairs


def tell(folder: PathLike, pairs: Sequence[tuple[str, str]], one: str, several: str) -> None:
    """Warn of pairs of files that hold the same picture, if there are any: how many, and examples.

    Parameters
    ----------
    folder : str or Path
        Names are given from here on.
    pairs : list of (str, str)
    one, several : str
        What they are: "a picture is in two classes", and "{} pictures are in two classes" with {}
        where the number goes.
    """
    if not pairs:
        return
    shown = [
        " = ".join(as_text(os.path.relpath(path, folder)) for path in pair)
        for pair in pairs[:EXAMPLES]
    ]
    more = f", and {len(pairs) - EXAMPLES:,} more" if len(pairs) > EXAMPLES else ""
    what = one if len(pairs) == 1 else several.format(f"{len(pairs):,}")
    warnings.warn(
        f"{as_text(folder)}: {what}: {', '.join(shown)}{more}",
        DuplicatePictures,
        stacklevel=4,
    )
