"""Reading CIFAR-10: both layouts, folders and archives, and every way in which files can be
wrong."""

import gzip
import os
import pickle
import sys
import tarfile

import numpy as np
import pytest

from minires.data import cifar10 as cifar10_function
from minires.data import load, preferred
from minires.data.datasets.cifar10 import CLASSES, _name, find, read
from minires.errors import ConfigError, DataError

from .conftest import RECORDS, make_batch, write_binary, write_python


def expected_image(file, i):
    """Image i of a file as it should be read: three planes become (row, column, colour)."""
    return make_batch(file)[0][i].reshape(3, 32, 32).transpose(1, 2, 0)


def pack(folder, archive):
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    return archive


def assert_whole(train, test):
    assert train.images.shape == (5 * RECORDS, 32, 32, 3) and test.images.shape == (
        RECORDS,
        32,
        32,
        3,
    )
    assert (
        train.images.dtype == np.uint8
        and train.labels.dtype == np.int64
        and train.images.flags.c_contiguous
    )
    for file in range(5):
        for i in range(RECORDS):
            np.testing.assert_array_equal(train.images[file * RECORDS + i], expected_image(file, i))
        np.testing.assert_array_equal(
            train.labels[file * RECORDS : (file + 1) * RECORDS], make_batch(file)[1]
        )
    np.testing.assert_array_equal(test.images[1], expected_image(5, 1))
    assert train.classes == CLASSES


def test_binary_layout(binary):
    assert_whole(*read(binary, RECORDS))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_python_layout(tmp_path, protocol):
    assert_whole(*read(write_python(tmp_path / "batches", protocol), RECORDS))


@pytest.mark.parametrize(
    "write, name",
    [(write_binary, "cifar-10-binary.tar.gz"), (write_python, "cifar-10-python.tar.gz")],
)
def test_archives(tmp_path, write, name):
    assert_whole(*read(pack(write(tmp_path / "batches"), tmp_path / name), RECORDS))


def test_found_as_parent_as_folder_and_as_archive(binary, tmp_path):
    assert find(tmp_path) == binary and find(binary) == binary
    archive = pack(binary, tmp_path / "cifar-10-binary.tar.gz")
    assert find(archive) == archive
    (tmp_path / "only").mkdir()
    assert find(archive.rename(tmp_path / "only" / archive.name).parent).name == archive.name


def test_search_order(binary, tmp_path, monkeypatch):
    """MINIRES_DATA first, then ./data, data/ beside the package, and the user's cache. If a folder
    is named, nothing else is searched."""
    monkeypatch.setattr("minires.data.paths.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("minires.data.paths.CHECKOUT", tmp_path / "checkout" / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIRES_DATA", raising=False)
    cache = write_binary(tmp_path / "cache" / "cifar-10-batches-bin")
    assert find() == cache
    beside = write_binary(tmp_path / "checkout" / "data" / "cifar-10-batches-bin")
    assert find() == beside
    here = write_binary(tmp_path / "data" / "cifar-10-batches-bin")
    assert find() == here
    monkeypatch.setenv("MINIRES_DATA", str(tmp_path))
    assert find() == binary
    with pytest.raises(DataError, match="none in .*nowhere;"):
        find(tmp_path / "nowhere")


