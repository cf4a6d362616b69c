"""Files that look like PyTorch's and lie: none can read memory outside of its own bytes, or take a
lot of it."""

import io
import signal
import struct
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from minires.errors import CheckpointError, DataError
from minires.serialization.weights import open_weights

from ..pickles import (
    ORDERED_DICT,
    call,
    group,
    integer,
    name,
    old_file,
    program,
    storage,
    table,
    tensor,
    text,
    with_state,
    write_zip,
)

ONE = {"0": b"\0\0\x80?"}  # a storage with the number 1
INTERFACE = table(
    data=group(integer(0x1000), b"\x89"),
    shape=group(integer(4)),
    typestr=text("<f4"),
    version=integer(3),
)


def refused(path, words, error=(CheckpointError, DataError)):
    with pytest.raises(error, match=words) as raised:
        open_weights(path)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
    return str(raised.value)


def test_a_plain_one_is_read(tmp_path):
    path = write_zip(tmp_path / "x.pth", program(table(w=tensor(storage(), 0, (1,), (1,)))), ONE)
    assert open_weights(path).arrays["w"].tolist() == [1]


@pytest.mark.parametrize("offset, shape", [(0, (10**6,)), (9 * 10**8, (64,)), (0, (1,))])
def test_a_tensor_cannot_be_used_as_a_storage(tmp_path, offset, shape):
    """A tensor with stride 0 claims any length: a view of it would read what lies beyond."""
    claimed = tensor(storage(), 0, (10**9,), (0,))
    path = write_zip(
        tmp_path / "x.pth", program(table(w=tensor(claimed, offset, shape, (1,)))), ONE
    )
    refused(path, "same numbers again and again")
    small = tensor(storage(), 0, (2,), (0,))
    path = write_zip(tmp_path / "x.pth", program(table(w=tensor(small, 0, (2,), (1,)))), ONE)
    refused(path, "a tensor without a storage")


@pytest.mark.parametrize(
    "thing",
    [
        with_state(ORDERED_DICT, table(__array_interface__=INTERFACE)),
        table(__array_interface__=INTERFACE),
        group(integer(4)),
        integer(2**40),
    ],
)
def test_a_storage_type_is_a_name_and_cannot_be_called(tmp_path, thing):
    pickled = program(table(w=call(name("torch", "FloatStorage"), thing)))
    refused(write_zip(tmp_path / "x.pth", pickled), "unsafe pickle.*no function", DataError)


@pytest.mark.parametrize("thing", [name("torch", "FloatStorage"), b"]", group(), text("x"), b"N"])
def test_no_attributes_are_set(tmp_path, thing):
    pickled = program(table(w=with_state(thing, table(x=integer(1)))))
    refused(write_zip(tmp_path / "x.pth", pickled), "unsafe pickle.*attributes of a", DataError)


def test_attributes_of_a_dict_are_dropped(tmp_path):
    """PyTorch's own files set one: _metadata, of every state_dict()."""
    whole = call(name("collections", "OrderedDict")) + b"(" + text("w")
    whole += tensor(storage(), 0, (1,), (1,)) + b"u"
    path = write_zip(tmp_path / "x.pth", program(with_state(whole, table(_metadata=b"}"))), ONE)
    assert open_weights(path).arrays.keys() == {"w"}


def test_an_expanded_number_does_not_fill_memory(tmp_path):
    huge = tensor(storage(), 0, (1 << 17, 1 << 17), (0, 0))
    refused(write_zip(tmp_path / "x.pth", program(table(w=huge)), ONE), "same numbers again")


def test_many_views_of_one_storage_do_not_fill_memory(tmp_path):
    views = {f"w{i}": tensor(storage(count=5000), 0, (5000,), (1,)) for i in range(100)}
    path = write_zip(tmp_path / "x.pth", program(table(**views)), {"0": bytes(20_000)})
    refused(path, "at most 8 times the size of the file")


