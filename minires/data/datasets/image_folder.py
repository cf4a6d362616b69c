"""Photographs sorted into folders, one for each class, as torchvision's ImageFolder has them."""

import hashlib
import os
import warnings
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from ... import backend, checks
from ...errors import DataError
from ...names import LONGEST, as_text, expanded, on_disk, shortened
from ...types import PathLike
from ..cache import cached
from ..images import SUFFIXES
from ..original_pixels import original_pictures
from ..paths import user_cache
from ..picture_files import LeftOut, find_pictures, in_words, loose_pictures, visible_folders
from ..transforms import ImageTransform, shorter_side
from .photographs import PhotographDataset

TRAIN, TEST = ("train", "training"), ("val", "valid", "validation", "test", "testing")
LAYOUT = "a folder for each class with its pictures in it, or such folders in train/ and val/"
LOOSE = "pictures beside the folders of the classes"


def image_folder(
    folder: PathLike,
    size: int = 224,
    val_fraction: float = 0.2,
    seed: int = 0,
    workers: int | None = None,
    cache: PathLike | None = None,
    progress: bool = True,
    transform: ImageTransform | None = None,
    test_transform: ImageTransform | None = None,
    original_pixels: bool = False,
) -> tuple[PhotographDataset, PhotographDataset]:
    """The training and test set in a folder of photographs.

    Parameters
    ----------
    folder : str or Path
        Holds a folder for each class, or ``train/`` and ``val/`` which do; without ``val/``,
        ``test/`` is taken.
    size : int
        Height and width in pixels of what the net sees.
    val_fraction : float
        The part of each class that is kept for testing, where the folder has no train/ and val/.
    seed : int
        For the choice of these.
    workers : int, optional
        Processes that decode and prepare batches; by default one for each core. In a program they
        need the usual ``if __name__ == "__main__":``; with 0 all is done in one process.
    cache : str or Path, optional
        Where decoded pictures are kept; by default in the user's cache.
    progress : bool
    transform : ImageTransform, optional
        Instead of `size`: also how pictures are resized and normalised, for a net that was not
        trained as ImageNet's are.
    test_transform : ImageTransform, optional
        Another one for the test set. A net that was trained on random crops, which show things
        larger than they are in the whole picture, does better at a size somewhat above that of its
        training (Touvron et al. 2019, arXiv:1906.06423).
    original_pixels : bool
        Decode the files whenever a picture is needed, and cut crops from all their pixels, instead
        of from smaller copies in a cache.

    Returns
    -------
    train, test : PhotographDataset
        Hidden files and folders (names that begin with a dot, ``__MACOSX``) are not read. What else
        is there and no picture is counted in a `LeftOut` warning.

    Raises
    ------
    DataError
        If the folder is not laid out like that, holds fewer than two classes, a class without
        pictures, or pictures that cannot be read.
    ConfigError
        For a size, a fraction or a number of workers that makes no sense.
    """
    folder = expanded(folder)
    if transform is None:
        size = checks.integer("image_folder", "size", size)
        transform = ImageTransform(shorter_side(size), size)
    val_fraction = checks.number(
        "image_folder",
        "val_fraction",
        val_fraction,
        "a number between 0 and 1",
        lambda value: 0 < value < 1,
    )
    if workers is None:
        workers = backend.available_cores()
    workers = checks.integer("image_folder", "workers", workers, least=0)
    files, test_files, classes = _find_files(folder, val_fraction, seed)
    test_transform = test_transform or transform
    side = None if original_pixels else max(transform.resize, test_transform.resize)
    train, test = _datasets(
        folder, [files, test_files], classes, transform, cache, workers, progress, side
    )
    return train, replace(test, transform=test_transform)


def photographs_to_test(
    folder: PathLike,
    transform: ImageTransform,
    workers: int | None = None,
    cache: PathLike | None = None,
    progress: bool = True,
) -> PhotographDataset:
    """All photographs in a folder that holds one for each class; of ``train/`` and ``val/`` in it,
    those in ``val/``. Parameters and errors are those of `image_folder`.
    """
    folder = expanded(folder)
    workers = backend.available_cores() if workers is None else workers
    training, testing = _parts(folder)
    classes = _classes(testing or training)
    files, others = _files(testing or training, classes)
    others[LOOSE] += len(loose_pictures(testing or training))
    if left_out := +others:
        warnings.warn(f"{folder}: left out: {in_words(left_out)}", LeftOut, stacklevel=2)
    (found,) = _datasets(
        folder, [files], classes, transform, cache, workers, progress, transform.resize
    )
    return found


