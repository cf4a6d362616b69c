"""A digest of a file's content, so that reading it finds damage that leaves its form whole.

The format of safetensors has no check of its own: a flipped bit in a weight is another weight.
minires's own files hold, beside their state, the SHA-256 of the arrays and the state.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import CheckpointError
from ..types import Array

KEY = "digest"  # its name in the state


def digest(arrays: Mapping[str, Array], text: str) -> str:
    """SHA-256 of the arrays, with their names, types and shapes, and of a text, in hexadecimal."""
    found = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        found.update(f"\n{name} {array.dtype.name} {array.shape}\n".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def check(expected: Any, arrays: Mapping[str, Array], text: str, where: str) -> None:
    """Raise CheckpointError, for the file `where`, if arrays and text have another digest."""
    if digest(arrays, text) != expected:
        raise CheckpointError(
            where,
            "damaged or edited since it was written",
            "the numbers and the state that its digest belongs to",
            "others",
            "take another copy, or train again",
        )
