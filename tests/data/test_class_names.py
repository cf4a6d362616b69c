"""Names of classes: those of ImageNet, and names from a file."""

import os

import pytest

from minires.data.class_names import imagenet_classes, imagenet_wnids, read_classes
from minires.errors import ConfigError


def test_imagenet():
    """A thousand different names, a few of them checked at places that everyone knows."""
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000 and all(
        name == name.strip() != "" for name in names
    )
    assert (names[0], names[207], names[281], names[340], names[999]) == (
        "tench",
        "golden retriever",
        "tabby",
        "zebra",
        "toilet tissue",
    )


def test_wordnets_numbers():
    """In the order of the classes, which is that of ImageNet's sorted folders."""
    wnids = imagenet_wnids()
    assert len(wnids) == len({*wnids}) == 1000 and wnids == sorted(wnids)
    known = dict(zip(wnids, imagenet_classes()))
    assert (known["n02099601"], known["n02391049"]) == ("golden retriever", "zebra")


def test_imagenet_as_torchvision_has_it():
    meta = pytest.importorskip(
        "torchvision.models._meta", reason="torchvision, the second opinion, is not installed"
    )
    assert imagenet_classes() == list(meta._IMAGENET_CATEGORIES)


@pytest.mark.parametrize(
    "content",
    [
        b"cat\nd\xc3\xb6g\n",
        b"cat\r\nd\xc3\xb6g",
        b"\xef\xbb\xbfcat\nd\xc3\xb6g\n\n \n",
        b" cat \nd\xc3\xb6g",
    ],
)
def test_a_file(tmp_path, content):
    (tmp_path / "names.txt").write_bytes(content)
    assert read_classes(tmp_path / "names.txt") == ["cat", "dög"]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (b"cat\n\ndog", "an empty line, line 2"),
        (b"\xff\xd8\xff", "UTF-8"),
    ],
)
def test_an_invalid_file(tmp_path, content, words):
    (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read_classes(tmp_path / "names.txt")


def test_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "names.txt"):
        with pytest.raises(ConfigError, match="a name to a line"):
            read_classes(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_and_a_device_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", "/dev/zero"):
        with pytest.raises(ConfigError, match="cannot read: .*got a pipe or a device"):
            read_classes(path)


def test_a_name_that_no_file_can_have_and_a_file_that_is_too_large(tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(10**12)  # a sparse file: it takes no room on disk
    for path, words in ((tmp_path / "large", "too large"), ("a\0b", "cannot read")):
        with pytest.raises(ConfigError, match=words):
            read_classes(path)
