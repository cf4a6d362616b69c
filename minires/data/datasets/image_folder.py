"""Photographs sorted into folders, one for each class, as for torchvision's ImageFolder.

`folder_layout` recognises several layouts of such folders; docs/folders.md shows them.
"""

import hashlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import numpy as np

from ... import backend, checks
from ...errors import DataError
from ...names import LONGEST, as_text, expanded, on_disk, shortened
from ...types import PathLike
from .. import damaged, duplicates
from ..cache import PictureCache, cached
from ..cache_store import cache_place
from ..original_pixels import OriginalPictures, original_pictures
from ..picture_files import Found, LeftOut, visible_folders
from ..transforms import ImageTransform, shorter_side
from .folder_layout import (
    EVALUATE,
    LOOSE,
    Labelled,
    Layout,
    beside,
    check_same_classes,
    find_layout,
    labelled,
)
from .photographs import PhotographDataset

Files = list[tuple[Path, int]]  # pictures, each with its label

VAL_FRACTION = 0.2  # of each class, where a folder has no pictures for testing


def image_folder(
    folder: PathLike,
    size: int = 224,
    val_fraction: float = VAL_FRACTION,
    seed: int = 0,
    workers: int | None = None,
    cache: PathLike | None = None,
    progress: bool = True,
    transform: ImageTransform | None = None,
    skip_damaged: bool = False,
    test_transform: ImageTransform | None = None,
    original_pixels: bool = False,
) -> tuple[PhotographDataset, PhotographDataset]:
    """Make a training and a test set from a folder of photographs.

    Parameters
    ----------
    folder : str or Path
        Holds a folder for each class; or ``train/`` and ``val/``, each with a folder for each
        class. Without ``val/``, ``test/`` is used. If the folder holds nothing but one folder, that
        one is read.
    size : int
        Height and width, in pixels, of the images that the net sees.
    val_fraction : float
        The fraction of each class that is kept for testing if there is neither ``val/`` nor
        ``test/``.
    seed : int
        For the random choice of these test pictures.
    workers : int, optional
        How many processes decode pictures and prepare batches; by default one for each core. A
        script that uses them needs the usual ``if __name__ == "__main__":``. With 0, everything is
        done in this process.
    cache : str or Path, optional
        The folder for decoded pictures; by default it is in the user's cache.
    progress : bool
        Whether to show how far the decoding is.
    transform : ImageTransform, optional
        How pictures are resized, cropped and normalised; `size` is then ignored. For a net that was
        trained on images prepared in another way than ImageNet's usually are.
    skip_damaged : bool
        Leave out pictures that cannot be read, with a `DamagedPictures` warning. The sets are then
        those of a folder without these files. ``train.damaged`` lists them.
    test_transform : ImageTransform, optional
        Another transform for the test set. A net that was trained on random crops, which show
        things larger than they are in the whole picture, does better at a size somewhat above that
        of its training (Touvron et al. 2019, arXiv:1906.06423).
    original_pixels : bool
        Decode a file each time its picture is needed, and crop from all its pixels instead of from
        a smaller copy in the cache.

    Returns
    -------
    train, test : PhotographDataset
        Hidden files and folders (``__MACOSX``, and names that begin with a dot) are not read. A
        `LeftOut` warning counts all files that are left out. A `DuplicatePictures` warning names
        pictures that are in both sets, or in two classes.

    Raises
    ------
    DataError
        If the folder has another layout, fewer than two classes, a class without pictures, or
        pictures that cannot be read.
    ConfigError
        For a size, a fraction or a number of workers that is not possible.
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
    workers = _number_of(workers)
    layout, training = training_pictures(folder)
    files, classes = [training.files], training.classes
    found = training.found
    if layout.testing is not None:
        assert layout.training is not None
        testing = labelled(layout.testing)
        check_same_classes(layout.training, layout.testing, training, testing)
        files.append(testing.files)
        found.add(testing.found)
    _tell(folder, layout, found)
    test_transform = test_transform or transform
    side = None if original_pixels else max(transform.resize, test_transform.resize)
    pictures, parts = _decoded(layout.root, files, side, cache, workers, progress, skip_damaged)
    _check_left(layout.root, parts, classes)
    if layout.testing is None:
        assert layout.training is not None
        parts = _split(parts[0], classes, val_fraction, seed, layout.training)
    sets = _datasets(folder, pictures, parts, classes, transform, workers)
    _tell_duplicates(layout.root, pictures, sets)
    return sets[0], replace(sets[1], transform=test_transform)


def training_pictures(folder: Path) -> tuple[Layout, Labelled]:
    """The layout of a folder, and its pictures to train on, none of which is opened.

    Raises DataError as `image_folder`.
    """
    layout = find_layout(folder)
    if layout.training is None:
        assert layout.testing is not None
        raise DataError(
            str(folder),
            f"{layout.testing.name}/ without train/",
            "train/ beside it, with a folder for each class",
        )
    return layout, labelled(layout.training)


def photographs_to_test(
    folder: PathLike,
    transform: ImageTransform,
    workers: int | None = None,
    cache: PathLike | None = None,
    progress: bool = True,
    skip_damaged: bool = False,
) -> PhotographDataset:
    """Make a test set from all photographs in a folder that holds a folder for each class.

    If the folder holds ``train/``, ``val/`` and ``test/``, only ``test/`` is read, or without it
    only ``val/``. Parameters and errors are those of `image_folder`, except that one class is
    enough.
    """
    folder = expanded(folder)
    workers = _number_of(workers)
    layout, place, testing = pictures_to_test(folder)
    if layout.testing is not None:  # training pictures that are there are reported as left out
        layout = replace(layout, training=None)
    _tell(folder, layout, testing.found)
    pictures, parts = _decoded(
        place, [testing.files], transform.resize, cache, workers, progress, skip_damaged
    )
    _check_left(place, parts, testing.classes)
    (found,) = _datasets(folder, pictures, parts, testing.classes, transform, workers)
    _tell_duplicates(place, pictures, [found])
    return found


def pictures_to_test(folder: Path) -> tuple[Layout, Path, Labelled]:
    """The layout of a folder, the place of its pictures to test on, and these pictures, none of
    which is opened. Raises DataError as `photographs_to_test`.
    """
    layout = find_layout(folder, EVALUATE)
    place = layout.testing or layout.training
    assert place is not None
    return layout, place, labelled(place, least=1)


def _number_of(workers: int | None) -> int:
    if workers is None:
        workers = backend.available_cores()
    return checks.integer("image_folder", "workers", workers, least=0)


def _tell(folder: Path, layout: Layout, found: Found) -> None:
    """Warn of files that are left out, and if the pictures are in a folder within `folder`."""
    for one in layout.around:
        found.left_out += beside(one).left_out
    used = [path for path in (layout.training, layout.testing) if path is not None]
    if layout.root not in used:
        loose = beside(layout.root)
        found.left_out += loose.left_out
        if loose.pictures:
            found.left_out[LOOSE] += len(loose.pictures)
        unused = [path for path in visible_folders(layout.root) if path not in used]
        found.left_out.update({f"folder {path.name}/": 1 for path in unused})
    if layout.around:
        warnings.warn(
            f"{as_text(folder)}: reading {as_text(layout.root)}, the only folder in it",
            LeftOut,
            stacklevel=3,
        )
    found.tell(folder)


def _decoded(
    place: Path,
    files: Sequence[Files],
    side: int | None,
    cache: PathLike | None,
    workers: int,
    progress: bool,
    skip_damaged: bool,
) -> tuple[PictureCache | OriginalPictures, list[Files]]:
    """The decoded pictures of all files, and the files without the damaged ones.

    In the cache each picture has `side` pixels on its shorter side. With None there is no cache,
    and pictures are decoded from their files when they are needed.
    """
    # Sorted, so that the cache is the same for every seed.
    paths = sorted(path for part in files for path, _ in part)
    pictures: PictureCache | OriginalPictures
    if side is None:
        pictures = original_pictures(paths, workers, progress)
    else:
        pictures = cached(paths, side, _folder(place, side, cache), workers, progress)
    damaged.report(pictures.damaged, len(paths), skip_damaged)
    return pictures, [
        [file for file in part if str(file[0]) not in pictures.damaged] for part in files
    ]


def _folder(place: Path, side: int, cache: PathLike | None) -> Path:
    """The folder of the cache that holds the pictures of the folder `place` at this size."""
    path = Path(os.path.realpath(place))
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    name = shortened(as_text(path.name), LONGEST // 2).replace("\\", "_")
    return on_disk(cache_place(cache) / f"{name}-{digest}-{side}")


def _check_left(place: Path, parts: Sequence[Files], classes: Sequence[str]) -> None:
    """Raise DataError if all pictures of a class were damaged."""
    for part in parts:
        lost = set(range(len(classes))) - {label for _, label in part}
        if lost:
            raise DataError(
                str(place / classes[min(lost)]),
                "all pictures of a class are damaged",
                "at least one that can be read",
                todo="mend them, or remove the folder",
            )


def _datasets(folder, pictures, parts, classes, transform, workers):
    """A data set for each list of (path, label). All of them share the decoded pictures."""
    positions = {name: i for i, name in enumerate(pictures.names)}
    names, title = class_names(classes), title_of(folder)
    return [
        PhotographDataset(
            pictures,
            np.array([positions[str(path)] for path, _ in files]),
            np.array([label for _, label in files]),
            names,
            title,
            transform,
            workers,
        )
        for files in parts
    ]


def class_names(folders: Sequence[str]) -> tuple[str, ...]:
    """The names of classes, from those of their folders."""
    # macOS stores é as e and an accent. NFC makes it one letter, as in class names elsewhere.
    return tuple(normalize("NFC", as_text(name)) for name in folders)


def title_of(folder: Path) -> str:
    """What the data set in a folder is called in tables and errors."""
    return as_text(folder.resolve().name)


def _tell_duplicates(
    root: Path, pictures: PictureCache | OriginalPictures, sets: Sequence[PhotographDataset]
) -> None:
    """Warn of pictures that are in two classes, or in both sets."""
    digests = [[pictures.digests[i] for i in one.indices] for one in sets]
    names = [[pictures.names[i] for i in one.indices] for one in sets]
    together = [name for part in names for name in part]
    labels = [int(label) for one in sets for label in one.labels]
    pairs = duplicates.under_two_labels([one for part in digests for one in part], labels)
    duplicates.tell(
        root,
        [(together[i], together[j]) for i, j in pairs],
        "a picture is in two classes",
        "{} pictures are in two classes",
    )
    if len(sets) == 2:
        pairs = duplicates.between(*digests)
        duplicates.tell(
            root,
            [(names[0][i], names[1][j]) for i, j in pairs],
            f"a test picture is in the training set too, of {len(sets[1]):,}",
            f"{{}} of {len(sets[1]):,} test pictures are in the training set too, so the test "
            "error will be too low",
        )


def _split(files, classes, val_fraction, seed, folder):
    """Split the files: of each class a random part, at least one picture, is kept for testing."""
    rng, training, testing = np.random.default_rng(seed), [], []
    for label, name in enumerate(classes):
        own = [file for file in files if file[1] == label]
        count = held_out(folder / name, len(own), val_fraction)
        order = rng.permutation(len(own))
        testing += [own[i] for i in sorted(order[:count])]
        training += [own[i] for i in sorted(order[count:])]
    return training, testing


def held_out(folder: Path, pictures: int, val_fraction: float) -> int:
    """How many of the pictures of a class are kept for testing. Raises DataError for one picture,
    with the folder of the class.
    """
    if pictures < 2:
        raise DataError(
            str(folder),
            "too few pictures",
            "two or more: one to train with, one to test",
            str(pictures),
        )
    return min(pictures - 1, max(1, round(val_fraction * pictures)))
