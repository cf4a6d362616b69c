"""Photographs sorted into folders, one for each class, as torchvision's ImageFolder has them."""

import hashlib
from pathlib import Path

import numpy as np

from ... import backend, checks
from ...errors import DataError
from ...types import PathLike
from ..cache import cached
from ..images import SUFFIXES
from ..paths import user_cache
from ..transforms import ImageTransform, shorter_side
from .photographs import PhotographDataset

TRAIN, TEST = ("train", "training"), ("val", "valid", "validation", "test", "testing")
LAYOUT = "a folder for each class with its pictures in it, or such folders in train/ and val/"


def image_folder(
    folder: PathLike,
    size: int = 224,
    val_fraction: float = 0.2,
    seed: int = 0,
    workers: int | None = None,
    cache: PathLike | None = None,
    progress: bool = True,
    transform: ImageTransform | None = None,
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

    Returns
    -------
    train, test : PhotographDataset

    Raises
    ------
    DataError
        If the folder is not laid out like that, holds fewer than two classes, a class without
        pictures, or pictures that cannot be read.
    ConfigError
        For a size, a fraction or a number of workers that makes no sense.
    """
    folder = Path(folder).expanduser()
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
    # Sorted by name, so that another seed finds the same cache.
    paths = sorted(path for path, _ in [*files, *test_files])
    place = _cache_folder(folder, transform, cache)
    pictures = cached(paths, transform.resize, place, workers, progress)
    positions = {path: i for i, path in enumerate(paths)}

    def dataset(some):
        indices = np.array([positions[path] for path, _ in some])
        labels = np.array([label for _, label in some])
        return PhotographDataset(
            pictures, indices, labels, classes, folder.resolve().name, transform, workers
        )

    return dataset(files), dataset(test_files)


def _find_files(folder, val_fraction, seed):
    """(path, label) of each training and of each test picture, and the classes."""
    training, testing = _parts(folder)
    classes = _classes(training)
    files = _files(training, classes)
    if testing is None:
        return *_split(files, classes, val_fraction, seed, folder), classes
    if _classes(testing) != classes:
        only_in_one = ", ".join(sorted(set(classes) ^ set(_classes(testing)))[:5])
        raise DataError(
            str(folder),
            f"{training.name}/ and {testing.name}/ hold different classes",
            "the same folders in both",
            f"only in one: {only_in_one}",
        )
    return files, _files(testing, classes), classes


def _cache_folder(folder, transform, cache):
    """Where the decoded pictures of `folder` are kept, at this size."""
    place = Path(cache).expanduser() if cache is not None else user_cache() / "pictures"
    path = folder.resolve()
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return place / f"{path.name}-{digest}-{transform.resize}"


def _parts(folder):
    """The folder of the training classes, and that of the test classes or None."""
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise DataError(str(folder), what, LAYOUT)
    # A class may be called "train", too: then there are pictures in it, and no folders.
    inside = {
        path.name.lower(): path
        for path in folder.iterdir()
        if path.is_dir() and any(inner.is_dir() for inner in path.iterdir())
    }
    training = next((inside[name] for name in TRAIN if name in inside), None)
    testing = next((inside[name] for name in TEST if name in inside), None)
    if training is None and testing is not None and set(inside) <= set(TEST):
        raise DataError(
            str(folder), f"{testing.name}/ without train/", LAYOUT, ", ".join(sorted(inside))
        )
    return (folder, None) if training is None else (training, testing)


def _classes(folder):
    classes = tuple(
        sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    )
    if len(classes) < 2:
        loose = sum(_is_picture(path) for path in folder.iterdir())
        got = f"{len(classes)} folders" + (f" and {loose} loose pictures" if loose else "")
        raise DataError(str(folder), "not two classes", LAYOUT, got)
    return classes


def _files(folder, classes):
    """(path, label) of every picture, class by class."""
    files = []
    for label, name in enumerate(classes):
        found = sorted(path for path in (folder / name).rglob("*") if _is_picture(path))
        if not found:
            others = sorted(
                {path.suffix.lower() for path in (folder / name).rglob("*") if path.is_file()}
                - {""}
            )
            raise DataError(
                str(folder / name),
                "a class without pictures",
                f"files that end in {', '.join(SUFFIXES)}",
                f"{', '.join(others)} only" if others else "none",
                "convert them, to .jpg for example" if others else None,
            )
        files += [(path, label) for path in found]
    return files


def _is_picture(path):
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


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