def nowhere_else(monkeypatch, tmp_path):
    """No CIFAR-10 of this machine is found except in MINIRES_DATA."""
    monkeypatch.setattr("minires.data.paths.user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("minires.data.paths.CHECKOUT", tmp_path / "checkout")
    monkeypatch.chdir(tmp_path)


def test_nothing_found_says_where_it_looked_and_what_to_do(tmp_path, monkeypatch):
    nowhere_else(monkeypatch, tmp_path)
    monkeypatch.setenv("MINIRES_DATA", str(tmp_path / "env"))
    with pytest.raises(DataError) as error:
        cifar10_function()
    for word in ("env", "data", "cache", "minires data cifar10", "--dataset synthetic"):
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "damage, words",
    [
        (lambda content: b"", "empty file"),
        (lambda content: content[:-1], "truncated file"),
        (lambda content: content + b"x", "too long"),
        (
            lambda content: bytes([10]) + content[1:],
            "label of image 0 is out of range: expected 0 to 9, got 10",
        ),
    ],
)
def test_damaged_binary_file(binary, damage, words):
    path = binary / "data_batch_3.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=words) as error:
        read(binary, RECORDS)
    assert "data_batch_3.bin" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "batch, words",
    [
        ({b"labels": [0] * RECORDS}, "the key b'data'"),
        ({b"data": np.zeros((RECORDS, 3072), np.uint8)}, "the key b'labels'"),
        ({b"data": np.zeros((RECORDS, 3071), np.uint8), b"labels": [0] * RECORDS}, "wrong shape"),
        ({b"data": "pixels", b"labels": [0] * RECORDS}, "wrong shape"),
        (
            {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": [0] * (RECORDS - 1)},
            "labels of the wrong kind",
        ),
        (
            {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": [0.5] * RECORDS},
            "labels of the wrong kind",
        ),
        (
            {
                b"data": np.zeros((RECORDS, 3072), np.uint8),
                b"labels": [[0], [1, 2]] * (RECORDS // 2),
            },
            "labels of the wrong kind",
        ),
        ({b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": [-1] * RECORDS}, "out of range"),
        (["not a dict"], "not a batch of CIFAR-10"),
    ],
)
def test_python_file_that_holds_something_else(python, batch, words):
    (python / "test_batch").write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(DataError, match=words) as error:
        read(python, RECORDS)
    assert "test_batch" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02"])
def test_python_file_that_is_not_a_pickle(python, content):
    (python / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError, match="data_batch_1"):
        read(python, RECORDS)


def test_missing_batch(binary):
    (binary / "data_batch_2.bin").unlink()
    with pytest.raises(DataError, match="incomplete.*no data_batch_2"):
        read(binary, RECORDS)


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c[:-20],
        lambda c: c[:100],
        lambda c: b"no archive",
        lambda c: b"",
        lambda c: c[:200] + b"\0" * 50 + c[250:],
    ],
)
def test_damaged_archive(binary, tmp_path, damage):
    archive = pack(binary, tmp_path / "cifar-10-binary.tar.gz")
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz"):
        read(archive, RECORDS)


def test_an_archive_cannot_write_anywhere(binary, tmp_path):
    """A member that claims a place outside is read as the batch of that name, and nothing is
    written."""
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(binary.iterdir()):
            tar.add(path, arcname=f"../../{path.name}")
    before = sorted(tmp_path.rglob("*"))
    assert_whole(*read(archive, RECORDS))
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_that_unpacks_to_too_much_is_refused(binary, tmp_path, monkeypatch):
    archive = pack(binary, tmp_path / "cifar-10-binary.tar.gz")
    monkeypatch.setattr(sys.modules["minires.data.datasets.cifar10"], "LARGEST_ARCHIVE", 1000)
    with pytest.raises(DataError, match="too large for .*CIFAR-10"):
        read(archive, RECORDS)


def test_a_copy_is_called_a_copy():
    """A copy is recognised by the mean of each channel."""

    def images(means):
        return np.broadcast_to(np.round(np.array(means) * 255e6).astype(np.int64), (1, 1, 2, 2, 3))

    class Summed:  # stands for 10^6 images with these means
        shape = (1, 10**6)

        def __init__(self, means):
            self.means = means

        def sum(self, axis, dtype):
            return images(self.means)[0, 0]

    assert _name(Summed((0.4913997, 0.4821584, 0.4465309))) == "CIFAR-10"
    assert _name(Summed((0.4912504, 0.4820903, 0.4465209))) == "CIFAR-10 (JPEG copy)"
    assert _name(Summed((0.5, 0.5, 0.5))) == "CIFAR-10 (altered copy)"


def test_load_by_name(tmp_path):
    train, test = load("synthetic", train_size=20)
    assert len(train) == 20 and train.name == "synthetic"
    with pytest.raises(ConfigError, match="did you mean 'cifar10'"):
        load("cifar100")
    with pytest.raises(ConfigError, match="did you mean 'synthetic'"):
        load("syntetic", tmp_path)


def test_load_takes_the_first_training_images(binary, monkeypatch):
    monkeypatch.setattr("minires.data.cifar10", lambda folder: read(find(folder), RECORDS))
    train, test = load("cifar10", binary)
    few, same_test = load("cifar10", binary, train_size=3)
    np.testing.assert_array_equal(few.images, train.images[:3])
    assert len(train) == 5 * RECORDS and len(same_test) == len(test) == RECORDS
    with pytest.raises(ConfigError, match=f"1 to {5 * RECORDS}"):
        load("cifar10", binary, train_size=5 * RECORDS + 1)


def test_photographs_are_preferred_to_drawn_images(binary, tmp_path, monkeypatch):
    nowhere_else(monkeypatch, tmp_path)
    monkeypatch.delenv("MINIRES_DATASET", raising=False)
    monkeypatch.delenv("MINIRES_DATA", raising=False)
    assert preferred() == "synthetic"
    assert preferred(binary) == "cifar10"
    monkeypatch.setenv("MINIRES_DATA", str(tmp_path))
    assert preferred() == "cifar10"
    monkeypatch.setenv("MINIRES_DATASET", "synthetic")
    assert preferred() == "synthetic"
    monkeypatch.setenv("MINIRES_DATASET", "cifar")
    with pytest.raises(ConfigError, match="MINIRES_DATASET.*did you mean 'cifar10'"):
        preferred()


def test_a_folder_that_cannot_be_searched(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        find(tmp_path / ("x" * 5000))


def test_a_file_too_large_to_be_a_batch_is_not_read(binary):
    with open(binary / "data_batch_1.bin", "ab") as file:
        file.truncate(70_000_000)  # a sparse file: it takes no room on disk
    with pytest.raises(DataError, match="data_batch_1.bin: too large for a batch of CIFAR-10"):
        read(binary, RECORDS)


def test_a_member_that_claims_to_be_huge_is_refused(binary, tmp_path):
    """A sparse member of a few bytes can unpack to any size."""
    archive = tmp_path / "cifar-10-binary.tar.gz"
    member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    member.size = 10**12
    with gzip.open(archive, "wb") as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024)
    with pytest.raises(DataError, match="data_batch_1.bin: too large"):
        read(archive, RECORDS)


def test_a_link_in_an_archive_is_not_followed(binary, tmp_path):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    (binary / "test_batch.bin").rename(tmp_path / "elsewhere")
    (binary / "test_batch.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="incomplete.*no test_batch"):
        read(pack(binary, archive), RECORDS)


def test_a_flipped_bit_in_an_archive_is_noticed(binary, tmp_path):
    """Stored without compression, only the checksum at the very end can tell."""
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
        tar.add(binary, arcname=binary.name)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz.*CRC"):
        read(archive, RECORDS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["data_batch_2.bin", "cifar-10-python.tar.gz"])
def test_a_pipe_and_an_endless_device_are_not_waited_for(binary, tmp_path, name):
    folder = binary if name.endswith(".bin") else tmp_path / "archives"
    folder.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match=f"{name}: cannot read.*a pipe or a device"):
        read(find(folder), RECORDS)
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    with pytest.raises(DataError, match=f"{name}: cannot read.*a pipe or a device"):
        read(find(folder), RECORDS)


def test_a_small_archive_that_unpacks_to_much_is_refused(tmp_path):
    with gzip.open(tmp_path / "cifar-10-binary.tar.gz", "wb") as file:
        file.write(bytes(50_000_000))
    with pytest.raises(DataError, match="too large for CIFAR-10: expected up to [0-9]{6,7} bytes"):
        read(tmp_path / "cifar-10-binary.tar.gz", RECORDS)


def holding_itself():
    labels = [0] * (RECORDS - 1)
    labels.append(labels)
    return labels


def nested(depth=60):
    thing = []
    for _ in range(depth):
        thing = [thing, thing]
    return thing


@pytest.mark.parametrize(
    "labels", [holding_itself(), nested(), [nested()] * RECORDS, [10**400] * 4]
)
def test_labels_within_labels(python, labels):
    """Lists that hold themselves, or 2^60 others: NumPy would walk them for ever, in C."""
    batch = {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": labels}
    (python / "test_batch").write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(DataError, match="labels of the wrong kind|a whole number of"):
        read(python, RECORDS)


@pytest.mark.parametrize("key", ["a tuple of tuples", (1,), 2**70])
def test_a_key_that_takes_for_ever_to_hash(python, key):
    if key == "a tuple of tuples":
        pickled = b"\x80\x02})" + b"".join(
            b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60)
        )
        (python / "test_batch").write_bytes(pickled + b"Ns.")
    else:
        (python / "test_batch").write_bytes(pickle.dumps({key: None}, 2))
    with pytest.raises(DataError, match="unsafe pickle.*as a key of a dict"):
        read(python, RECORDS)


def test_an_encoding_that_takes_for_ever(python):
    """Only one encoding is accepted: the one in which Python writes bytes."""
    text = b"X\x10\x00\x00\x00" + b"\xc3\xa9" * 8
    for name in (b"punycode", b"utf-8", b"zlib"):
        words = b"X" + len(name).to_bytes(4, "little") + name
        (python / "test_batch").write_bytes(
            b"\x80\x02c_codecs\nencode\n" + text + words + b"\x86R."
        )
        with pytest.raises(DataError, match="bytes in another encoding"):
            read(python, RECORDS)


@pytest.mark.parametrize("size", [-512, -1024, -(2**62)])
def test_a_member_of_negative_size_does_not_loop_for_ever(tmp_path, size):
    member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" + (256**11 + size).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with gzip.open(tmp_path / "cifar-10-binary.tar.gz", "wb") as file:
        file.write(bytes(header) + np.random.default_rng(0).bytes(2048))
    with pytest.raises(DataError, match="cannot be read|incomplete"):
        read(tmp_path / "cifar-10-binary.tar.gz", RECORDS)
