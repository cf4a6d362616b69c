"""Files of named arrays: the weights of a net, or everything a training run needs to go on to the same bits.

They are safetensors files: plain arrays with names, readable by any framework, executing nothing when loaded. A
file is written beside its final place and moved there when complete, so that whatever interrupts, the old one or
the new one is whole.
"""

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from .. import backend
from ..errors import CheckpointError


def write(path, arrays, state=None, metadata=None):
    """Write `arrays` (name -> array) and `state` (anything JSON can hold) to `path`, whole or not at all.

    With `metadata` (texts by name) in place of a state, the file says nothing of minires.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    path = Path(path)
    if not path.name or os.path.isdir(path):
        raise CheckpointError(str(path), "cannot write", "the name of a file", "a folder")
    temporary = path.with_name(f".{os.getpid()}.part")
    on_cpu = {name: np.ascontiguousarray(backend.move(array, "cpu")) for name, array in arrays.items()}
    try:
        with open(temporary, "wb") as file:
            file.write(to_bytes(on_cpu, metadata or {"state": json.dumps(state)}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise CheckpointError(str(path), "cannot write", "a writable place with room for the file", error.strerror or str(error)) from None
    finally:
        with suppress(OSError):                # nothing was written where nothing can be
            temporary.unlink()


def read(path):
    """The (arrays, state) that `write` put into `path`; bfloat16 of other programs as float32. Raises CheckpointError if it is missing or damaged."""
    with _opened(path) as file:
        short = {name for name in file.keys() if file.get_slice(name).get_dtype() == "BF16"}
        shifted = _bfloat16(path, short) if short else {}
        arrays = {name: shifted[name] if name in short else file.get_tensor(name) for name in file.keys()}
        return arrays, json.loads((file.metadata() or {}).get("state", "null"))


def metadata(path):
    """The texts by name that a safetensors file holds beside its arrays. Raises CheckpointError as `read` does."""
    with _opened(path) as file:
        return file.metadata() or {}


def is_own(path):
    """Whether `write` wrote a safetensors file, and not another program."""
    return "state" in metadata(path)


def from_bfloat16(bits):
    """bfloat16 numbers, given as uint16, in float32: bfloat16 is its upper half, so nothing is rounded."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _bfloat16(path, names):
    """These arrays of a safetensors file, whose numbers safetensors does not hand to NumPy, which has no such type."""
    from safetensors import deserialize

    return {name: from_bfloat16(np.frombuffer(entry["data"], "<u2")).reshape(entry["shape"])
            for name, entry in deserialize(Path(path).read_bytes()) if name in names}


@contextmanager
def _opened(path):
    """A safetensors file to read from; what goes wrong within becomes a CheckpointError."""
    from safetensors import SafetensorError, safe_open

    if os.path.isdir(path):
        raise CheckpointError(str(path), "cannot read", "a .safetensors file", "a folder")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except FileNotFoundError:
        raise CheckpointError(str(path), "no such file", "a .safetensors file") from None
    except (TypeError, AttributeError) as error:                # NumPy has no float8
        raise CheckpointError(str(path), "numbers of a kind that NumPy has not", "float32, float64 or float16", str(error), "convert them first") from None
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(str(path), "not a whole safetensors file", "one written by minires or PyTorch", str(error),
                              "is it the right file? it may be truncated") from None
