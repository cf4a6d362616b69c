"""The memory of results is used again once nothing refers to it."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from minires.kernels import cpu
from minires.kernels.cpu import memory

SHAPE = (64, 1024, 3)  # a size that nothing else here uses


@pytest.fixture(autouse=True)
def nothing_kept():
    memory.release()
    yield
    memory.release()


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_once_nothing_holds_it():
    first = memory.empty(SHAPE, np.float32)
    where = address(first)
    assert first.shape == SHAPE and first.dtype == np.float32
    assert first.flags.c_contiguous and first.flags.writeable
    second = memory.empty(SHAPE, np.float32)
    assert address(second) != where
    del first
    assert address(memory.empty(SHAPE, np.int32)) == where  # only the size matters, not the type


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
def test_not_while_even_a_small_view_is_held(hold):
    array = memory.empty(SHAPE, np.float32)
    where, held = address(array), hold(array)
    del array
    gc.collect()
    assert address(memory.empty(SHAPE, np.float32)) != where
    del held
    arrays = [memory.empty(SHAPE, np.float32) for _ in range(2)]
    assert where in {address(array) for array in arrays}


def test_the_memory_used_last_comes_first():
    arrays = [memory.empty(SHAPE, np.float32) for _ in range(3)]
    addresses = [address(array) for array in arrays]
    while arrays:
        arrays.pop(0)
    again = memory.empty(SHAPE, np.float32)
    assert address(again) == addresses[2]


def test_small_arrays_are_left_to_numpy():
    assert memory.empty((3, 4), np.float64).base is None
    assert memory.empty((0, 5), np.float32).shape == (0, 5)


def unused():
    """Size -> the number of unused blocks that are kept."""
    memory._collect()
    return {size: len(kept) for size, kept in memory._unused.items() if kept}


def test_memory_unused_for_a_while_goes_back_to_the_system(monkeypatch):
    monkeypatch.setattr(memory, "KEPT_FOR", 5)
    memory.empty(SHAPE, np.float32)
    for _ in range(6):
        memory.empty((64, 1024, 4), np.float32)
    memory.empty((64, 1024, 5), np.float32)  # a new size triggers the clearing up
    assert unused() == {64 * 1024 * 16: 1, 64 * 1024 * 20: 1}


def test_the_newest_blocks_are_kept_up_to_a_limit_of_bytes(monkeypatch):
    monkeypatch.setattr(memory, "KEPT_BYTES", 2 * 64 * 1024 * 13)
    for width in range(3, 12):
        memory.empty((64, 1024, width), np.uint8 if width < 4 else np.float32)
    memory.empty((64, 1024, 12), np.float32)
    assert sum(unused()) <= 2 * 64 * 1024 * 13 + 64 * 1024 * 48  # with the one made last
    assert 64 * 1024 * 48 in unused()


def test_a_loop_over_the_same_sizes_loses_nothing(monkeypatch):
    """However many bytes it needs: only fresh memory makes room."""
    monkeypatch.setattr(memory, "KEPT_BYTES", 0)

    def step():
        arrays = [memory.empty((64, 1024, width), np.float32) for width in (3, 4, 5)]
        return {address(array) for array in arrays}

    assert step() == step() == step()


def test_unused_memory_makes_room_where_it_is_short(monkeypatch):
    memory.empty(SHAPE, np.float32)
    original, failures = np.empty, iter([MemoryError])

    def short_of_memory(*args):
        for error in failures:
            raise error
        return original(*args)

    monkeypatch.setattr(np, "empty", short_of_memory)
    assert memory.empty((64, 1024, 8), np.float32).shape == (64, 1024, 8)
    assert 64 * 1024 * 12 not in unused()


def test_release():
    held = memory.empty(SHAPE, np.float32)
    held[...] = 7
    memory.empty((64, 1024, 4), np.float32)
    memory.release()
    assert unused() == {} and (held == 7).all()
    where = address(held)
    del held
    # blocks that are still held come back later
    assert address(memory.empty(SHAPE, np.float32)) == where


def test_threads_never_share_a_block():
    """Python switches threads as often as it can, and each thread finds its own name in its
    array."""
    wrong, names = [], range(1, 5)

    def take(name):
        for _ in range(300):
            array = memory.empty(SHAPE, np.uint32)
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
    assert not wrong and sum(unused().values()) <= 2 * len(names)


def test_results_of_kernels_stay_as_they_are():
    """No later computation writes to a result that is still held."""
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_pictures_of_many_sizes_do_not_fill_the_memory():
    """In a process of its own: what is resident after 4 pictures, and after 40."""
    program = """
import numpy as np, minires as mr
from minires.kernels.cpu import memory
mr.set_num_threads(1)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
net = mr.models.build("resnet18", num_classes=10).eval()
rng = np.random.default_rng(0)
with mr.no_grad():
    for i in range(24):
        h, w = rng.integers(150, 300, 2)
        net(mr.Tensor(np.zeros((1, h, w, 3), np.float32)))
        if i == 3:
            before = resident()
print(resident() - before)
mr.release_memory()
print(resident() - before)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    grown, after = map(int, run.stdout.split())
    assert grown < 1.5 * memory.KEPT_BYTES and after < grown
