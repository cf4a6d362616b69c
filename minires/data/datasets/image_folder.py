"""Photographs sorted into folders, one for each class, as torchvision's ImageFolder and many downloads have them."""

import hashlib
from pathlib import Path

import numpy as np

from ... import backend
from ...errors import ConfigError, DataError
from ..cache import cached
from .photographs import ImageTransform, PhotographDataset, shorter_side
from ..images import SUFFIXES
from ..paths import user_cache

TRAIN, TEST = ("train", "training"), ("val", "valid", "validation", "test", "testing")
LAYOUT = "a folder for each class with its pictures in it, or such folders in train/ and val/"


def photographs(folder, size=224, val_fraction=0.2, seed=0, workers=None, cache=None, progress=True, look=None):
    """The training and test set of a folder of photographs.

    Parameters
    ----------
    folder : str or Path
        Holds a folder for each class, or ``train/`` and ``val/`` which do; where there is no ``val/``, ``test/`` is taken.
    size : int
        Height and width in pixels of what the net shall see.
    val_fraction : float
        Where the folder is not parted into train/ and val/: the part of each class that is kept for testing.
    seed : int
        For the choice of these.
    workers : int, optional
        Processes that decode and prepare batches; by default one for each core. In a program they need the usual
        ``if __name__ == "__main__":``; with 0 all is done in one process.
    cache : str or Path, optional
        Where decoded pictures are kept; by default in the user's cache.
    progress : bool
    look : ImageTransform, optional
        In place of `size`: also how pictures are scaled and normalised, for a net that was not trained as ImageNet's are.

    Returns
    -------
    train, test : PhotographDataset

    Raises
    ------
    DataError
        If the folder is not laid out like that, holds fewer than two classes, a class without pictures, or pictures that cannot be read.
    ConfigError
        For a size or a part that makes no sense.
    """
    folder = Path(folder).expanduser()
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigError("photographs", "size", "pixels, at least 1", repr(size))
    look = ImageTransform(shorter_side(size), size) if look is None else look
    if not 0 < val_fraction < 1:
        raise ConfigError("photographs", "val_fraction", "a part between 0 and 1", repr(val_fraction))
    training, testing = _parts(folder)
    classes = _classes(training)
    files = _files(training, classes)
    if testing is not None:
        if _classes(testing) != classes:
            raise DataError(str(folder), f"{training.name}/ and {testing.name}/ hold different classes", "the same folders in both",
                            f"only in one: {', '.join(sorted(set(classes) ^ set(_classes(testing)))[:5])}")
        test_files = _files(testing, classes)
    else:
        files, test_files = _split(files, classes, val_fraction, seed, folder)
    workers = backend.available_cores() if workers is None else workers
    place = Path(cache).expanduser() if cache is not None else user_cache() / "pictures"
    name = f"{folder.resolve().name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}-{look.resize}"
    # In the order of their names, so that another seed finds the same cache.
    paths = sorted(path for path, _ in [*files, *test_files])
    pictures = cached(paths, look.resize, place / name, workers, progress)
    positions = {path: i for i, path in enumerate(paths)}
    return tuple(PhotographDataset(pictures, np.array([positions[path] for path, _ in some]), np.array([label for _, label in some]), classes,
                                   folder.resolve().name, look, workers) for some in (files, test_files))


def _parts(folder):
    """The folder of the training classes, and that of the test classes or None."""
    if not folder.is_dir():
        raise DataError(str(folder), "no such folder" if not folder.exists() else "not a folder", LAYOUT)
    # A class may be called "train", too: then there are pictures in it, and no folders.
    inside = {path.name.lower(): path for path in folder.iterdir() if path.is_dir() and any(inner.is_dir() for inner in path.iterdir())}
    training = next((inside[name] for name in TRAIN if name in inside), None)
    testing = next((inside[name] for name in TEST if name in inside), None)
    if training is None and testing is not None and set(inside) <= set(TEST):
        raise DataError(str(folder), f"{testing.name}/ without train/", LAYOUT, ", ".join(sorted(inside)))
    return (folder, None) if training is None else (training, testing)


def _classes(folder):
    classes = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))
    if len(classes) < 2:
        loose = sum(_is_picture(path) for path in folder.iterdir())
        raise DataError(str(folder), "not two classes", LAYOUT, f"{len(classes)} folders" + (f" and {loose} loose pictures" if loose else ""))
    return classes


def _files(folder, classes):
    """(path, label) of every picture, class by class."""
    files = []
    for label, name in enumerate(classes):
        found = sorted(path for path in (folder / name).rglob("*") if _is_picture(path))
        if not found:
            others = sorted({path.suffix.lower() for path in (folder / name).rglob("*") if path.is_file()} - {""})
            raise DataError(str(folder / name), "a class without pictures", f"files that end in {', '.join(SUFFIXES)}",
                            f"{', '.join(others)} only" if others else "none", "convert them, to .jpg for example" if others else None)
        files += [(path, label) for path in found]
    return files


def _is_picture(path):
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _split(files, classes, val_fraction, seed, folder):
    """Of each class a part at random for testing, at least one picture, and the rest for training."""
    rng, training, testing = np.random.default_rng(seed), [], []
    for label, name in enumerate(classes):
        own = [file for file in files if file[1] == label]
        if len(own) < 2:
            raise DataError(str(folder / name), "too few pictures", "two or more: one to train with, one to test", len(own))
        order, count = rng.permutation(len(own)), min(len(own) - 1, max(1, round(val_fraction * len(own))))
        testing += [own[i] for i in sorted(order[:count])]
        training += [own[i] for i in sorted(order[count:])]
    return training, testing
