"""Which file is meant where weights are named: the file itself, or the one in a folder."""

import re
from pathlib import Path

from ..errors import CheckpointError
from . import shards

SUFFIXES = (".safetensors", ".npz", ".h5", ".keras", ".pth", ".pt", ".th", ".bin", ".ckpt")
ADDRESS = re.compile("(https?|s3|gs|hf|ftp):/", re.IGNORECASE)
SHOWN = 3  # names in an error


def of(path: Path) -> Path:
    """The file `path`. Of a folder, such as that of a run or of a net on the Hugging Face hub, the
    index of its shards, or the one file of weights in it.

    Raises
    ------
    CheckpointError
        For a folder with no such file or several, or the address of a file on the web.
    """
    where = str(path)
    if ADDRESS.match(where):
        raise CheckpointError(
            where.replace(":/", "://", 1),  # as it was given, before it was taken for a path
            "cannot read",
            "a file on this machine",
            "the address of one",
            "download it first, with a browser or curl -LO",
        )
    try:
        if not path.is_dir():
            return path
        index = shards.find_index(path)
        if index is not None:
            return index
        files = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(where, "cannot read", "a file of weights", got) from None
    if len(files) == 1:
        return files[0]
    names = ", ".join(one.name for one in files[:SHOWN]) + ", ..." * (len(files) > SHOWN)
    raise CheckpointError(
        where,
        "cannot read",
        "a file of weights, or a folder with one in it",
        f"a folder with {len(files)}: {names}" if files else "a folder without one",
        "name one of them" if files else None,
    )