def _datasets(folder, parts, classes, transform, cache, workers, progress, side):
    """A data set for each list of (path, label). They share the pictures, which are decoded once to
    have `side` pixels on the shorter side; None leaves them in their files.
    """
    # Sorted by name, so that another seed finds the same cache.
    paths = sorted(path for files in parts for path, _ in files)
    pictures: Any
    if side is None:
        pictures = original_pictures(paths, workers, progress)
    else:
        place = _cache_folder(folder, side, cache)
        pictures = cached(paths, side, place, workers, progress)
    positions = {path: i for i, path in enumerate(paths)}
    names, title = tuple(map(as_text, classes)), as_text(folder.resolve().name)
    return [
        PhotographDataset(
            pictures,
            np.array([positions[path] for path, _ in files]),
            np.array([label for _, label in files]),
            names,
            title,
            transform,
            workers,
        )
        for files in parts
    ]


def _find_files(folder, val_fraction, seed):
    """(path, label) of each training and of each test picture, and the folders of the classes."""
    training, testing = _parts(folder)
    classes = _classes(training)
    files, others = _files(training, classes)
    others[LOOSE] = len(loose_pictures(training))
    if testing is None:
        training_files, test_files = _split(files, classes, val_fraction, seed, folder)
    else:
        if _classes(testing) != classes:
            only_in_one = ", ".join(sorted(set(classes) ^ set(_classes(testing)))[:5])
            raise DataError(
                str(folder),
                f"{training.name}/ and {testing.name}/ hold different classes",
                "the same folders in both",
                f"only in one: {only_in_one}",
            )
        training_files, (test_files, more) = files, _files(testing, classes)
        others += more
        others[LOOSE] += len(loose_pictures(testing))
    if training != folder:
        others[LOOSE] += len(loose_pictures(folder))
        unused = [path for path in visible_folders(folder) if path not in (training, testing)]
        others |= Counter({f"folder {as_text(path.name)}/": 1 for path in unused})
    left_out = +others  # those above zero
    if left_out:
        warnings.warn(f"{folder}: left out: {in_words(left_out)}", LeftOut, stacklevel=3)
    return training_files, test_files, classes


def _cache_folder(folder, side, cache):
    """Where the decoded pictures of `folder` are kept, at this size."""
    place = expanded(cache) if cache is not None else user_cache() / "pictures"
    path = folder.resolve()
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    name = shortened(as_text(path.name), LONGEST // 2).replace("\\", "_")
    return on_disk(place / f"{name}-{digest}-{side}")


def _parts(folder):
    """The folder of the training classes, and that of the test classes or None."""
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise DataError(str(folder), what, LAYOUT)
    # A class may be called "train", too: then there are pictures in it, and no folders.
    inside = {path.name.lower(): path for path in visible_folders(folder) if visible_folders(path)}
    training = next((inside[name] for name in TRAIN if name in inside), None)
    testing = next((inside[name] for name in TEST if name in inside), None)
    if training is None and testing is not None and set(inside) <= set(TEST):
        raise DataError(
            str(folder), f"{testing.name}/ without train/", LAYOUT, ", ".join(sorted(inside))
        )
    return (folder, None) if training is None else (training, testing)


def _classes(folder):
    """The names of the folders of the classes, as the disk has them."""
    classes = tuple(path.name for path in visible_folders(folder))
    if len(classes) < 2:
        loose = len(loose_pictures(folder))
        got = f"{len(classes)} folders" + (f" and {loose} loose pictures" if loose else "")
        raise DataError(str(folder), "not two classes", LAYOUT, got)
    return classes


def _files(folder, classes):
    """(path, label) of every picture, class by class, and a count of the other files."""
    files, left_out = [], Counter()
    for label, name in enumerate(classes):
        found, others = find_pictures(folder / name)
        if not found:
            raise DataError(
                str(folder / name),
                "a class without pictures",
                f"files that end in {', '.join(SUFFIXES)}",
                f"{in_words(others)} only" if others else "none",
                "convert them, to .jpg for example" if others else None,
            )
        files += [(path, label) for path in found]
        left_out += others
    return files, left_out


def _split(files, classes, val_fraction, seed, folder):
    """From each class a random part for testing, at least one picture; the rest for training."""
    rng, training, testing = np.random.default_rng(seed), [], []
    for label, name in enumerate(classes):
        own = [file for file in files if file[1] == label]
        if len(own) < 2:
            raise DataError(
                str(folder / name),
                "too few pictures",
                "two or more: one to train with, one to test",
                len(own),
            )
        order = rng.permutation(len(own))
        count = min(len(own) - 1, max(1, round(val_fraction * len(own))))
        testing += [own[i] for i in sorted(order[:count])]
        training += [own[i] for i in sorted(order[count:])]
    return training, testing
