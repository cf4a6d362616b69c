"""Weights that are split over several files, with an index that says what is where.

The index is JSON and lies in the same folder, as ``*.safetensors.index.json``, or for files of
``torch.save`` as ``*.bin.index.json``:

    {"weight_map": {"conv1.weight": "model-00001-of-00002.safetensors", ...}}
"""

import json
from pathlib import Path

from ..errors import CheckpointError
from ..names import shown
from ..types import Array
from . import safetensors, torch_pickle
from .files import read_bytes

SUFFIXES = (".safetensors.index.json", ".bin.index.json")
MOST_BYTES = 50_000_000  # of an index
INDEX = "an index of shards, as Hugging Face writes it"


def find_index(folder: Path) -> Path | None:
    """The index in a folder, if there is exactly one."""
    found = [sorted(folder.glob(f"*{suffix}")) for suffix in SUFFIXES]
    first = next(filter(None, found), [])  # of the same weights in both, safetensors
    return first[0] if len(first) == 1 else None


def read(path: Path) -> dict[str, Array]:
    """The arrays of all shards that the index `path` names.

    Raises
    ------
    CheckpointError
        If the index or a shard is missing or damaged, or an array is not where the index says.
    """
    where = str(path)
    try:
        index = json.loads(read_bytes(path, INDEX, most=MOST_BYTES))
        places = index["weight_map"]
        if not isinstance(places, dict) or not places:
            raise ValueError("no weight_map in it")
        for name in places.values():
            if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
                raise ValueError(f"no name of a file beside it: {shown(name)}")
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:150]
        raise CheckpointError(where, "not a whole index", INDEX, reason) from None
    arrays: dict[str, Array] = {}
    for name in dict.fromkeys(places.values()):
        shard = path.parent / name
        content = read_bytes(shard, "a shard of weights")
        if torch_pickle.is_torch_file(content):
            found = torch_pickle.decode(content, str(shard))
        else:
            found, _ = safetensors.decode(content, str(shard))
        arrays |= {key: array for key, array in found.items() if places.get(key) == name}
    missing = [name for name in places if name not in arrays]
    if missing:
        raise CheckpointError(
            where,
            "arrays that are in none of the shards",
            f"{len(places)} arrays",
            f"{len(missing)} are missing, {missing[0]} among them",
            "fetch the shards again",
        )
    return arrays
