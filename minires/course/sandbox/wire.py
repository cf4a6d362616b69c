"""What goes between the two processes: a line of JSON with its length, then the bytes of the arrays
in it.

Nothing is unpickled, so a submission can send numbers and text, and nothing that does something
when it is read.
"""

import json
import struct
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from ...types import Array

LARGEST = 512 * 1024**2  # bytes of the arrays in one message
LONGEST = 16 * 1024**2  # bytes of its JSON, which takes much more memory than that when it is read
KINDS = "biufc"  # the dtypes of arrays that travel


class WireError(Exception):
    """A message that is not one."""


def encode(value: Any, arrays: list[Array], handle: Callable[[Any], Any]) -> Any:
    """`value` as JSON can hold it; arrays are appended to `arrays`, and anything else becomes what
    `handle(value)` returns.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        return {"number": repr(value)}  # exact, with nan and inf
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in KINDS:
        arrays.append(np.asarray(value, order="C"))
        return {"array": len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [encode(item, arrays, handle) for item in value]}
    if type(value) is dict:
        return {
            "dict": [
                [encode(key, arrays, handle), encode(item, arrays, handle)]
                for key, item in value.items()
            ]
        }
    if isinstance(value, np.random.Generator):
        return {"random": value.bit_generator.state}
    return handle(value)


def decode(value: Any, arrays: list[Array], handle: Callable[[Any], Any]) -> Any:
    """The reverse of `encode`; `handle` is given what it returned."""
    if not isinstance(value, dict):
        return value
    if "number" in value:
        text = value["number"]
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if "array" in value:
        return arrays[value["array"]] if not value.get("scalar") else arrays[value["array"]][()]
    for kind in (list, tuple):
        if kind.__name__ in value:
            return kind(decode(item, arrays, handle) for item in value[kind.__name__])
    if "dict" in value:
        return {
            decode(key, arrays, handle): decode(item, arrays, handle) for key, item in value["dict"]
        }
    if "random" in value:
        rng = np.random.default_rng()
        rng.bit_generator.state = value["random"]
        return rng
    return handle(value)


def send(stream: IO[bytes], message: Any, handle: Callable[[Any], Any]) -> None:
    """Write a message."""
    arrays: list[Array] = []
    body = encode(message, arrays, handle)
    header = json.dumps(
        {"body": body, "arrays": [[array.dtype.str, list(array.shape)] for array in arrays]}
    ).encode()
    stream.write(struct.pack("<Q", len(header)))
    stream.write(header)
    for array in arrays:
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes], handle: Callable[[Any], Any]) -> Any:
    """Read a message.

    Raises
    ------
    EOFError
        If the other side is gone.
    WireError
        If what came is no message, or is too large.
    """
    try:
        length = struct.unpack("<Q", _exactly(stream, 8))[0]
        if length > LONGEST:
            raise WireError(f"a message of {length} bytes")
        header = json.loads(_exactly(stream, length))
        arrays, left = [], LARGEST
        for text, shape in header["arrays"]:
            dtype = np.dtype(text)
            size = dtype.itemsize * int(np.prod(shape, dtype=object)) if shape else dtype.itemsize
            left -= size
            if dtype.kind not in KINDS or size < 0 or left < 0:
                raise WireError(f"an array of {size} bytes of {dtype}")
            arrays.append(np.frombuffer(_exactly(stream, size), dtype).reshape(shape).copy())
        return decode(header["body"], arrays, handle)
    except (EOFError, WireError):
        raise
    except Exception as error:  # whatever a message that was made up leads to
        raise WireError(f"not a message: {error}") from error


def _exactly(stream: IO[bytes], size: int) -> bytes:
    parts, left = [], size
    while left:
        part = stream.read(min(left, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
