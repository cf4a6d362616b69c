"""Read the weights in PyTorch's files of 2016 and 2017, tar archives, without running anything.

Before version 0.2 ``torch.save`` wrote four files into a tar:

    storages   a number, then for each storage a pickle (key, device, type), 8 bytes with its
               length, its numbers; at the end a pickle with a list of (key, key of the whole,
               offset, length) of storages that are parts of others
    tensors    a number, then for each tensor a pickle (key, key of its storage, type), and in
               bytes the number of its axes, shape, strides, and where in the storage it begins
    pickle     the object; a tensor in it is a reference, the key as text
    sys_info   not needed
"""

import io
import struct
import tarfile
from typing import Any

import numpy as np

from ..types import Array
from . import safe_pickle
from .safetensors import from_bfloat16
from .torch_pickle import (
    BFLOAT16,
    EXPECTED,
    MOST_EXPANSION,
    STORAGE_NAMES,
    STORAGES,
    Storage,
    as_array,
    named_tensors,
    reading,
    unpickle_object,
)

TENSOR_NAMES = {("torch", f"{name}Tensor") for name in STORAGES}
MEMBERS = ("storages", "tensors", "pickle")


def is_torch_tar(content: bytes) -> bool:
    """Whether the bytes of a file are those of a tar that PyTorch wrote."""
    return content[257:262] == b"ustar" and _members(content) is not None


def decode(content: bytes, where: str, lines: list[str] | None = None) -> dict[str, Array]:
    """The arrays in the bytes of a file, under PyTorch's names and in its layout.

    Parameters, result and errors are those of `torch_pickle.decode`.
    """
    with reading(where):
        members: Any = _members(content)
        storages = _storages(_Reader(members["storages"], where))
        tensors = _tensors(_Reader(members["tensors"], where), storages, len(content))

        def refer(key):
            if not isinstance(key, str) or not key.isascii() or not key.isdigit():
                raise ValueError("a reference to something other than a tensor")
            return tensors[int(key)]

        found = unpickle_object(members["pickle"], where, refer)
        return named_tensors(found, where, lines)


def _members(content):
    """The bytes of the members that are needed, by name; None if they are not all there."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            found = {}
            for member in archive:
                # A sparse member could claim any size.
                if member.isreg() and not member.issparse() and member.name in MEMBERS:
                    file: Any = archive.extractfile(member)
                    found[member.name] = file.read()
            return found if len(found) == len(MEMBERS) else None
    except (tarfile.TarError, OSError, ValueError, EOFError):
        return None


class _Reader:
    """Pickles and numbers, one after the other."""

    def __init__(self, content, where):
        self.content, self.where, self.position = content, where, 0

    def pickle(self):
        """The next pickle: a number, or a tuple or list of numbers, texts and names of types."""
        found, length = safe_pickle.load(
            self.content[self.position : self.position + 4096],
            self.where,
            {},
            EXPECTED,
            names={*STORAGE_NAMES, *TENSOR_NAMES},
        )
        self.position += length
        return found

    def last_pickle(self):
        """As `pickle`, of any length."""
        found, _ = safe_pickle.load(self.content[self.position :], self.where, {}, EXPECTED)
        return found

    def bytes(self, count):
        found = self.content[self.position : self.position + count]
        if len(found) < count:
            raise ValueError("the file ends too early")
        self.position += count
        return found

    def numbers(self, count):
        return struct.unpack(f"<{count}q", self.bytes(8 * count))


def _storages(reader):
    found: dict[int, Storage] = {}
    for _ in range(_count(reader.pickle(), len(reader.content))):
        key, _, kind = reader.pickle()
        if type(key) is not int or kind not in STORAGE_NAMES:
            raise ValueError("a storage of no known type")
        (count,) = reader.numbers(1)
        dtype: Any = STORAGE_NAMES[kind]
        if not 0 <= count <= len(reader.content):
            raise ValueError("a storage larger than the file")
        data = reader.bytes(count * np.dtype(dtype).itemsize)
        numbers = np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).astype(dtype)
        found[key] = Storage(dtype, from_bfloat16(numbers) if dtype is BFLOAT16 else numbers)
    for key, whole, offset, size in reader.last_pickle():
        if not all(type(number) is int for number in (key, whole, offset, size)):
            raise ValueError("a part of a storage that is no part")
        numbers = found[whole].numbers
        if not 0 <= offset <= offset + size <= len(numbers):
            raise ValueError("a part of a storage that reaches beyond it")
        found[key] = Storage(found[whole].kind, numbers[offset : offset + size])
    return found


def _tensors(reader, storages, size):
    found, left = {}, MOST_EXPANSION * size
    for _ in range(_count(reader.pickle(), len(reader.content))):
        key, storage, kind = reader.pickle()
        if type(key) is not int or kind not in TENSOR_NAMES:
            raise ValueError("a tensor of no known type")
        (axes, _) = struct.unpack("<ii", reader.bytes(8))
        if not 0 <= axes <= 32:
            raise ValueError(f"a tensor of {axes} axes")
        shape, strides, (offset,) = reader.numbers(axes), reader.numbers(axes), reader.numbers(1)
        found[key] = as_array(storages[storage], offset, shape, strides)
        left -= found[key].nbytes
        if left < 0:
            raise ValueError("tensors that show the same numbers again and again")
    return found


def _count(number, most):
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError("a number of things that is none")
    return number
