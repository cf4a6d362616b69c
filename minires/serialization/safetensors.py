"""Safetensors files: named arrays, and a few texts ("metadata") beside them.

Any framework can read them, and reading one runs nothing. minires keeps weights in them, and
everything that a training run needs to go on to the same bits. The format: 8 bytes that give the
length of the header, the header in JSON, the numbers (https://github.com/huggingface/safetensors).
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import backend
from ..errors import CheckpointError
from ..names import expanded
from ..types import Array, PathLike
from . import digest
from .file_kinds import EXPECTED, recognise
from .files import read_bytes, write_bytes

BFLOAT16 = "BF16"
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    BFLOAT16: "<u2",
    "C64": "<c8",
    "BOOL": "?",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
}


def write(
    path: PathLike,
    arrays: Mapping[str, Array],
    state: Any = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write arrays and a state to the file `path`, whole or not at all.

    Parameters
    ----------
    path : str or Path
    arrays : dict
        Name -> array, on the CPU or the GPU.
    state : object
        Anything JSON can hold, numbers of NumPy included. A dict is written with a digest of itself
        and the arrays, which `check_digest` looks at when the file is read.
    metadata : dict, optional
        Texts by name, to be written instead of the state.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    on_cpu = {
        name: np.asarray(backend.move(array, "cpu"), order="C") for name, array in arrays.items()
    }
    if metadata is None:
        text = to_json(state)
        if isinstance(state, dict):
            text = to_json({**state, digest.KEY: digest.digest(on_cpu, text)})
        metadata = {"state": text}
    write_bytes(expanded(path), to_bytes(on_cpu, metadata))


def read(path: PathLike) -> tuple[dict[str, Array], Any]:
    """The arrays (a dict) and the state that `write` put into the file `path`.

    The state is None in a file from another program. bfloat16 arrays come as float32.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged, or holds numbers of a type that NumPy does not have.
    """
    path = expanded(path)
    where = str(path)
    arrays, metadata = decode(read_bytes(path, "a .safetensors file"), where)
    try:
        state = json.loads(metadata.get("state", "null"))
    except (ValueError, RecursionError) as error:
        raise _damaged(where, error) from None
    return arrays, check_digest(arrays, state, where)


def check_digest(arrays: Mapping[str, Array], state: Any, where: str) -> Any:
    """The state without its digest.

    Files of earlier versions, and those of other programs, have none.

    Raises
    ------
    CheckpointError
        If arrays and state differ from what was written.
    """
    if isinstance(state, dict) and digest.KEY in state:
        state = dict(state)
        expected = state.pop(digest.KEY)
        try:
            text = to_json(state)
        except RecursionError as error:
            raise _damaged(where, error) from None
        digest.check(expected, arrays, text, where)
    return state


def decode(content: bytes, where: str) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the metadata in the bytes of a safetensors file.

    Parameters
    ----------
    content : bytes
    where : str
        The file's name, for errors.

    Returns
    -------
    arrays, metadata : dict
        Name -> array, bfloat16 as float32; name -> text.

    Raises
    ------
    CheckpointError
        As `read`.
    """
    from safetensors import SafetensorError, deserialize

    try:
        entries = deserialize(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        arrays = {name: _array(name, entry, where) for name, entry in entries}
    except (SafetensorError, ValueError, OverflowError, RecursionError) as error:
        raise _damaged(
            where, error, content
        ) from None  # NumPy has no array of 70 axes, or 2^63 long
    return arrays, header.get("__metadata__") or {}


def to_json(state: Any) -> str:
    """JSON text of plain values and NumPy's numbers and arrays."""

    def plain(value):
        if isinstance(value, (np.generic, np.ndarray)):
            return value.tolist()
        raise TypeError(f"a {type(value).__name__} cannot be written as JSON")

    return json.dumps(state, default=plain)


def from_bfloat16(bits: Array) -> Array:
    """bfloat16 numbers, given as uint16, in float32.

    bfloat16 is the upper half of float32, so nothing is rounded.
    """
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _array(name: str, entry: dict[str, Any], where: str) -> Array:
    dtype = DTYPES.get(entry["dtype"])
    if dtype is None:
        raise CheckpointError(
            where,
            f"{name[:80]} holds numbers of a type that NumPy does not have",
            "float32, float64, float16 or bfloat16",
            entry["dtype"],
            "convert it first",
        )
    numbers = np.frombuffer(entry["data"], dtype)
    if entry["dtype"] == BFLOAT16:
        numbers = from_bfloat16(numbers)
    return numbers.reshape(entry["shape"])


def _damaged(where: str, error: Exception, content: bytes | None = None) -> CheckpointError:
    found = None if content is None else recognise(content)
    if found:
        return CheckpointError(where, "no weights", EXPECTED, found.what, found.todo)
    return CheckpointError(
        where,
        "not a whole safetensors file",
        "one written by minires or PyTorch",
        str(error)[:150],
        "is it the right file? it may be truncated",
    )
