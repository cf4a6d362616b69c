"""Memory used again: results once nobody holds them, buffers by the thread they belong to."""

import gc
import sys
import threading

import numpy as np
import pytest

from minires.kernels import cpu
from minires.kernels.cpu import chunks, workspace

SHAPE = (64, 1024, 3)  # a size that nothing else here uses


@pytest.fixture(autouse=True)
def no_blocks(monkeypatch):
    monkeypatch.setattr(workspace, "_blocks", {})


def address(array):
    return array.__array_interface__["data"][0]


def test_used_again_once_nobody_holds_it():
    first = workspace.empty(SHAPE, np.float32)
    where = address(first)
    assert first.shape == SHAPE and first.dtype == np.float32
    assert first.flags.c_contiguous and first.flags.writeable
    second = workspace.empty(SHAPE, np.float32)
    assert address(second) != where
    del first
    assert address(workspace.empty(SHAPE, np.int32)) == where  # the size counts, not the type


@pytest.mark.parametrize(
    "hold",
    [
        lambda array: array[1:2],
        lambda array: array.reshape(-1)[5:].view(np.int32)[::2],
        lambda array: array.T[0],
        lambda array: memoryview(array),
        lambda array: [array[0, 0, 0:1]],
        lambda array: np.broadcast_to(array[:1], SHAPE),
    ],
)
def test_not_while_the_smallest_part_is_held(hold):
    array = workspace.empty(SHAPE, np.float32)
    where, held = address(array), hold(array)
    del array
    gc.collect()
    assert address(workspace.empty(SHAPE, np.float32)) != where
    del held
    arrays = [workspace.empty(SHAPE, np.float32) for _ in range(2)]
    assert where in {address(array) for array in arrays}


def test_the_memory_used_last_comes_first():
    arrays = [workspace.empty(SHAPE, np.float32) for _ in range(3)]
    addresses = [address(array) for array in arrays]
    del arrays
    again = workspace.empty(SHAPE, np.float32)
    assert address(again) == addresses[2]


def test_small_arrays_are_left_to_numpy():
    assert workspace.empty((3, 4), np.float64).base is None and not workspace._blocks
    assert workspace.empty((0, 5), np.float32).shape == (0, 5)


def test_blocks_out_of_use_go_back_to_the_system(monkeypatch):
    monkeypatch.setattr(workspace, "KEPT_FOR", 5)
    workspace.empty(SHAPE, np.float32)
    held = workspace.empty(SHAPE, np.float64)
    for _ in range(6):
        workspace.empty((64, 1024, 4), np.float32)
    workspace.empty((64, 1024, 5), np.float32)  # a new size: time to clear up
    sizes = {nbytes: len(blocks) for nbytes, blocks in workspace._blocks.items()}
    assert sizes == {64 * 1024 * 12: 0, held.nbytes: 1, 64 * 1024 * 16: 1, 64 * 1024 * 20: 1}


def test_unused_blocks_make_room_where_memory_is_short(monkeypatch):
    workspace.empty(SHAPE, np.float32)
    original, failures = np.empty, iter([MemoryError])

    def short_of_memory(*args):
        for error in failures:
            raise error
        return original(*args)

    monkeypatch.setattr(np, "empty", short_of_memory)
    assert workspace.empty((64, 1024, 8), np.float32).shape == (64, 1024, 8)
    assert not workspace._blocks[64 * 1024 * 12]


def test_threads_never_share_a_block():
    """While Python switches threads as often as it can, each finds its own name in its array."""
    wrong, names = [], range(1, 5)

    def take(name):
        for _ in range(300):
            array = workspace.empty(SHAPE, np.uint32)
            array[0, 0, 0] = name
            for _ in range(20):
                if array[0, 0, 0] != name:
                    wrong.append(name)

    threads = [threading.Thread(target=take, args=[name]) for name in names]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong and sum(map(len, workspace._blocks.values())) <= 2 * len(names)


def test_results_of_kernels_stay_as_they_are():
    """Nothing that is computed later writes to a result that someone holds."""
    x = np.random.default_rng(0).standard_normal((8, 32, 32, 16), dtype=np.float32)
    w = np.random.default_rng(1).standard_normal((3, 3, 16, 16), dtype=np.float32)
    y, cache = cpu.conv2d.forward(x, w, padding=1)
    one, copy = y[3], y[3].copy()
    dx, _ = cpu.conv2d.backward(y, cache)
    dx_copy = dx.copy()
    del y, cache
    for _ in range(5):
        y, cache = cpu.conv2d.forward(x, w, padding=1)
        cpu.conv2d.backward(y, cache)
    assert np.array_equal(one, copy) and np.array_equal(dx, dx_copy)


def test_one_more_reference_counts():
    """Everything here rests on Python's count of references to a block."""
    entry = [np.empty(10, np.uint8), 0]
    assert workspace._references(entry) == workspace.UNUSED
    view = entry[0].view(np.float16).reshape(5, 1)
    assert workspace._references(entry) == workspace.UNUSED + 1
    del view
    assert workspace._references(entry) == workspace.UNUSED


def test_scratch_is_reused_and_each_threads_own(threads):
    threads(2)
    first = workspace.scratch("test", (3, 4), np.float32)
    assert first.shape == (3, 4) and first.dtype == np.float32
    assert np.shares_memory(first, workspace.scratch("test", (2, 2), np.float64))
    assert not np.shares_memory(first, workspace.scratch("another", (3, 4), np.float32))
    barrier = threading.Barrier(2, timeout=20)

    def worker(chunks):
        for _ in chunks:
            barrier.wait()
            yield workspace.scratch("test", (3, 4), np.float32)

    one, two = chunks.run(worker, 2, chunks.MAX_CHUNK_BYTES)
    assert not np.shares_memory(one, two)
    assert np.shares_memory(first, one) + np.shares_memory(first, two) == 1


def test_a_zero_padded_buffer_keeps_its_border():
    buffer = workspace.zero_padded_buffer("test", 3, (4, 5), np.float32)
    assert buffer.shape == (3, 4, 5) and buffer.dtype == np.float32 and not buffer.any()
    buffer[:, 1:-1, 1:-1] = 7
    again = workspace.zero_padded_buffer("test", 2, (4, 5), np.float32)
    assert np.shares_memory(buffer, again) and again.shape == (2, 4, 5)
    assert again.sum() == 2 * 7 * 2 * 3  # the interior as it was left, and zeros
    for other in (
        ("another", 2, (4, 5), np.float32),
        ("test", 2, (5, 4), np.float32),
        ("test", 2, (4, 5), np.float64),
        ("test", 4, (4, 5), np.float32),
    ):
        assert not workspace.zero_padded_buffer(*other).any()


def test_the_number_of_zero_padded_buffers_is_limited():
    for size in range(2 * workspace.MAX_ZERO_PADDED):
        workspace.zero_padded_buffer("test", 1, (size + 1,), np.float32)
    assert len(workspace._local.zero_padded) <= workspace.MAX_ZERO_PADDED
