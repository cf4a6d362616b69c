"""Pictures that stay in their files: decoded whenever one is needed, with all their pixels.

The cache (`data.cache`) keeps a photograph of 4000 x 3000 pixels as 341 x 256. A random crop of a
twelfth of its area is then 98 pixels wide, and is blown up to 224: blurred. Cut from the original,
the same crop is 1,155 pixels wide, and is made smaller: sharp, as in the training of ImageNet's
nets. The price is a decoding for every picture in every epoch. Each process holds one picture at a
time, so memory does not grow with their number.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..types import Array, PathLike
from . import workers as processes
from .images import AGAIN, decode_quietly, size_of


class OriginalPictures:
    """Pictures of any size, by number, as `PictureCache` has them: ``pictures[i]`` is an array
    uint8 (H, W, 3).

    Parameters
    ----------
    paths : list of Path
    sizes : ndarray of int64, shape (N, 2)
        Height and width of each.

    Attributes
    ----------
    names : list of str
        The file of each.
    digests : list of str
        The same for files with the same bytes.
    damaged : dict
        File -> what is wrong with it, for each file that could not be read.
    """

    def __init__(
        self,
        paths: Sequence[PathLike],
        sizes: Array,
        digests: Sequence[str],
        damaged: Mapping[str, str] | None = None,
    ) -> None:
        self.names, self.sizes = [str(path) for path in paths], sizes
        self.digests, self.damaged = list(digests), dict(damaged or {})

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: int) -> Array:
        pixels = decode_quietly(self.names[i])
        if pixels.shape[:2] != tuple(self.sizes[i]):
            height, width = self.sizes[i]
            raise DataError(
                self.names[i],
                "the picture has changed since the run began",
                f"{width} x {height} pixels",
                f"{pixels.shape[1]} x {pixels.shape[0]}",
                "start again",
            )
        return pixels

    def some(self, indices: Array) -> "OriginalPictures":
        """Those at these positions: a process is sent what it works on, and no more."""
        return OriginalPictures(
            [self.names[i] for i in indices],
            self.sizes[indices],
            [self.digests[i] for i in indices],
        )


def original_pictures(
    paths: Sequence[Path], workers: int = 0, progress: bool = True
) -> OriginalPictures:
    """The pictures of these files. Each is decoded once now, JPEG at an eighth of its size: so
    that no run ends after hours at a damaged one.

    Files that cannot be read are not among them: see its `damaged`.

    Parameters
    ----------
    paths : list of Path
    workers : int
        Processes to read them with.
    progress : bool
        Show a progress bar, on a terminal.
    """
    from tqdm import tqdm

    readable: list[Path] = []
    sizes: list[tuple[int, int]] = []
    digests: list[str] = []
    unreadable: dict[str, str] = {}
    found = processes.in_order(workers, _size, ((path,) for path in paths))
    bar: Any = tqdm(
        found,
        total=len(paths),
        desc="looking at",
        unit="picture",
        disable=None if progress else True,
        dynamic_ncols=True,
    )
    with bar as results:
        for path, read in zip(paths, results, strict=True):
            if isinstance(read, str):
                unreadable[str(path)] = read
            else:
                height, width, digest = read
                readable.append(path)
                sizes.append((height, width))
                digests.append(digest)
    return OriginalPictures(readable, np.array(sizes, np.int64).reshape(-1, 2), digests, unreadable)


def _size(path):
    """Height and width of the upright picture in a file, and a digest of its bytes; or what is
    wrong with it.
    """
    try:
        height, width = size_of(path)
        with open(path, "rb") as file:
            return height, width, hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except (DataError, OSError) as error:
        return str(error).removeprefix(f"{path}: ").removesuffix(f"; {AGAIN}")
