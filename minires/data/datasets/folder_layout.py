"""Find out how a folder of photographs is laid out, from the names of the folders in it.

photos/cat/1.jpg                a folder for each class; folders within a class belong to it
photos/train/cat/1.jpg          training pictures in train/, test pictures in val/ (or valid/,
photos/val/cat/7.jpg            validation/, test/, testing/)
photos/photos/cat/1.jpg         a folder alone in a folder, as unpacking an archive often leaves it
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ...errors import DataError
from ...names import as_text
from ..picture_files import Found, beside, find_pictures, in_words, visible_folders

TRAIN, TEST = ("train", "training"), ("val", "valid", "validation", "test", "testing")
#: Names of the folder to evaluate on, the preferred one first: a test set, else a validation set.
EVALUATE = ("test", "testing", "val", "valid", "validation")
LAYOUT = "a folder for each class with its pictures in it, or such folders in train/ and val/"
LOOSE = "picture beside the folders of the classes"
SHOWN = 5  # how many names an error lists


@dataclass(frozen=True)
class Layout:
    """Where the pictures are.

    Parameters
    ----------
    root : Path
        The folder with the pictures: the one that the user named, or a folder alone in it.
    training : Path or None
        Holds a folder for each class. None if there is only a test set.
    testing : Path or None
        The same for the test set. None if no folder holds one.
    around : list of Path
        The folders around `root`, from the outside in. Each holds nothing but the next one, and the
        last holds nothing but `root`.
    """

    root: Path
    training: Path | None
    testing: Path | None
    around: Sequence[Path] = ()


@dataclass(frozen=True)
class Labelled:
    """The pictures of some classes.

    Parameters
    ----------
    classes : tuple of str
        The names of their folders, as the disk has them.
    files : list of (Path, int)
        Each picture with the position of its class, class by class.
    found : Found
        The same pictures, and how many other files are left out.
    """

    classes: tuple[str, ...]
    files: list[tuple[Path, int]]
    found: Found


def find_layout(folder: Path, order: Sequence[str] = TEST) -> Layout:
    """Find out where in a folder the training and the test pictures are.

    Parameters
    ----------
    folder : Path
    order : sequence of str
        The names that the folder of the test set may have, the preferred one first.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If there is no such folder, or it is a file.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise DataError(str(folder), what, LAYOUT)
    root, around = _unwrapped(folder)
    # A class may be called "train", too. Then its folder holds pictures, and no folders.
    inside = {path.name.lower(): path for path in visible_folders(root) if visible_folders(path)}
    training = next((inside[name] for name in TRAIN if name in inside), None)
    testing = next((inside[name] for name in order if name in inside), None)
    if training is None and testing is not None and set(inside) <= set(TEST):
        return Layout(root, None, testing, around)
    if training is None:
        training, testing = root, None
    return Layout(root, training, testing, around)


def _unwrapped(folder: Path) -> tuple[Path, list[Path]]:
    """Step into `folder` as long as it holds nothing but one folder of folders.

    Returns the folder that is reached, and the folders around it, from the outside in.
    """
    seen, around = set(), []
    while (real := os.path.realpath(folder)) not in seen:
        seen.add(real)
        inside = visible_folders(folder)
        if len(inside) != 1 or inside[0].name.lower() in (*TRAIN, *TEST):
            break
        if beside(folder).pictures or not visible_folders(inside[0]):
            break
        around.append(folder)
        folder = inside[0]
    return folder, around


def labelled(folder: Path, least: int = 2) -> Labelled:
    """Find the pictures in a folder that holds a folder for each class.

    Parameters
    ----------
    folder : Path
    least : int
        How many classes there must be.

    Returns
    -------
    Labelled

    Raises
    ------
    DataError
        For fewer classes, a class without pictures, two classes whose names differ only in upper
        and lower case or in how accents are encoded, or a folder that cannot be read.
    """
    classes = tuple(path.name for path in visible_folders(folder))
    found = beside(folder)
    loose, found.pictures = len(found.pictures), []
    if loose:
        found.left_out[LOOSE] += loose
    found.misnamed = 0
    _check_classes(folder, classes, loose, least)
    files: list[tuple[Path, int]] = []
    empty = []
    for label, name in enumerate(classes):
        of_class = find_pictures(folder / name)
        if not of_class.pictures:
            held = in_words(of_class.left_out)
            empty.append(f"{as_text(name)}/ ({held} only)" if held else f"{as_text(name)}/")
        files += [(path, label) for path in of_class.pictures]
        found.add(of_class)
    if empty:
        several = "classes" if len(empty) > 1 else "a class"
        raise DataError(
            str(folder),
            f"{several} without pictures",
            "pictures in the folder of each class",
            f"none in {_listed(empty)}",
            "convert the files that are there, or remove the folder",
        )
    return Labelled(classes, files, found)


def _check_classes(folder: Path, classes: Sequence[str], loose: int, least: int) -> None:
    """Raise DataError if these folder names cannot be the classes of a set."""
    if len(classes) < least:
        got = f"{len(classes)} folder{'s' * (len(classes) != 1)}"
        got += f" and {loose} loose picture{'s' * (loose != 1)}" if loose else ""
        todo = "sort the pictures into a folder for each class" if loose else None
        what = "fewer than two classes" if least == 2 else "no classes"
        raise DataError(str(folder), what, LAYOUT, got, todo)
    if classes and {name.lower() for name in classes} <= {*TRAIN, *TEST}:
        raise DataError(
            str(folder),
            f"no classes in {_listed([f'{name}/' for name in classes])}",
            LAYOUT,
            "pictures that are not in the folder of a class",
        )
    alike = defaultdict(list)
    for name in classes:
        alike[_key(name)].append(name)
    twins = [as_text(name) for names in alike.values() if len(names) > 1 for name in names]
    if twins:
        raise DataError(
            str(folder),
            "classes whose names differ only in upper and lower case or in how accents are encoded",
            "one folder for each class",
            _listed(twins),
            "put their pictures into one folder, or rename one",
        )


def check_same_classes(training: Path, testing: Path, one: Labelled, other: Labelled) -> None:
    """Raise DataError if the folders for training and testing do not hold the same classes."""
    if one.classes == other.classes:
        return
    where = os.path.commonpath([training, testing])
    names = {_key(name): name for name in one.classes}
    for name in other.classes:
        same = names.get(_key(name), name)
        if same != name:
            raise DataError(
                where,
                f"a class is called {as_text(same)!r} in {training.name}/, but "
                f"{as_text(name)!r} in {testing.name}/",
                "the same name in both",
                todo="rename one of the folders",
            )
    lacking = [
        f"only in {place.name}/: {_listed(sorted(set(has.classes) - set(lacks.classes)))}"
        for place, has, lacks in ((training, one, other), (testing, other, one))
        if set(has.classes) - set(lacks.classes)
    ]
    raise DataError(
        where,
        f"{training.name}/ and {testing.name}/ hold different classes",
        "the same folders in both",
        "; ".join(lacking),
    )


def _key(name: str) -> str:
    """A key that is the same for names that look the same: Cat and cat, é in two encodings."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(as_text, names[:SHOWN])) + more
