"""Read the arrays of an HDF5 file (.h5) without trusting it.

HDF5 keeps arrays in folders within the file. h5py reads it, an extra of minires. A file can do more
than hold numbers, and only these are taken:

- A link can lead into another file on this machine, and an array can be kept in one. Neither is
  followed: what is read lies in the bytes of this file.
- A folder can hold itself. So there is a limit to how deep and how many they are.
- An array of any size can stand in a few bytes, never written or packed by gzip. All of them
  together are a few times the size of the file at most.
"""

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..errors import CheckpointError, ConfigError
from ..types import Array
from .safetensors import from_bfloat16

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_EXPANSION = 8  # times the size of the file, for all arrays
MOST_ENTRIES = 100_000  # a ResNet-152 has some 3,000
DEEPEST = 20  # folders within each other
WHOLE = "an .h5 file that Keras has written"


class Entry(NamedTuple):
    """An array of numbers, where it is in the file, and what its folder is called besides.

    Keras puts the name of a layer there: folders are called after the kind of layer.
    """

    path: tuple[str, ...]
    array: Array
    name: str | None


def read(content: bytes, where: str, skip: frozenset[str]) -> list[Entry]:
    """The arrays of floating-point numbers in the bytes of an HDF5 file; others are left out.

    Parameters
    ----------
    content : bytes
    where : str
        The file's name, for errors.
    skip : set of str
        Names of folders that are not looked into.

    Raises
    ------
    CheckpointError
        If the file is damaged, leads into other files, or holds far more than its size.
    ConfigError
        If h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ConfigError(
            where,
            "h5py, which reads Keras's files, is not installed",
            todo='pip install "minires[keras]"',
        ) from None
    found, left = [], MOST_EXPANSION * len(content)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            for path, one in _arrays(h5py, file, skip):
                if one.external or one.is_virtual:
                    raise ValueError(f"numbers of {path[-1]} that are in another file")
                left -= one.size * one.dtype.itemsize
                if left < 0:
                    raise ValueError(f"more than {MOST_EXPANSION} times its size in it")
                if (array := _numbers(one)) is not None:
                    found.append(Entry(path, array, _text(one.parent.attrs.get("name"))))
    except Exception as error:  # a damaged file can fail in a dozen ways
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise CheckpointError(
            where, "not a whole HDF5 file", WHOLE, reason, "it may be truncated: fetch it again"
        ) from error
    return found


def _arrays(h5py: Any, file: Any, skip: frozenset[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each array in a file, with its path. Folders within each other are not entered by calls."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), file)]
    count = 0
    while waiting:
        path, group = waiting.pop()
        for name in group:
            count += 1
            if count > MOST_ENTRIES or len(path) >= DEEPEST:
                raise ValueError("too many folders within each other")
            if name in skip:
                continue
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name} is a link, which may lead into another file")
            one = group[name]
            if isinstance(one, h5py.Group):
                waiting.append(((*path, name), one))
            elif isinstance(one, h5py.Dataset) and one.shape is not None:
                yield (*path, name), one


def _numbers(dataset: Any) -> Array | None:
    """The numbers as float32, float64 or float16; None for anything but floating point."""
    if _text(dataset.attrs.get("dtype")) == "bfloat16" and dataset.dtype.itemsize == 2:
        bits = np.ascontiguousarray(dataset[()]).reshape(-1).view("<u2")
        return from_bfloat16(bits.astype(np.uint16)).reshape(dataset.shape)
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8):
        return None
    return np.asarray(dataset[()], dataset.dtype.newbyteorder("="))


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None
