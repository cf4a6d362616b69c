"""Read the pickled batches of CIFAR-10's Python archive without trusting them.

A pickle names the functions that rebuild its objects. For the functions that the official files
name there are stand-ins here, and no others are called. The stand-ins build only uint8 arrays, from
bytes that are in the file, so a short file cannot make a huge array either.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import DataError
from ...serialization import safe_pickle


class _PickledDtype(safe_pickle.StandIn):
    """Stands in for numpy.dtype; accepts only uint8, the dtype of CIFAR-10."""

    def __init__(self, code, align=False, copy=False):
        if code not in (b"u1", "u1"):
            raise ValueError("an array of another dtype than uint8")

    def set_state(self, state):
        pass  # byte order and the like, which do not matter for single bytes


class _PickledArray(safe_pickle.StandIn):
    """Stands in for an array under construction: NumPy pickles an empty one, then its state."""

    def __init__(self, array_type, shape, code):
        self.values = np.empty(0, np.uint8)

    def set_state(self, state):
        version, shape, dtype, column_major, content = state
        if not isinstance(dtype, _PickledDtype) or not isinstance(content, bytes):
            raise ValueError("an array that is not plain uint8")
        self.values = np.frombuffer(content, np.uint8).reshape(
            shape, order="F" if column_major else "C"
        )


def _encode(text, encoding):
    """Stands in for codecs.encode: in protocol 2, Python 3 writes each byte as one letter."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes in another encoding than Latin-1")
    return text.encode("latin-1")


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): _PickledArray,  # as NumPy 2 spells it
    ("numpy", "dtype"): _PickledDtype,
    ("_codecs", "encode"): _encode,
}
NAMES = {("numpy", "ndarray")}  # only ever an argument of _reconstruct


def load(content: bytes, where: str) -> dict[Any, Any]:
    """Unpickle one batch file.

    Parameters
    ----------
    content : bytes
        The whole file.
    where : str
        The file's name, for errors.

    Returns
    -------
    dict
        As the official files have it: keys are bytes, arrays are uint8.

    Raises
    ------
    DataError
        If the pickle is damaged, names a global that is not allowed, or does not hold a dict.
    """
    try:
        batch, _ = safe_pickle.load(
            content,
            where,
            FUNCTIONS,
            "only dicts, lists, text, numbers and uint8 arrays",
            names=NAMES,
            encoding="bytes",  # the official files come from Python 2
        )
    except DataError:
        raise
    except Exception as error:  # a damaged pickle can fail in a dozen ways: the file is at fault
        reason = " ".join(str(error).split())[:100]
        raise DataError(
            where,
            "damaged pickle",
            "a batch of CIFAR-10",
            reason or type(error).__name__,
            "fetch the file again",
        ) from error
    if not isinstance(batch, dict):
        raise DataError(
            where, "not a batch of CIFAR-10", "a pickled dict", f"a pickled {type(batch).__name__}"
        )
    return {
        key: value.values if isinstance(value, _PickledArray) else value
        for key, value in batch.items()
    }
