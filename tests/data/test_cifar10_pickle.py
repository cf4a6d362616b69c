"""Pickles are programs: only the functions that the official files need are allowed."""

import codecs
import os
import pickle

import numpy as np
import pytest

from minires.data.datasets import cifar10_pickle
from minires.errors import DataError


class Attack:
    """A pickle that calls `function` with `arguments` when it is loaded by pickle.load."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(obj, protocol=2):
    with pytest.raises(DataError, match="unsafe pickle|damaged pickle") as error:
        cifar10_pickle.load(pickle.dumps(obj, protocol), "data_batch_1")
    assert "data_batch_1" in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("protocol", range(6))
def test_no_function_is_ever_called(tmp_path, protocol):
    trace = tmp_path / "trace"
    attacks = (
        Attack(os.system, f"touch {trace}"),
        Attack(eval, f"open({str(trace)!r}, 'w')"),
        Attack(os.mkdir, str(trace)),
    )
    for attack in attacks:
        refused(attack, protocol)
        refused({b"data": [attack]}, protocol)  # also when it is hidden inside
        assert not trace.exists()


def test_the_refused_global_is_named():
    assert "builtins.eval" in refused(Attack(eval, "1")) or "__builtin__.eval" in refused(
        Attack(eval, "1")
    )


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.array([object()]), np.array(["text"]), np.zeros(2, [("a", "u1")])]
)
def test_only_plain_bytes_make_an_array(array):
    refused({b"data": array})


def test_no_error_prints_a_value_that_takes_for_ever_to_print():
    """Tuples in tuples, each holding the next one twice, where names are expected."""
    nested = ()
    for _ in range(60):
        nested = (nested, nested)
    refused({b"data": Attack(np.dtype, nested)})
    refused({b"data": Attack(codecs.encode, "x", nested)})


def test_a_short_file_cannot_ask_for_much_memory():
    content = pickle.dumps({b"data": np.zeros((2, 3), np.uint8)}, 2)
    huge = content.replace(
        b"K\x02K\x03", b"J\xff\xff\xff\x7fK\x03"
    )  # a claimed shape of (2^31 - 1, 3)
    assert huge != content
    with pytest.raises(DataError):
        cifar10_pickle.load(huge, "data_batch_1")


@pytest.mark.parametrize(
    "protocol", range(5)
)  # the official files have protocol 2; NumPy writes 5 in another way
def test_the_objects_of_the_official_files_are_read(protocol):
    batch = {
        b"batch_label": b"training batch 1 of 5",
        b"labels": [3, 8, 0],
        b"filenames": [b"a.png"],
        b"data": np.arange(12, dtype=np.uint8).reshape(3, 4),
    }
    loaded = cifar10_pickle.load(pickle.dumps(batch, protocol), "data_batch_1")
    np.testing.assert_array_equal(loaded.pop(b"data"), batch.pop(b"data"))
    assert loaded == batch


def test_a_column_major_array_keeps_its_values():
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.testing.assert_array_equal(
        cifar10_pickle.load(pickle.dumps({b"data": array}, 2), "x")[b"data"], array
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"\x80\x02}", b"(dp0\nS'a", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff"],
)
def test_damaged_pickles(content):
    with pytest.raises(DataError, match="damaged pickle"):
        cifar10_pickle.load(content, "data_batch_1")


def text2(content):
    """A string as Python 2 pickled it, which Python 3's pickle.dumps never writes."""
    return b"U" + bytes([len(content)]) + content


def test_a_file_from_python_2_is_read():
    """The same instructions as in the official files: protocol 2, byte strings, the old name of
    numpy's module."""
    content = (
        b"\x80\x02}q\x01("
        + text2(b"batch_label")
        + text2(b"testing batch 1 of 1")
        + text2(b"labels")
        + b"]q\x02(K\x03K\x08K\x00e"
        + text2(b"data")
        + b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85"
        + text2(b"b")
        + b"\x87R"
        + b"(K\x01K\x03K\x02\x86cnumpy\ndtype\nq\x05"
        + text2(b"u1")
        + b"K\x00K\x01\x87R"
        + b"(K\x03"
        + text2(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + b"\x89"
        + text2(b"\x00\x01\x02\xfd\xfe\xff")
        + b"tbu."
    )
    batch = cifar10_pickle.load(content, "test_batch")
    assert batch[b"batch_label"] == b"testing batch 1 of 1" and batch[b"labels"] == [3, 8, 0]
    np.testing.assert_array_equal(
        batch[b"data"], np.array([[0, 1], [2, 253], [254, 255]], np.uint8)
    )


def test_an_allowed_name_cannot_be_altered_for_the_next_file():
    """BUILD (b) sets attributes of objects, but not those of the stand-ins themselves."""
    for name in (
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy\ndtype\n",
        b"c_codecs\nencode\n",
    ):
        with pytest.raises(DataError, match="unsafe pickle.*attributes of a Global"):
            cifar10_pickle.load(
                b"\x80\x02" + name + b"}" + text2(b"__init__") + b"Nsb.", "data_batch_1"
            )
    for protocol in (2, 4):
        test_the_objects_of_the_official_files_are_read(protocol)


def test_a_huge_memo_slot_takes_no_memory():
    """Python's own unpickler keeps its memo in a list, here of 8 GB."""
    assert cifar10_pickle.load(b"\x80\x02}r\x00\x00\x00\x40.", "data_batch_1") == {}


def test_a_claimed_length_beyond_the_file_is_refused():
    with pytest.raises(DataError, match="damaged pickle"):
        cifar10_pickle.load(b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"x.", "data_batch_1")
