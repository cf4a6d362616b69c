"""Pickles are programs: only what the official files need is let through."""

import os
import pickle

import numpy as np
import pytest

from minires.data import safe_pickle
from minires.errors import DataError


class Attack:
    """A pickle that calls `function` with `arguments` when it is loaded by pickle.load."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(obj, protocol=2):
    with pytest.raises(DataError, match="unsafe pickle|damaged pickle") as error:
        safe_pickle.load(pickle.dumps(obj, protocol), "data_batch_1")
    assert "data_batch_1" in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("protocol", range(6))
def test_no_function_is_ever_called(tmp_path, protocol):
    trace = tmp_path / "trace"
    for attack in (Attack(os.system, f"touch {trace}"), Attack(eval, f"open({str(trace)!r}, 'w')"), Attack(os.mkdir, str(trace))):
        refused(attack, protocol)
        refused({b"data": [attack]}, protocol)               # also when it is hidden inside
        assert not trace.exists()


def test_the_refused_global_is_named():
    assert "builtins.eval" in refused(Attack(eval, "1")) or "__builtin__.eval" in refused(Attack(eval, "1"))


@pytest.mark.parametrize("array", [np.zeros(3), np.array([object()]), np.array(["text"]), np.zeros(2, [("a", "u1")])])
def test_only_plain_bytes_make_an_array(array):
    refused({b"data": array})


def test_a_short_file_cannot_ask_for_much_memory():
    content = pickle.dumps({b"data": np.zeros((2, 3), np.uint8)}, 2)
    huge = content.replace(b"K\x02K\x03", b"J\xff\xff\xff\x7fK\x03")     # a claimed shape of (2^31 - 1, 3)
    assert huge != content
    with pytest.raises(DataError):
        safe_pickle.load(huge, "data_batch_1")


@pytest.mark.parametrize("protocol", range(5))       # NumPy writes protocol 5 in another way; the official files have 2
def test_what_the_official_files_hold_comes_through(protocol):
    batch = {b"batch_label": b"training batch 1 of 5", b"labels": [3, 8, 0], b"filenames": [b"a.png"],
             b"data": np.arange(12, dtype=np.uint8).reshape(3, 4)}
    loaded = safe_pickle.load(pickle.dumps(batch, protocol), "data_batch_1")
    np.testing.assert_array_equal(loaded.pop(b"data"), batch.pop(b"data"))
    assert loaded == batch


def test_a_column_major_array_keeps_its_values():
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.testing.assert_array_equal(safe_pickle.load(pickle.dumps({b"data": array}, 2), "x")[b"data"], array)


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x80\x02}", b"(dp0\nS'a", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_damaged_pickles(content):
    with pytest.raises(DataError, match="damaged pickle"):
        safe_pickle.load(content, "data_batch_1")
