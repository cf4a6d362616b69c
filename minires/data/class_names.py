"""Names of classes: those of ImageNet, and those in a file.

``imagenet_classes.txt`` holds ImageNet's 1,000 classes in the order of the outputs of nets trained
on it, a name to a line, as torchvision has them in ``torchvision/models/_meta.py`` (BSD 3-Clause
licence). ``imagenet_wnids.txt`` holds WordNet's numbers of the same classes in the same order, such
as n01440764: the folders of ImageNet are called so. They are as in timm's list (Apache 2.0).
"""

from pathlib import Path

from ..errors import ConfigError
from ..names import expanded
from ..serialization.files import read_bytes
from ..types import PathLike

LARGEST = 100_000_000  # bytes
IMAGENET = Path(__file__).with_name("imagenet_classes.txt")
WNIDS = IMAGENET.with_name("imagenet_wnids.txt")


def imagenet_classes() -> list[str]:
    """The names of ImageNet's 1,000 classes, a list of str."""
    return IMAGENET.read_text(encoding="utf-8").splitlines()


def imagenet_wnids() -> list[str]:
    """WordNet's numbers of ImageNet's 1,000 classes, a list of str: the names of its folders."""
    return WNIDS.read_text(encoding="utf-8").splitlines()


def read_classes(path: PathLike) -> list[str]:
    """The names in a text file, one to a line, a list of str; empty lines at the end do not count.

    Raises
    ------
    ConfigError
        If it is missing, no text, empty, too large, or has an empty line between names.
    """
    path = expanded(path)
    where, expected = str(path), "class names in a text file, a name to a line"
    content = read_bytes(path, expected, ConfigError, LARGEST)
    try:
        names = content.decode("utf-8-sig").rstrip().splitlines()  # Windows puts a mark in front
    except UnicodeDecodeError:
        raise ConfigError(
            where, "class names", "a text file in UTF-8, a name to a line", "something else"
        ) from None
    if not names:
        raise ConfigError(where, "class names", "a name to a line", "an empty file")
    names = [name.strip() for name in names]
    if "" in names:
        raise ConfigError(
            where, "class names", "a name to a line", f"an empty line, line {names.index('') + 1}"
        )
    return names
