"""Read NumPy's own files of several arrays (.npz), a zip of a .npy file for each."""

import io
import math
import zipfile

import numpy as np

from ..errors import CheckpointError
from ..types import Array

MOST_EXPANSION = 8  # times the size of the file, for all arrays: zeros can be packed very small


def is_npz(content: bytes) -> bool:
    """Whether the bytes of a file are those of a zip that holds .npy files and nothing else."""
    if not content.startswith(b"PK"):
        return False
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def decode(content: bytes, where: str) -> dict[str, Array]:
    """The arrays in the bytes of a file, by name.

    Raises
    ------
    CheckpointError
        If the file is damaged, holds objects instead of numbers, or far more than its size.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        left, found = MOST_EXPANSION * len(content), {}
        for member in archive.infolist():
            left -= member.file_size
            if left < 0:
                raise ValueError(f"more than {MOST_EXPANSION} times its size in it")
            with archive.open(member) as file:
                found[member.filename.removesuffix(".npy")] = _array(file.read(member.file_size))
        return found
    except Exception as error:  # a damaged zip can fail in a dozen ways
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise CheckpointError(
            where, "not a whole .npz file", "arrays saved by numpy.savez", reason
        ) from error


def _array(content):
    """The array in the bytes of a .npy file, whose header is not believed."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, is_fortran, dtype = read(file)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise ValueError(f"an array of {dtype}")
    rest = content[file.tell() :]
    if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError(f"an array of shape {shape} in {len(rest)} bytes")
    flat = np.frombuffer(rest, dtype).astype(dtype.newbyteorder("="))
    return flat.reshape(shape, order="F" if is_fortran else "C")
