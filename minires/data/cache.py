"""Pictures kept on disk as they are needed: decoded, and no larger than that.

Decoding a photograph of 12 million pixels takes a tenth of a second, again in every epoch. So each
is decoded once, made smaller so that its shorter side has as many pixels as the nets look at, and
put after the others into one file, which is read as if it were an array in memory. A picture takes
about 260 kB at 256 pixels.

Pictures that cannot be decoded are left out, and the index says why. The caller decides whether a
run goes on without them. `cache_store` looks after all caches together, and their size.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import is_integer
from ..errors import DataError
from ..names import expanded
from ..serialization.files import Lock
from ..types import Array, PathLike
from . import cache_store, damaged, duplicates
from . import workers as processes
from .cache_store import INDEX, PIXELS
from .images import AGAIN, MOST_PIXELS, decode_quietly
from .transforms import resize_shorter


class PictureCache:
    """Pictures of any size, by number: ``cache[i]`` is an array uint8 (H, W, 3), a view of the
    file.

    Parameters
    ----------
    folder : Path
        Of a cache made by `cached`.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If there is no whole cache in the folder.

    Attributes
    ----------
    names : list of str
        The file that each was read from.
    sizes : ndarray of int64, shape (N, 2)
        Height and width of each.
    digests : list of str
        The same for the same pixels (`duplicates.digest`).
    damaged : dict
        File -> what is wrong with it, for each file that could not be read.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = expanded(folder)
        index = json.loads((self.folder / INDEX).read_bytes())
        self.fingerprint, self.names, sizes, self.digests, self.damaged = (
            index[name] for name in ("fingerprint", "names", "sizes", "digests", "damaged")
        )
        if not _is_index(self.names, sizes, self.digests, self.damaged):
            raise ValueError(f"{self.folder / INDEX} is damaged")
        self.sizes = np.array(sizes, np.int64).reshape(-1, 2)
        self._ends = np.cumsum(3 * self.sizes.prod(axis=1))
        self._pixels = np.memmap(self.folder / PIXELS, np.uint8, "r")
        if len(self._pixels) != self._ends[-1]:
            raise ValueError(f"{self.folder / PIXELS} is cut off")

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, i: int) -> Array:
        height, width = self.sizes[i]
        return self._pixels[self._ends[i] - 3 * height * width : self._ends[i]].reshape(
            height, width, 3
        )

    def __reduce__(self) -> tuple[Any, ...]:  # a process it is sent to opens the file itself, once
        return _open, (self.folder, self.fingerprint)


def _is_index(names, sizes, digests, damaged):
    """Whether there is a name, a height and width, and a digest for each of some pictures."""
    return (
        all(isinstance(one, list) for one in (names, sizes, digests))
        and isinstance(damaged, dict)
        and 0 < len(names) == len(sizes) == len(digests)
        and all(isinstance(one, str) for one in (*names, *digests, *damaged.values()))
        and all(isinstance(size, list) and len(size) == 2 for size in sizes)
        and all(is_integer(side, 1, MOST_PIXELS) for size in sizes for side in size)
    )


@lru_cache(maxsize=2)
def _open(folder: Path, fingerprint: str) -> PictureCache:
    """The cache in a folder; not another one that has come to be there since."""
    cache = PictureCache(folder)
    if cache.fingerprint != fingerprint:
        raise DataError(
            str(folder),
            "the cache was made anew while it was in use",
            "one run at a time on changing pictures",
            "two",
            "start again with --resume",
        )
    return cache


def cached(
    paths: Sequence[Path], side: int, folder: PathLike, workers: int = 0, progress: bool = True
) -> PictureCache:
    """The pictures of these files, from the cache in `folder`, which is made anew if any of them
    has changed. Files that cannot be read are not in it: see its `damaged`.

    Parameters
    ----------
    paths : list of Path
    side : int
        The shorter side of each picture in pixels; smaller ones stay as they are.
    folder : Path
        Where the cache is, or is to be.
    workers : int
        Processes to decode with.
    progress : bool
        Show a progress bar, on a terminal.

    Returns
    -------
    PictureCache

    Raises
    ------
    DataError
        If none of the pictures can be read (names the first ones), or the cache cannot be written.
    ConfigError
        If the limit of the cache is no size.
    """
    folder, fingerprint = expanded(folder), _fingerprint(paths, side)
    processes.check_guarded()
    cache_store.cache_limit()  # a wrong one is reported before thousands of pictures are decoded
    building = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        if not _can_write(folder.parent):  # somebody else's cache: nothing is removed from it
            found = _cache_of(folder, fingerprint, paths)
            if found is not None:
                return found
        folder.parent.mkdir(parents=True, exist_ok=True)
        with Lock(folder.with_name(f".{folder.name}.lock")) as lock:
            lock.acquire(wait=True)  # another process may be at the same pictures, or remove them
            cache_store.remove_unfinished(folder.parent, folder.name)
            found = _cache_of(folder, fingerprint, paths)
            if found is None:
                building.mkdir()
                try:
                    _build(paths, side, building, fingerprint, workers, progress)
                    shutil.rmtree(folder, ignore_errors=True)
                    os.replace(building, folder)
                finally:
                    shutil.rmtree(building, ignore_errors=True)
                found = PictureCache(folder)
            cache_store.use(folder)
        cache_store.make_room(folder.parent, keep=folder)
        return found
    except OSError as error:
        raise DataError(
            str(folder),
            "the cache of pictures cannot be written",
            "a folder with room for them",
            error.strerror or str(error),
            "choose another with --cache",
        ) from None


def _cache_of(folder, fingerprint, paths):
    """The cache in `folder`, if it is whole and of these pictures, else None."""
    try:
        found = PictureCache(folder)
        readable = [str(path) for path in paths if str(path) not in found.damaged]
        if found.fingerprint == fingerprint and found.names == readable:
            return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # none, or not a whole one
    return None


def _build(paths, side, folder, fingerprint, workers, progress):
    from tqdm import tqdm

    if progress and not sys.stderr.isatty():
        print(f"decoding {len(paths):,} pictures, once", flush=True)
    names, sizes, digests, unreadable = [], [], [], {}
    decoded = processes.in_order(workers, _decode_small, ((path, side) for path in paths))
    with (
        open(folder / PIXELS, "wb") as file,
        tqdm(
            decoded,
            total=len(paths),
            desc="decoding",
            unit="picture",
            disable=None if progress else True,
            dynamic_ncols=True,
        ) as results,
    ):
        for path, pixels in zip(paths, results, strict=True):
            if isinstance(pixels, str):
                unreadable[str(path)] = pixels
            else:
                file.write(pixels)
                names.append(str(path))
                sizes.append(list(map(int, pixels.shape[:2])))
                digests.append(duplicates.digest(pixels))
    if not names:
        damaged.report(unreadable, len(paths), skip=False)
    index = {"fingerprint": fingerprint, "names": names, "sizes": sizes, "digests": digests}
    (folder / INDEX).write_text(json.dumps({**index, "damaged": unreadable}), encoding="utf-8")


def _can_write(folder):
    """Whether files can be made in `folder`, or in the nearest one above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _decode_small(path, side):
    """The picture as the cache keeps it, or what is wrong with it."""
    try:
        pixels = decode_quietly(path)
        return np.ascontiguousarray(
            resize_shorter(pixels, side) if min(pixels.shape[:2]) > side else pixels
        )
    except DataError as error:
        return str(error).removeprefix(f"{path}: ").removesuffix(f"; {AGAIN}")


def _fingerprint(paths, side):
    """Changes with the files, their order, and the size asked for."""
    states = [(str(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([side, states]).encode()).hexdigest()
