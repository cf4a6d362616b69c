"""Read the weights in PyTorch's own files (.pth, .pt, .bin) without running anything in them.

Such a file is a pickle of a dict, name -> tensor, and the numbers of the tensors ("storages").
Since PyTorch 1.6 it is a zip archive with ``data.pkl`` and a file for each storage. Before, it was
several pickles in a row with the storages behind them. Both are read.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import CheckpointError, DataError
from ..types import Array
from . import beside, safe_pickle
from .safetensors import from_bfloat16

ZIP = b"PK"  # how files of the newer kind begin
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))  # and those of the older kind
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
MOST_EXPANSION = 8  # times the size of the file, for all tensors: they may be views of one storage
STORAGE_NAMES = {("torch", f"{name}Storage"): dtype for name, dtype in STORAGES.items()}
# Where training programs keep the weights. An average of many steps is taken if it is alone.
AVERAGES = ("state_dict_ema", "ema_state_dict", "model_ema", "ema")
NESTED = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "params",
    "weights",
    *AVERAGES,
)
BESIDE = (bool, int, float, str, beside.Ignored)  # among the tensors: an epoch, a name
EXPECTED = "only dicts, lists, text, numbers and tensors of common types"
CONVERT = "open it in PyTorch and save it with safetensors.torch.save_file"


def _parameter(tensor, *_):
    if not isinstance(tensor, np.ndarray):
        raise ValueError("a parameter without a tensor")
    return tensor


def _dict(pairs=()):
    """What an OrderedDict is here: a dict, which keeps its order too."""
    return {safe_pickle.checked_key(key): value for key, value in pairs}


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("collections", "OrderedDict"): _dict,
    ("torch", "Size"): tuple,
    **beside.FUNCTIONS,
}


def is_torch_file(content: bytes) -> bool:
    """Whether the bytes of a file begin like those of one of PyTorch's.

    A safetensors file begins with the length of its header, in 8 bytes, which may look the same:
    640 looks like a pickle. But then the header itself begins, always with a brace.
    """
    return content[:2] in (ZIP, *PICKLES) and content[8:9] != b"{"


def decode(content: bytes, where: str, lines: list[str] | None = None) -> dict[str, Array]:
    """The arrays in the bytes of a file, under PyTorch's names and in its layout.

    Parameters
    ----------
    content : bytes
    where : str
        The file's name, for errors.
    lines : list of str, optional
        Gets a line if the file holds an average of the weights too.

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
    with reading(where):
        read = _read_zip if content.startswith(ZIP) else _read_pickles
        return named_tensors(read(content, where), where, lines)


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Within: what goes wrong in a damaged file, in one of a dozen ways, is a CheckpointError."""
    try:
        yield
    except (CheckpointError, DataError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:150]
        raise CheckpointError(
            where,
            "not a whole PyTorch file",
            "weights saved by torch.save",
            reason or type(error).__name__,
            "is it the right file? it may be truncated",
        ) from error


def named_tensors(found: Any, where: str, lines: list[str] | None = None) -> dict[str, Array]:
    """The dict of tensors in `found`, which may be one or hold one under one of the usual names.

    What training programs keep beside it, such as an optimiser and the epoch, is left out.

    Raises
    ------
    CheckpointError
        If there are no tensors, or there is more among them than numbers and texts.
    """
    entered: set[int] = set()  # a dict may hold itself
    while isinstance(found, dict) and id(found) not in entered:
        entered.add(id(found))
        keys = [key for key in NESTED if isinstance(found.get(key), dict) and found[key]]
        if not keys:
            break
        if len(keys) > 1 and keys[1] in AVERAGES and lines is not None:
            lines.append(f"the file holds an average of the weights too, {keys[1]!r}: left out")
        found = found[keys[0]]
    if not isinstance(found, dict):
        kind = f"a {type(found).__name__}"
    else:
        tensors = {str(name): one for name, one in found.items() if isinstance(one, np.ndarray)}
        others = [one for one in found.values() if not isinstance(one, np.ndarray)]
        if tensors and all(one is None or isinstance(one, BESIDE) for one in others):
            return tensors
        kind = "a dict with other things in it" if tensors else "a dict without tensors"
    raise CheckpointError(
        where, "no weights", "a dict of tensors, as state_dict() returns", kind, CONVERT
    )


@dataclass(frozen=True)
class Storage:
    """The numbers of one or more tensors. Only the reader makes it, never a pickle."""

    kind: Any  # the dtype in the file
    numbers: Array  # in one row; bfloat16 as float32


def _read_zip(content, where):
    """The object in a file of the newer kind, with arrays instead of tensors."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = {member.filename.split("/", 1)[-1]: member for member in archive.infolist()}
    if "data.pkl" not in members:
        raise CheckpointError(
            where,
            "a zip archive, but not one of PyTorch's",
            "data.pkl in it, as torch.save writes it",
            ", ".join(list(members)[:3]) or "nothing",
        )
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise ValueError("compressed members, which torch.save does not write")
    in_order = sorted(archive.infolist(), key=lambda member: member.header_offset)
    for one, following in pairwise(in_order):  # else a small file can hold any amount
        if one.header_offset + one.file_size > following.header_offset:
            raise ValueError(f"members of the archive overlap: {one.filename}")
    is_big_endian = "byteorder" in members and archive.read(members["byteorder"]) == b"big"
    storages = {}

    def storage(kind, key, count):
        if key not in storages:
            dtype = np.dtype(kind).newbyteorder(">" if is_big_endian else "<")
            if f"data/{key}" not in members:
                raise ValueError(f"no storage {key} in the archive")
            data = archive.read(members[f"data/{key}"])
            numbers = np.frombuffer(data, dtype, count).astype(dtype.newbyteorder("="))
            storages[key] = Storage(kind, from_bfloat16(numbers) if kind is BFLOAT16 else numbers)
        return storages[key]

    found, _ = _unpickle(archive.read(members["data.pkl"]), where, storage, len(content))
    return found