def test_weights_that_two_layers_share_are_read(tmp_path):
    views = {f"w{i}": tensor(storage(count=5000), 0, (5000,), (1,)) for i in range(2)}
    path = write_zip(tmp_path / "x.pth", program(table(**views)), {"0": bytes(20_000)})
    assert len(open_weights(path).arrays) == 2


def test_members_that_overlap_do_not_fill_memory(tmp_path):
    """The same bytes of the archive under a hundred names."""
    names = [str(i) for i in range(100)]
    views = {f"w{key}": tensor(storage(key=key, count=1000), 0, (1000,), (1,)) for key in names}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", program(table(**views)))
        archive.writestr("archive/data/0", bytes(4000))
        first = archive.infolist()[-1]
        for key in names[1:]:
            other = zipfile.ZipInfo(f"archive/data/{key}")
            other.header_offset, other.CRC = first.header_offset, first.CRC
            other.file_size = other.compress_size = first.file_size
            archive.filelist.append(other)
    (tmp_path / "x.pth").write_bytes(stream.getvalue())
    refused(tmp_path / "x.pth", "overlap")


@pytest.mark.parametrize("count", [-1, 10**12])
def test_a_storage_of_another_length_than_it_claims(tmp_path, count):
    pickled = program(table(w=tensor(storage(count=count), 0, (1,), (1,))))
    refused(write_zip(tmp_path / "x.pth", pickled, ONE), "not a whole PyTorch file")


def test_a_part_of_a_storage(tmp_path):
    """PyTorch before 0.4 wrote it with (key, offset, size) after the count."""
    words = text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), integer(3)
    numbers = {"0": np.array([1, 2, 3], "<f4").tobytes()}

    def file(*part):
        view = group(*words, group(text("1"), *map(integer, part))) + b"Q"
        pickled = program(table(w=tensor(view, 0, (1,), (1,))))
        return write_zip(tmp_path / "x.pth", pickled, numbers)

    assert open_weights(file(1, 2)).arrays["w"].tolist() == [2]
    refused(file(1, 3), "reaches beyond it")
    refused(file(-1, 2), "no part|not .key, offset, count")
    refused(file(3, 0), "reaches beyond its storage")


def nested(depth=60):
    """Tuples in tuples, each holding the next one twice: a few hundred bytes."""
    return b")" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(depth))


@pytest.mark.parametrize("key", [nested(), group(integer(1)), integer(2**61 - 1), b"G" + bytes(8)])
def test_a_key_that_takes_for_ever_to_hash(tmp_path, key):
    pickled = program(b"}" + key + b"Ns")
    refused(write_zip(tmp_path / "x.pth", pickled), "unsafe pickle.*as a key of a dict", DataError)


def rebuilt(*arguments):
    return call(name("torch._utils", "_rebuild_tensor_v2"), *arguments)


@pytest.mark.parametrize(
    "thing",
    [
        rebuilt(storage(), integer(0), nested(), group(integer(1))),
        rebuilt(storage(), integer(0), group(integer(1)), nested()),
        rebuilt(storage(), nested(), group(integer(1)), group(integer(1))),
        call(name("torch", "Size"), nested()),
        nested(),
    ],
)
def test_no_error_prints_a_value_that_takes_for_ever_to_print(tmp_path, thing):
    refused(write_zip(tmp_path / "x.pth", program(table(w=thing)), ONE), "whole numbers|no weights")


def test_no_error_prints_such_keys_of_storages(tmp_path):
    content = old_file(program(table(w=tensor(storage(), 0, (1,), (1,)))), {"0": (ONE["0"], 1)})
    assert content.count(text("0")) == 2  # in the reference, and among the keys at the end
    before, _, after = content.rpartition(text("0"))
    (tmp_path / "x.pth").write_bytes(before + nested() + after)
    refused(tmp_path / "x.pth", "another list of storages")


