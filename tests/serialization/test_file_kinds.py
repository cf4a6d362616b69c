"""The error for a file without weights says what the file is, instead of calling it damaged."""

import io
import json
import pickle
import tarfile
import zipfile

import pytest

from minires.errors import CheckpointError
from minires.serialization.file_kinds import recognise
from minires.serialization.weights import open_weights


def tar(*names):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 600
            archive.addfile(member, io.BytesIO(bytes(600)))
    return stream.getvalue()


INDEX = {"metadata": {"total_size": 8}, "weight_map": {"fc.weight": "model-00001-of-00002"}}


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "an empty file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "a pointer of Git LFS.*`git lfs pull`",
        ),
        (b"\n<!DOCTYPE html>\n<html><head>", "a web page.*look at it in a browser"),
        (b"<HTML>", "a web page"),
        (json.dumps(INDEX).encode(), r"the index of weights .*end in .index.json"),
        (
            json.dumps({"weight_map": {"/layers/conv2d/vars": "r50_00000.weights.h5"}}).encode(),
            "the index of Keras's weights .*without max_shard_size",
        ),
        (b'{"a": 1}', "a JSON file"),
        (tar("photos/cat.jpg"), "a tar archive; unpack it first"),
        (b"\x1f\x8b\x08\x00" + bytes(100), "a file packed by gzip; unpack it first"),
        (b"\x93NUMPY\x01\x00" + bytes(100), "an array of NumPy"),
        (b"Not Found", "a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture; name the file of weights"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
        (
            b"\4\0\0\0\1\0\0\0\3\0\0\0V 1\r\0\0\0nn.Sequential" + bytes(100),
            "a file of Torch 7; convert it",
        ),
    ],
)
def test_the_kind_of_a_file(tmp_path, content, words):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"x: no weights: expected .*, got {words}") as error:
        open_weights(tmp_path / "x")
    assert "truncated" not in str(error.value) and "\n" not in str(error.value)


def test_possibly_damaged_weights_are_not_called_anything_else():
    for content in (b"\0" * 100, b"PK\x03\x04", b"\x80\x02.", b'\x40\0\0\0\0\0\0\0{"a": {"dty'):
        assert recognise(content) is None


def test_an_archive_of_arrays_and_other_zips(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photos/cat.jpg", b"...")
    with pytest.raises(CheckpointError, match="a zip archive, but not one of PyTorch's"):
        open_weights(tmp_path / "photos.zip")


def test_a_pickle_of_another_program(tmp_path):
    for thing in ([1, 2], {"a": 1}, "weights"):
        (tmp_path / "x.pth").write_bytes(pickle.dumps(thing, 2))
        with pytest.raises(CheckpointError, match="a pickle, but not one of PyTorch's"):
            open_weights(tmp_path / "x.pth")
