"""Files of weights: written whole or not at all, with clear errors for damaged ones."""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import minires as mr
from minires.errors import CheckpointError, ShapeError
from minires.serialization import files, safetensors
from minires.serialization.weights import open_weights

from ..faults import refuse


def test_save_and_load_a_net(tmp_path):
    net, other = mr.models.resnet(8, width=4, seed=0), mr.models.resnet(8, width=4, seed=1)
    net.bn1.running_mean.data += 5
    mr.save(net, tmp_path / "net.safetensors")
    mr.load(other, tmp_path / "net.safetensors")
    for (name, a), b in zip(net.state_dict().items(), other.state_dict().values()):
        assert np.array_equal(a, b), name


def test_other_frameworks_can_read_it(tmp_path):
    from safetensors.numpy import load_file

    net = mr.models.plain(8, width=4)
    mr.save(net, tmp_path / "net.safetensors")
    arrays = load_file(tmp_path / "net.safetensors")
    assert sorted(arrays) == sorted(net.state_dict())
    assert arrays["fc.weight"].shape == (16, 10)


def test_loading_into_another_net(tmp_path):
    mr.save(mr.models.plain(8, width=4), tmp_path / "net.safetensors")
    with pytest.raises(ShapeError, match="conv1.weight"):
        mr.load(mr.models.plain(8, width=8), tmp_path / "net.safetensors")