def test_no_products_of_long_numbers(tmp_path):
    """Two of 2 million bytes take half a second, and a shape may have any number of them."""
    long = b"\x8b" + struct.pack("<i", 10**5) + b"\x7f" * 10**5
    shape = b"(" + long + b"q\x01" + b"h\x01" * 5 + b"t"
    pickled = program(table(w=rebuilt(storage(), integer(0), shape, shape)))
    refused(write_zip(tmp_path / "x.pth", pickled, ONE), "a whole number of 799,999 bits")


@pytest.mark.parametrize("start, instruction", [(b"", b"]"), (b"", b"("), (b"]", b"\x94")])
def test_single_bytes_do_not_fill_memory(tmp_path, start, instruction):
    """Each becomes an object of 64 bytes, or a place in the memo."""
    pickled = program(start + instruction * 2_100_000)
    refused(write_zip(tmp_path / "x.pth", pickled), "more than 2,000,000 instructions")


def test_calls_do_not_copy_a_long_text_again_and_again(tmp_path):
    size = name("torch", "Size") + b"q\x02" + b"](" + b"K\x01" * 1000 + b"eq\x01"
    pickled = program(b"](" + size + b"h\x02h\x01\x85R" * 100 + b"e")
    refused(write_zip(tmp_path / "x.pth", pickled), "calls with more than the file holds")


@pytest.mark.parametrize("instruction", [b"\x81", b"\x92", b"\x93", b"o", b"i", b"\x82\x01", b"2"])
def test_other_instructions_are_refused(tmp_path, instruction):
    pickled = program(b"(" + instruction + b"x\ny\n")
    refused(write_zip(tmp_path / "x.pth", pickled), "unsafe pickle|not a whole PyTorch file")


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("new", [True, False])
def test_every_protocol_of_torch_save(torch, tmp_path, new, protocol):
    state = {"a": torch.arange(6.0).reshape(2, 3), "n": torch.nn.Parameter(torch.ones(2))}
    path = tmp_path / "x.pth"
    torch.save(state, path, pickle_protocol=protocol, _use_new_zipfile_serialization=new)
    arrays = open_weights(path).arrays
    assert np.array_equal(arrays["a"], state["a"].numpy().T) and arrays["n"].tolist() == [1, 1]


def test_a_checkpoint_of_pytorch_with_an_optimizer(torch, tmp_path):
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {"state_dict": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(state, tmp_path / "x.pth")
    arrays = open_weights(tmp_path / "x.pth").arrays
    assert np.array_equal(arrays["weight"], net.weight.detach().numpy().T)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm here")
def test_reading_can_be_interrupted(tmp_path):
    """Ctrl-C after half a second, in a long file of instructions."""
    pickled = program(b"}" + b"K\x010" * 3_000_000)
    path = write_zip(tmp_path / "x.pth", pickled)
    code = (
        "import sys, signal; from minires.serialization.weights import open_weights\n"
        # signals that a shell may ignore
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "try: open_weights(sys.argv[1])\n"
        "except KeyboardInterrupt: print('stopped')\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout == "stopped\n" and time.monotonic() - started < 20, done.stderr


def test_a_zip_of_several_disks(tmp_path):
    """The record at the end of the archive says that the rest is elsewhere."""
    path = write_zip(tmp_path / "x.pth", program(table(w=tensor(storage(), 0, (1,), (1,)))), ONE)
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 1, 1, 3, 3, 200, end)
    locator = struct.pack("<4sIQI", b"PK\6\7", 1, end, 2)
    path.write_bytes(content[:end] + large + locator + content[end:])
    refused(path, "not a whole PyTorch file.*span multiple disks")
    path.write_bytes(content[: end + 4] + b"\1\0\1\0" + content[end + 8 :])
    try:
        assert open_weights(path).arrays["w"].tolist() == [1]
    except CheckpointError as error:
        assert "not a whole PyTorch file" in str(error)
