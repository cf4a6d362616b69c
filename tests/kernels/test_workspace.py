"""Buffers that a kernel uses during a call: each thread has its own."""

import threading

import numpy as np

from minires.kernels.cpu import chunks, workspace


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


def test_zero_padded_buffers_take_a_limited_number_of_bytes():
    workspace.release()
    rows = workspace.ZERO_PADDED_BYTES // 40
    for size in range(30):
        workspace.zero_padded_buffer(size, 1, (rows,), np.float32)
    kept = workspace._local.buffers.zero_padded
    assert sum(buffer.nbytes for buffer in kept.values()) <= workspace.ZERO_PADDED_BYTES
    assert [key for key, _, _ in kept] == list(range(20, 30))  # the ones used last
    huge = workspace.zero_padded_buffer("huge", 20, (rows,), np.float32)
    assert huge.nbytes > workspace.ZERO_PADDED_BYTES and len(kept) == 1


def test_release_takes_the_buffers_of_all_threads(threads):
    threads(2)
    barrier = threading.Barrier(2, timeout=20)

    def worker(chunks):
        for _ in chunks:
            barrier.wait()
            workspace.scratch("test", (3, 4), np.float32)
            workspace.zero_padded_buffer("test", 1, (4,), np.float32)
            yield

    chunks.run(worker, 2, chunks.MAX_CHUNK_BYTES)
    assert sum(len(buffers.scratch) > 0 for buffers in workspace._all) >= 2
    workspace.release()
    assert not any(buffers.scratch or buffers.zero_padded for buffers in workspace._all)
