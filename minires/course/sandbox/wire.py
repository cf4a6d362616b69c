"""Messages between the two processes: the length of a JSON header, the header, and the bytes of
arrays.

Nothing is unpickled: a submission can send numbers and text, but nothing that runs code when it is
read.
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
NUMBERS = 8_000_000  # in its arrays: results of computing with small dtypes take more bytes
NODES = 200_000  # lists and all things in them
LONGEST = 4 * 1024**2  # bytes of its JSON, which takes much more memory once it is parsed
LONGEST_REQUEST = 16 * 1024**2  # the same for requests of the grader, which hold cells
LARGEST_FIGURE = 2_000_000  # bytes of a PNG
LONGEST_NUMBER = 4_400  # characters: Python parses whole numbers of up to 4,300 digits
DIMENSIONS = 32
MOST_KEYS = 1000  # keys of a dictionary that are no text
EXACT = 2**53  # whole numbers below this survive every JSON parser
KINDS = "biufc"  # kinds of dtypes that arrays may have
_DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32))")


class WireError(Exception):
    """Something that is no valid message, or too large for one."""


class Budget:
    """How much one message may still hold."""

    def __init__(self) -> None:
        self.nodes, self.numbers, self.bytes = NODES, NUMBERS, LARGEST

    def node(self) -> None:
        """Count one more thing."""
        self.nodes -= 1
        if self.nodes < 0:
            raise WireError(f"more than {NODES:,} things at once")

    def array(self, shape: Sequence[int], itemsize: int) -> None:
        """Count one more array. An axis of length 0 counts as 1, because an empty array can have
        many rows.
        """
        count = prod(max(1, length) for length in shape)
        self.numbers -= count
        self.bytes -= count * itemsize
        if self.numbers < 0 or self.bytes < 0:
            raise WireError(f"more than {NUMBERS:,} numbers or {LARGEST >> 20} MB at once")


def encode(value: Any, arrays: list[Array], handle: Callable[[Any], Any], budget: Budget) -> Any:
    """Turn a value into JSON; arrays are appended to `arrays`, and `handle` turns other things into
    references.
    """
    budget.node()
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int and -EXACT < value < EXACT:
        return value  # the most frequent case
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        return {"number": repr(value)}  # exact, also for nan and inf
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in KINDS:
        budget.array(value.shape, value.dtype.itemsize)
        arrays.append(np.asarray(value, order="C"))
        return {"array": len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [encode(item, arrays, handle, budget) for item in value]}
    if type(value) is dict:
        return {
            "dict": [
                [encode(key, arrays, handle, budget), encode(item, arrays, handle, budget)]
                for key, item in value.items()
            ]
        }
    if isinstance(value, np.random.Generator):
        return {"random": value.bit_generator.state}
    return handle(value)


def decode(value: Any, arrays: list[Array], handle: Callable[[Any], Any], budget: Budget) -> Any:
    """The reverse of `encode`: here `handle` turns references into things."""
    budget.node()
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
        budget.array(array.shape, array.itemsize)  # for each mention, since each may be copied
        return array if not value.get("scalar") else array[()]
    for kind in (list, tuple):
        if kind.__name__ in value:
            return kind(decode(item, arrays, handle, budget) for item in value[kind.__name__])
    if "dict" in value:
        return _dictionary(value["dict"], arrays, handle, budget)
    if "random" in value:
        rng = np.random.default_rng()
        rng.bit_generator.state = value["random"]
        return rng
    return handle(value)


def _dictionary(items, arrays, handle, budget):
    """A dict with few keys, or with keys of text.

    Python hashes text with a secret. Numbers could be chosen so that all have the same hash, and
    then each key would be compared with all before it.
    """
    found = {}
    for key, item in items:
        decoded = decode(key, arrays, handle, budget)
        if len(found) >= MOST_KEYS and not isinstance(decoded, str):
            raise WireError(f"a dictionary of more than {MOST_KEYS:,} keys that are no text")
        found[decoded] = decode(item, arrays, handle, budget)
    return found


def send(
    stream: IO[bytes], message: Any, handle: Callable[[Any], Any], longest: int = LONGEST
) -> None:
    """Write a message, whose JSON may have `longest` bytes.

    Raises
    ------
    WireError
        If it is too large. Nothing is written then.
    """
    arrays: list[Array] = []
    body = encode(message, arrays, handle, Budget())
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
        The most bytes that its JSON may have.

    Raises
    ------
    EOFError
        If the other side is gone.
    WireError
        If the bytes are no message, or the message is too large.
    """
    try:
        length = struct.unpack("<Q", _exactly(stream, 8))[0]
        if length > longest:
            raise WireError(f"a message of {length} bytes")
        header = json.loads(_exactly(stream, length))
        arrays, budget = [], Budget()
        for text, shape in header["arrays"]:
            dtype = _dtype(text, shape)
            budget.node()
            budget.array(shape, dtype.itemsize)
            data = _exactly(stream, prod(shape) * dtype.itemsize)
            arrays.append(np.frombuffer(data, dtype).reshape(shape).copy())
        return decode(header["body"], arrays, handle, Budget())
    except (EOFError, WireError):
        raise
    except Exception as error:  # a forged message can lead to any error
        raise WireError(f"not a message: {str(error)[:200]}") from error


def _dtype(text, shape):
    """The dtype of an array. Both dtype and shape are checked before anything is computed with
    them.
    """
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