def _read_pickles(content, where):
    """The object in a file of the older kind, with arrays instead of tensors.

    Five pickles: a magic number, a version, facts about the machine, the object, the keys of the
    storages. Then come the storages in the order of the keys, each with its length in front.
    """
    start, pickles, storages = 0, [], {}
    left = len(content)  # bytes for storages

    def storage(kind, key, count):
        nonlocal left
        if key not in storages:
            left -= count * np.dtype(kind).itemsize
            if left < 0:
                raise ValueError(f"storages larger than the file of {len(content)} bytes")
            # Tensors become views of this array. The numbers follow in the file, and fill it below.
            numbers = np.zeros(count, np.float32 if kind is BFLOAT16 else kind)
            storages[key] = Storage(kind, numbers)
        return storages[key]

    for number in range(5):
        found, length = _unpickle(content[start:], where, storage, len(content))
        pickles.append(found)
        start += length
        if number == 0 and found != MAGIC:
            raise CheckpointError(
                where,
                "a pickle, but not one of PyTorch's",
                "weights saved by torch.save",
                f"one of a {type(found).__name__}",
            )
    keys = pickles[4]
    known = isinstance(keys, list) and all(type(key) in (str, int) for key in keys)
    if not known or sorted(map(str, keys)) != sorted(storages):
        raise ValueError("another list of storages than the tensors have")
    for key in map(str, keys):
        count = int.from_bytes(content[start : start + 8], "little")
        kind, array = storages[key].kind, storages[key].numbers
        if count != len(array):
            raise ValueError(f"storage {key} has {count} numbers, not {len(array)}")
        numbers = np.frombuffer(content, np.dtype(kind).newbyteorder("<"), count, start + 8)
        array[...] = from_bfloat16(numbers) if kind is BFLOAT16 else numbers
        start += 8 + numbers.nbytes
    return pickles[3]


def unpickle_object(content: bytes, where: str, refer: Callable[[Any], Any]) -> Any:
    """The object in a pickle whose tensors are references: ``refer(reference)`` is an array."""
    found, _ = safe_pickle.load(content, where, FUNCTIONS, EXPECTED, storage=refer, todo=CONVERT)
    return found


def _unpickle(content, where, storage, size):
    """The object in a pickle with arrays instead of tensors, and the length of the pickle.

    ``storage(dtype, key, count)`` returns the `Storage`; `size` is that of the file.
    """
    left = MOST_EXPANSION * size  # bytes for tensors

    def tensor(*arguments):
        nonlocal left
        array = as_array(*arguments)
        left -= array.nbytes
        if left < 0:
            raise CheckpointError(
                where,
                "tensors that show the same numbers again and again",
                f"at most {MOST_EXPANSION} times the size of the file",
                "more",
                "save copies of them: tensor.contiguous().clone()",
            )
        return array

    return safe_pickle.load(
        content,
        where,
        {
            ("torch._utils", "_rebuild_tensor_v2"): tensor,
            ("torch._utils", "_rebuild_tensor"): tensor,  # of PyTorch before 0.4
            **FUNCTIONS,
        },
        EXPECTED,
        names=STORAGE_NAMES,
        storage=lambda reference: _part(storage, *_checked_reference(reference)),
        todo=CONVERT,
    )


def _checked_reference(reference):
    """Dtype, key, count and part of PyTorch's ("storage", type, key, device, count).

    Before 0.4 a sixth entry followed: None, or (key, offset, count) of the part of that storage
    which is one of its own.
    """
    if not isinstance(reference, tuple) or len(reference) < 5 or reference[0] != "storage":
        raise ValueError("a reference to something other than a storage")
    _, kind, key, _, count, *view = reference
    if not isinstance(kind, safe_pickle.Global) or kind not in STORAGE_NAMES:
        raise ValueError("a storage of no known type")
    if type(count) is not int or count < 0 or not isinstance(key, (str, int)):
        raise ValueError("a storage of no known size")
    part = view[0] if view else None
    if part is not None:
        whole = isinstance(part, tuple) and len(part) == 3
        if not whole or not all(type(number) is int and number >= 0 for number in part[1:]):
            raise ValueError("a part of a storage that is not (key, offset, count)")
        part = part[1:]
    return STORAGE_NAMES[kind], str(key), count, part


def _part(storage, kind, key, count, part):
    """The `Storage`, or the part of it that a file from before PyTorch 0.4 names."""
    whole = storage(kind, key, count)
    if part is None:
        return whole
    offset, size = part
    if offset + size > len(whole.numbers):
        raise ValueError("a part of a storage that reaches beyond it")
    return Storage(kind, whole.numbers[offset : offset + size])


def as_array(
    storage: Any, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> Array:
    """A tensor as an array: a view of its storage. Raises ValueError if it reaches beyond that."""
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    numbers, shape, strides = storage.numbers, tuple(shape), tuple(strides)
    whole = all(type(number) is int and number >= 0 for number in (*shape, *strides, offset))
    if not whole or len(shape) != len(strides):
        raise ValueError("a tensor whose shape and strides are not whole numbers from 0")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides))
    if 0 not in shape and last >= len(numbers):
        raise ValueError(f"a tensor of shape {shape} that reaches beyond its storage")
    if 0 in shape:
        return np.zeros(shape, numbers.dtype)
    byte_strides = [step * numbers.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, byte_strides)
