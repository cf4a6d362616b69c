"""Read the weights in PyTorch's own files (.pth, .pt, .bin) without running anything in them.

Such a file is a pickle of a dict, name -> tensor, and the numbers of the tensors ("storages").
Since PyTorch 1.6 it is a zip archive with ``data.pkl`` and a file for each storage. Before, it was
several pickles in a row with the storages behind them. Both are read.
"""

import io
import pickletools
import zipfile
from collections import OrderedDict

import numpy as np

from ..errors import CheckpointError, DataError
from ..types import Array
from .safe_pickle import Unpickler, check_instructions
from .safetensors import from_bfloat16

ZIP, PICKLE = b"PK", b"\x80\x02"  # how files of the newer and of the older kind begin
MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle in a file of the older kind
BFLOAT16 = np.uint16  # its bits: NumPy has no bfloat16, PyTorch no storage of uint16
STORAGES = {
    "Float": np.float32,
    "Double": np.float64,
    "Half": np.float16,
    "BFloat16": BFLOAT16,
    "Long": np.int64,
    "Int": np.int32,
    "Short": np.int16,
    "Char": np.int8,
    "Byte": np.uint8,
    "Bool": np.bool_,
}
EXPECTED = "only dicts, lists, text, numbers and tensors of common types"
CONVERT = "open it in PyTorch and save it with safetensors.torch.save_file"


def is_torch_file(content: bytes) -> bool:
    """Whether the bytes of a file begin like those of one of PyTorch's.

    A safetensors file begins with the length of its header, in 8 bytes, which may look the same:
    640 looks like a pickle. But then the header itself begins, always with a brace.
    """
    return content[:2] in (ZIP, PICKLE) and content[8:9] != b"{"


def decode(content: bytes, where: str) -> dict[str, Array]:
    """The arrays in the bytes of a file, under PyTorch's names and in its layout.

    Parameters
    ----------
    content : bytes
    where : str
        The file's name, for errors.

    Returns
    -------
    dict
        Name -> array; bfloat16 as float32.

    Raises
    ------
    CheckpointError
        If the file is damaged, or holds something other than named tensors.
    DataError
        If it wants to call a function that is not needed for tensors.
    """
    try:
        read = _read_zip if content.startswith(ZIP) else _read_pickles
        return _tensors(read(content, where), where)
    except (CheckpointError, DataError):
        raise
    except Exception as error:  # a damaged file can fail in a dozen ways
        reason = " ".join(str(error).split())[:150]
        raise CheckpointError(
            where,
            "not a whole PyTorch file",
            "weights saved by torch.save",
            reason or type(error).__name__,
            "is it the right file? it may be truncated",
        ) from error


def _tensors(found, where):
    """The dict of tensors in `found`, which may be one or hold one under one of the usual names."""
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        kind = f"a {type(found).__name__}"
    elif not all(isinstance(value, np.ndarray) for value in found.values()):
        kind = "a dict with other things in it"
    else:
        return {str(name): value for name, value in found.items()}
    raise CheckpointError(
        where, "no weights", "a dict of tensors, as state_dict() returns", kind, CONVERT
    )


def _read_zip(content, where):
    """The object in a file of the newer kind, with arrays instead of tensors."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = {member.filename.split("/", 1)[-1]: member for member in archive.infolist()}
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise ValueError("compressed members, which torch.save does not write")
    is_big_endian = "byteorder" in members and archive.read(members["byteorder"]) == b"big"
    storages = {}

    def storage(kind, key, count):
        if key not in storages:
            dtype = np.dtype(kind).newbyteorder(">" if is_big_endian else "<")
            data = archive.read(members[f"data/{key}"])
            numbers = np.frombuffer(data, dtype, count).astype(dtype.newbyteorder("="))
            storages[key] = from_bfloat16(numbers) if kind is BFLOAT16 else numbers
        return storages[key]

    pickled = archive.read(members["data.pkl"])
    check_instructions(pickled)
    return _unpickler(pickled, where, storage).load()


def _read_pickles(content, where):
    """The object in a file of the older kind, with arrays instead of tensors.

    Five pickles: a magic number, a version, facts about the machine, the object, the keys of the
    storages. Then come the storages in the order of the keys, each with its length in front.
    """
    start, pickles, storages, kinds = 0, [], {}, {}

    def storage(kind, key, count):
        if key not in storages:
            if count * np.dtype(kind).itemsize > len(content):
                raise ValueError(f"a storage of {count} numbers in a file of {len(content)} bytes")
            kinds[key] = kind
            # Tensors become views of this array. The numbers follow in the file, and fill it below.
            storages[key] = np.zeros(count, np.float32 if kind is BFLOAT16 else kind)
        return storages[key]

    for number in range(5):
        rest = content[start:]
        *_, (_, _, end) = pickletools.genops(rest)
        check_instructions(rest[: end + 1])
        pickles.append(_unpickler(rest[: end + 1], where, storage).load())
        start += end + 1
        if number == 0 and pickles[0] != MAGIC:
            raise ValueError("no magic number")
    for key in pickles[4]:
        count = int.from_bytes(content[start : start + 8], "little")
        array = storages[key]
        if count != len(array):
            raise ValueError(f"storage {key} has {count} numbers, not {len(array)}")
        numbers = np.frombuffer(content, np.dtype(kinds[key]).newbyteorder("<"), count, start + 8)
        array[...] = from_bfloat16(numbers) if kinds[key] is BFLOAT16 else numbers
        start += 8 + numbers.nbytes
    return pickles[3]


def _unpickler(content, where, storage):
    """An unpickler that makes arrays; ``storage(dtype, key, count)`` returns their numbers."""
    allowed = {("torch", f"{name}Storage"): dtype for name, dtype in STORAGES.items()} | {
        ("torch._utils", "_rebuild_tensor_v2"): _as_array,
        ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "Size"): tuple,
    }
    unpickler = _TensorUnpickler(content, where, allowed, EXPECTED, CONVERT, encoding="utf-8")
    unpickler.storage = storage
    return unpickler


class _TensorUnpickler(Unpickler):
    """PyTorch's pickles refer to storages as ("storage", type, key, device, count)."""

    def persistent_load(self, reference):
        """The storage that such a tuple stands for."""
        if (
            not isinstance(reference, tuple)
            or len(reference) < 5
            or reference[0] != "storage"
            or reference[1] not in STORAGES.values()
        ):
            raise ValueError("a reference to something other than a storage")
        _, kind, key, _, count, *_ = reference
        return self.storage(kind, str(key), int(count))


def _as_array(numbers, offset, shape, strides, *_):
    """A tensor as an array: a view of its storage. Raises ValueError if it reaches beyond that."""
    shape, strides = tuple(map(int, shape)), tuple(map(int, strides))
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides))
    if (
        len(shape) != len(strides)
        or min((*shape, *strides, offset), default=0) < 0
        or (0 not in shape and last >= len(numbers))
    ):
        raise ValueError(f"a tensor of shape {shape} that reaches beyond its storage")
    if 0 in shape:
        return np.zeros(shape, numbers.dtype)
    byte_strides = [step * numbers.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, byte_strides)
