"""What goes between the two processes: a line of JSON with its length, then the bytes of the arrays
in it.

Nothing is unpickled, so a submission can send numbers and text, and nothing that does something
when it is read.
"""

import json
import re
import struct
from collections.abc import Callable, Sequence
from math import prod
from typing import IO, Any

import numpy as np

from ...types import Array

LARGEST = 64 * 1024**2  # bytes of the arrays in one answer
NUMBERS = 8_000_000  # in its arrays: small ones grow when they are computed with
NODES = 200_000  # of its lists, and all that is in them
LONGEST = 4 * 1024**2  # bytes of its JSON, which takes much more memory than that when it is read
LONGEST_REQUEST = 16 * 1024**2  # the same where the grader wrote it: a cell is in it
LARGEST_FIGURE = 2_000_000  # bytes of a PNG
LONGEST_NUMBER = 4_400  # characters: Python reads numbers of 4,300 digits
DIMENSIONS = 32
MOST_KEYS = 1000  # of a dictionary, if they are no text
EXACT = 2**53  # whole numbers that every reader of JSON keeps exact
KINDS = "biufc"  # the dtypes of arrays that travel
_DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32))")


class WireError(Exception):
    """A message that is not one."""


class Room:
    """What one message may still hold."""

    def __init__(self) -> None:
        self.nodes, self.numbers, self.bytes = NODES, NUMBERS, LARGEST

    def node(self) -> None:
        """There is one more thing in it."""
        self.nodes -= 1
        if self.nodes < 0:
            raise WireError(f"more than {NODES:,} things at once")

    def array(self, shape: Sequence[int], itemsize: int) -> None:
        """There is one more array in it. One without numbers counts too: it has rows."""
        count = prod(max(1, length) for length in shape)
        self.numbers -= count
        self.bytes -= count * itemsize
        if self.numbers < 0 or self.bytes < 0:
            raise WireError(f"more than {NUMBERS:,} numbers or {LARGEST >> 20} MB at once")


def encode(value: Any, arrays: list[Array], handle: Callable[[Any], Any], room: Room) -> Any:
    """`value` as JSON can hold it; arrays are appended to `arrays`, and anything else becomes what
    `handle(value)` returns.
    """
    room.node()
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int and -EXACT < value < EXACT:
        return value  # most numbers are like that
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        return {"number": repr(value)}  # exact, with nan and inf
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in KINDS:
        room.array(value.shape, value.dtype.itemsize)
        arrays.append(np.asarray(value, order="C"))
        return {"array": len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [encode(item, arrays, handle, room) for item in value]}
    if type(value) is dict:
        return {
            "dict": [
                [encode(key, arrays, handle, room), encode(item, arrays, handle, room)]
                for key, item in value.items()
            ]
        }
    if isinstance(value, np.random.Generator):
        return {"random": value.bit_generator.state}
    return handle(value)


def decode(value: Any, arrays: list[Array], handle: Callable[[Any], Any], room: Room) -> Any:
    """The reverse of `encode`; `handle` is given what it returned."""
    room.node()
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int and -EXACT < value < EXACT:
        return value
    if not isinstance(value, dict):
        raise WireError(f"{type(value).__name__} where a value should be")
    if "number" in value:
        text = value["number"]
        if len(text) > LONGEST_NUMBER:
            raise WireError(f"a number of {len(text)} characters")
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if "array" in value:
        array = arrays[value["array"]]
        room.array(array.shape, array.itemsize)  # each time: it may be copied each time
        return array if not value.get("scalar") else array[()]
    for kind in (list, tuple):
        if kind.__name__ in value:
            return kind(decode(item, arrays, handle, room) for item in value[kind.__name__])
    if "dict" in value:
        return _dictionary(value["dict"], arrays, handle, room)
    if "random" in value:
        rng = np.random.default_rng()
        rng.bit_generator.state = value["random"]
        return rng
    return handle(value)


def _dictionary(items, arrays, handle, room):
    """With few keys, or keys of text, which Python hashes with a secret. Numbers can be chosen so
    that all have the same hash, and then each key is compared with all before it.
    """
    found = {}
    for key, item in items:
        decoded = decode(key, arrays, handle, room)
        if len(found) >= MOST_KEYS and not isinstance(decoded, str):
            raise WireError(f"a dictionary of more than {MOST_KEYS:,} keys that are no text")
        found[decoded] = decode(item, arrays, handle, room)
    return found


def send(
    stream: IO[bytes], message: Any, handle: Callable[[Any], Any], longest: int = LONGEST
) -> None:
    """Write a message, the JSON of which has no more than `longest` bytes.

    Raises
    ------
    WireError
        If it holds more than one may. Nothing is written then.
    """
    arrays: list[Array] = []
    body = encode(message, arrays, handle, Room())
    header = json.dumps(
        {"body": body, "arrays": [[array.dtype.str, list(array.shape)] for array in arrays]}
    ).encode()
    if len(header) > longest:
        raise WireError(f"more than {longest >> 20} MB of text at once")
    stream.write(struct.pack("<Q", len(header)))
    stream.write(header)
    for array in arrays:
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes], handle: Callable[[Any], Any], longest: int = LONGEST) -> Any:
    """Read a message.

    Parameters
    ----------
    stream : file
    handle : callable
        See `decode`.
    longest : int
        Bytes of its JSON.

    Raises
    ------
    EOFError
        If the other side is gone.
    WireError
        If what came is no message, or is too large.
    """
    try:
        length = struct.unpack("<Q", _exactly(stream, 8))[0]
        if length > longest:
            raise WireError(f"a message of {length} bytes")
        header = json.loads(_exactly(stream, length))
        arrays, room = [], Room()
        for text, shape in header["arrays"]:
            dtype = _dtype(text, shape)
            room.node()
            room.array(shape, dtype.itemsize)
            data = _exactly(stream, prod(shape) * dtype.itemsize)
            arrays.append(np.frombuffer(data, dtype).reshape(shape).copy())
        return decode(header["body"], arrays, handle, Room())
    except (EOFError, WireError):
        raise
    except Exception as error:  # whatever a message that was made up leads to
        raise WireError(f"not a message: {str(error)[:200]}") from error


def _dtype(text, shape):
    """The dtype of an array; it and the shape are looked at before anything is computed of them."""
    if not (isinstance(text, str) and len(text) <= 4 and _DTYPE.fullmatch(text)):
        raise WireError("an array of an unknown dtype")
    if not (
        isinstance(shape, list)
        and len(shape) <= DIMENSIONS
        and all(type(length) is int and 0 <= length < 2**31 for length in shape)
    ):
        raise WireError("an array of no possible shape")
    return np.dtype(text)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    parts, left = [], size
    while left:
        part = stream.read(min(left, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
