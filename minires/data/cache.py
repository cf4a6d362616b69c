"""Pictures kept on disk as they are needed: decoded, and no larger than that.

To decode a photograph of 12 million pixels takes a tenth of a second, in every epoch anew. So each
is decoded once, made smaller so that its shorter side has as many pixels as the nets look at, and
put after the others into one file, which is read as if it were an array in memory. A picture takes
about 260 kB at 256 pixels.
"""

import hashlib
import json
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..types import Array, PathLike
from . import workers as processes
from .images import SeveralPictures, decode
from .transforms import resize_shorter

PIXELS, INDEX = "pixels.bin", "index.json"
NAMED = 5  # pictures named in an error, of all that cannot be read


class PictureCache:
    """Pictures of any size, by number: ``cache[i]`` is an array uint8 (H, W, 3), a view of the
    file.

    Parameters
    ----------
    folder : Path
        Of a cache made by `cached`.

    Attributes
    ----------
    names : list of str
        The file that each was read from.
    sizes : ndarray of int64, shape (N, 2)
        Height and width of each.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder, index = (
            Path(folder),
            json.loads((Path(folder) / INDEX).read_text(encoding="utf-8")),
        )
        self.fingerprint, self.sizes = (
            index["fingerprint"],
            np.array(index["sizes"], np.int64).reshape(-1, 2),
        )
        self.names = index["names"]
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
    has changed.

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
        If pictures cannot be read (names the first ones), or the cache cannot be written.
    """
    folder, fingerprint = Path(folder), _fingerprint(paths, side)
    _remove_unfinished(folder)
    try:
        if json.loads((folder / INDEX).read_text(encoding="utf-8"))["fingerprint"] == fingerprint:
            return PictureCache(folder)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none, or not a whole one
    building = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        building.mkdir(parents=True)
        _build(paths, side, building, fingerprint, workers, progress)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(building, folder)
    except OSError as error:
        raise DataError(
            str(folder),
            "the cache of pictures cannot be written",
            "a folder with room for them",
            error.strerror or str(error),
            "choose another by --cache",
        ) from None
    finally:
        with suppress(OSError):
            shutil.rmtree(building)
    return PictureCache(folder)


def _build(paths, side, folder, fingerprint, workers, progress):
    from tqdm import tqdm

    if progress and not sys.stderr.isatty():
        print(f"decoding {len(paths):,} pictures, once", flush=True)
    sizes, failures = [], []
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
        for pixels in results:
            if isinstance(pixels, str):
                failures.append(pixels)
            else:
                file.write(pixels)
                sizes.append(pixels.shape[:2])
    if failures:
        more = f" and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
        raise DataError(
            "pictures",
            f"{len(failures)} of {len(paths)} cannot be read",
            None,
            "; ".join(failures[:NAMED]) + more,
            "mend them, or take them out of the folder",
        )
    (folder / INDEX).write_text(
        json.dumps(
            {
                "fingerprint": fingerprint,
                "names": [str(path) for path in paths],
                "sizes": [list(map(int, size)) for size in sizes],
            }
        ),
        encoding="utf-8",
    )


def _remove_unfinished(folder):
    """Remove what processes that have ended left beside `folder`.

    Only on systems where asking whether a process lives does it no harm.
    """
    if os.name != "posix":
        return
    for left in folder.parent.glob(f"{folder.name}.*.part"):
        try:
            os.kill(
                int(left.name.split(".")[-2]), 0
            )  # 0 is no signal: it only asks whether there is such a process
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, OSError):
            pass


def _decode_small(path, side):
    """The picture as the cache keeps it, or what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", SeveralPictures
            )  # the first frame of an animation will do
            pixels = decode(path)
        return np.ascontiguousarray(
            resize_shorter(pixels, side) if min(pixels.shape[:2]) > side else pixels
        )
    except DataError as error:
        return str(error)


def _fingerprint(paths, side):
    """Changes with the files, their order, and the size asked for."""
    states = [(str(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([side, states]).encode()).hexdigest()