def test_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        mr.load(mr.models.plain(8), tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("content", [b"\x05\0\0", b"hell\0", b"\xff" * 100])
def test_not_a_safetensors_file(tmp_path, content):
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        mr.load(mr.models.plain(8), path)


def test_unwritable_place(tmp_path):
    with pytest.raises(CheckpointError, match="cannot write"):
        mr.save(mr.models.plain(8), tmp_path / "no" / "such" / "folder" / "net.safetensors")


def test_a_folder_is_not_a_file(tmp_path):
    net = mr.models.plain(8, width=2)
    with pytest.raises(CheckpointError, match="expected the name of a file, got a folder"):
        mr.save(net, tmp_path)
    with pytest.raises(CheckpointError, match="got a folder"):
        mr.load(net, tmp_path)


def test_a_place_under_a_file_and_a_name_too_long(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "net.safetensors", tmp_path / ("n" * 300)):
        with pytest.raises(CheckpointError, match="cannot write"):
            mr.save(mr.models.plain(8, width=2), path)


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    safetensors.write(path, {"a": np.ones(3, np.float32)}, {"iteration": 1})

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(CheckpointError, match="No space left"):
        safetensors.write(path, {"a": np.zeros(3, np.float32)}, {"iteration": 2})
    arrays, state = safetensors.read(path)
    assert arrays["a"].sum() == 3 and state == {"iteration": 1}
    # no half-written file is left behind
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


@pytest.mark.skipif(os.name != "posix", reason="whether a process lives is not asked here")
def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    """But not files that a living process is writing, nor those that may belong to another machine
    in a shared folder."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    left = {
        f".net.{done.pid}-77.part": 7200,
        f".net.{done.pid}.part": 7200,  # the name in earlier versions
        f".net.{done.pid}-78.part": 10,
        f".net.{os.getpid()}-77.part": 7200,
        f".other.{done.pid}-77.part": 7200,
        "net.part": 7200,
        ".net.x.part": 7200,
    }
    for name, age in left.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    safetensors.write(tmp_path / "net", {"a": np.ones(3)})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["net", *list(left)[2:]])


def test_two_threads_that_save_do_not_get_each_others_weights(tmp_path):
    """Into one folder, under one name: the file is always that of one of them."""

    def save(i):
        for _ in range(20):
            safetensors.write(tmp_path / str(i), {"a": np.full(50_000, i)})
            safetensors.write(tmp_path / "both", {"a": np.full(50_000, i)})

    threads = [threading.Thread(target=save, args=[i]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        assert np.array_equal(safetensors.read(tmp_path / str(i))[0]["a"], np.full(50_000, i))
    assert np.ptp(safetensors.read(tmp_path / "both")[0]["a"]) == 0
    assert len(list(tmp_path.iterdir())) == 5


def raw(header, numbers=b""):
    """A safetensors file with this header, in which anything may stand."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def entry(shape, start, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    "content",
    [
        raw({"a": entry([4], 0, 16), "b": entry([4], 0, 16)}, bytes(16)),  # overlap
        raw({"a": entry([4], 0, 16), "b": entry([4], 8, 24)}, bytes(24)),
        raw({"a": entry([4], 0, 16)}, bytes(20)),  # more than it names
        raw({"a": entry([4], 4, 20)}, bytes(20)),
        raw({"a": entry([4], 0, 16)}, bytes(8)),  # less
        raw({"a": entry([10**12], 0, 4 * 10**12)}, bytes(8)),
        raw({"a": entry([-1], 0, 16)}, bytes(16)),
        raw({"a": entry([2**63, 2**63], 0, 16)}, bytes(16)),
        raw({"a": entry([0, 2**63], 0, 0)}),
        raw({"a": entry([1] * 70, 0, 4)}, bytes(4)),  # NumPy has 64 axes at most
        raw({"a": entry([4], 0, 16, "F31")}, bytes(16)),
        raw({"a": entry([4], 0, 4, "F8_E4M3")}, bytes(4)),
        raw({"a": 3}),
        raw({"__metadata__": {"state": 3}}),
        raw({"__metadata__": []}),
        raw(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
        raw(b"{}")[:7],
        (2**63).to_bytes(8, "little") + b"{}",
        (2**40).to_bytes(8, "little") + b"{}",
    ],
)
def test_headers_that_lie(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        open_weights(tmp_path / "x")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400 + len(str(tmp_path))


def test_metadata_nested_for_ever(tmp_path):
    """json itself stops at a depth of about a thousand."""
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        metadata = {"state": deep}
        safetensors.write(tmp_path / "x", {"a": np.zeros(1)}, metadata=metadata)
        assert open_weights(tmp_path / "x").classes is None
        with pytest.raises(CheckpointError, match="not a whole safetensors file"):
            safetensors.read(tmp_path / "x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    words = "cannot read: expected a file of weights.*, got a pipe or a device"
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(CheckpointError, match=words):
            mr.load(mr.models.plain(8, width=2), path)


def test_names_that_no_file_can_have(tmp_path):
    for name in ("n" * 300, "a\0b", str(tmp_path / "net.safetensors" / "x")):
        (tmp_path / "net.safetensors").write_bytes(b"")
        with pytest.raises(CheckpointError, match="cannot read: expected"):
            mr.load(mr.models.plain(8, width=2), name)


def test_a_file_without_permission(tmp_path, monkeypatch):
    (tmp_path / "net.safetensors").write_bytes(b"")
    monkeypatch.setattr(files.Path, "read_bytes", refuse)
    words = "net.safetensors: cannot read: expected a file of weights.*, got Permission denied"
    with pytest.raises(CheckpointError, match=words):
        mr.load(mr.models.plain(8, width=2), tmp_path / "net.safetensors")


def test_every_type_of_numbers_as_safetensors_itself_reads_it(tmp_path):
    from safetensors.numpy import load_file

    kinds = (
        "float64",
        "float32",
        "float16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint64",
        "uint32",
        "uint16",
        "uint8",
        "bool",
    )
    arrays = {kind: np.arange(6).astype(kind).reshape(3, 2) for kind in kinds}
    arrays |= {"number": np.array(2.5), "none": np.zeros((0, 3), np.float32)}
    safetensors.write(
        tmp_path / "x.safetensors", arrays, {"iteration": np.int64(3), "sums": np.arange(2)}
    )
    found, state = safetensors.read(tmp_path / "x.safetensors")
    reference = load_file(tmp_path / "x.safetensors")
    assert found.keys() == reference.keys() == arrays.keys()
    assert state == {"iteration": 3, "sums": [0, 1]}
    for name, array in arrays.items():
        assert found[name].dtype == reference[name].dtype == array.dtype, name
        assert found[name].shape == array.shape and np.array_equal(found[name], array), name
        found[name][...] = 0  # they can be written to
