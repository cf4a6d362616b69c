"""How a folder of photographs is laid out, found out from what is in it.

photos/cat/1.jpg                a folder for each class; folders within a class belong to it
photos/train/cat/1.jpg          training pictures apart from those for testing: val/ (or
photos/val/cat/7.jpg            valid/, validation/, test/, testing/)
photos/photos/cat/1.jpg         one folder in a folder, as an archive leaves it
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
#: Where to evaluate: a test set if there is one, else what a training looked at.
EVALUATE = ("test", "testing", "val", "valid", "validation")
LAYOUT = "a folder for each class with its pictures in it, or such folders in train/ and val/"
LOOSE = "picture beside the folders of the classes"
SHOWN = 5  # names in an error


@dataclass(frozen=True)
class Layout:
    """Where the pictures are.

    Parameters
    ----------
    root : Path
        The folder that was meant: the one that was named, or one within it.
    training : Path or None
        Holds a folder for each class; None where there is only a test set.
    testing : Path or None
        The same for the test set, if it is apart.
    around : list of Path
        The folders that hold nothing but the next one, and at last `root`.
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
        The same pictures, and what is left out.
    """

    classes: tuple[str, ...]
    files: list[tuple[Path, int]]
    found: Found


def find_layout(folder: Path, order: Sequence[str] = TEST) -> Layout:
    """Where the training and test pictures are.

    Parameters
    ----------
    folder : Path
    order : sequence of str
        Names of the folder of the test set, the one that is preferred first.

    Raises
    ------
    DataError
        If there is no such folder, or it is a file.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise DataError(str(folder), what, LAYOUT)
    root, around = _unwrapped(folder)
    # A class may be called "train", too: then there are pictures in it, and no folders.
    inside = {path.name.lower(): path for path in visible_folders(root) if visible_folders(path)}
    training = next((inside[name] for name in TRAIN if name in inside), None)
    testing = next((inside[name] for name in order if name in inside), None)
    if training is None and testing is not None and set(inside) <= set(TEST):
        return Layout(root, None, testing, around)
    if training is None:
        training, testing = root, None
    return Layout(root, training, testing, around)


def _unwrapped(folder: Path) -> tuple[Path, list[Path]]:
    """The folder itself or, if all there is in it is one folder with folders, that one; and the
    folders around it.
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
    """The pictures in a folder that holds one for each class.

    Parameters
    ----------
    folder : Path
    least : int
        Classes that are needed.

    Raises
    ------
    DataError
        For fewer classes, one without pictures, two whose names differ in upper and lower case
        only, or a folder that cannot be read.
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
            "convert what is there, or take the folder away",
        )
    return Labelled(classes, files, found)


def _check_classes(folder: Path, classes: Sequence[str], loose: int, least: int) -> None:
    if len(classes) < least:
        got = f"{len(classes)} folder{'s' * (len(classes) != 1)}"
        got += f" and {loose} loose picture{'s' * (loose != 1)}" if loose else ""
        todo = "sort the pictures into a folder for each class" if loose else None
        what = "not two classes" if least == 2 else "no classes"
        raise DataError(str(folder), what, LAYOUT, got, todo)
    if classes and {name.lower() for name in classes} <= {*TRAIN, *TEST}:
        raise DataError(
            str(folder),
            f"no classes in {_listed([f'{name}/' for name in classes])}",
            LAYOUT,
            "pictures that no folder says the class of",
        )
    alike = defaultdict(list)
    for name in classes:
        alike[_key(name)].append(name)
    twins = [as_text(name) for names in alike.values() if len(names) > 1 for name in names]
    if twins:
        raise DataError(
            str(folder),
            "classes whose names differ in upper and lower case or in accents' encoding only",
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
    """The same for names that a person would take for the same: Cat and cat, é in two encodings."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(as_text, names[:SHOWN])) + more
