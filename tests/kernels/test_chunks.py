"""Dividing work among threads gives the same results and changes nothing around it."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minires.kernels import cpu
from minires.kernels.cpu import chunks

from .checks import random_arrays, run

# Large enough for several threads.
LARGE = {
    "conv2d": ([(24, 20, 20, 16), (3, 3, 16, 16)], {"padding": 1}),
    "batch_norm": ([(48, 32, 32, 16), (16,), (16,)], {}),
    "batch_norm_relu": ([(48, 32, 32, 16), (16,), (16,), (48, 32, 32, 16)], {}),
    "add": ([(48, 32, 32, 16), (48, 32, 32, 16)], {}),
    "relu": ([(48, 32, 32, 16)], {}),
    "matmul": ([(600, 700), (700, 900)], {}),
    "linear": ([(600, 700), (700, 900), (900,)], {}),
    "max_pool2d": ([(48, 32, 32, 16)], {"kernel_size": 3, "stride": 2, "padding": 1}),
    "avg_pool2d": ([(48, 32, 32, 16)], {"kernel_size": 3, "stride": 2, "padding": 1}),
}
every_large_kernel = pytest.mark.parametrize("name", LARGE)


def results(name, dtype=np.float32):
    shapes, settings = LARGE[name]
    arrays = [array.astype(dtype) for array in random_arrays(*shapes)]
    y, gradients, _ = run(getattr(cpu, name), arrays, settings)
    return y, *gradients


def list_chunks(chunks):
    """The simplest worker: it yields its chunks, each with the thread that got it."""
    for chunk in chunks:
        yield chunk, threading.get_ident()


@pytest.fixture
def chunk_counts(monkeypatch):
    """A list that grows by the number of chunks at every call of `chunks.run`."""
    counts, original = [], chunks.run

    def counting(*args):
        results = original(*args)
        counts.append(len(results))
        return results

    monkeypatch.setattr(chunks, "run", counting)
    return counts


@every_large_kernel
def test_the_same_bits_with_any_number_of_threads(name, threads, chunk_counts):
    threads(1)
    expected = results(name)
    for count in (2, 3, 4, 2):
        threads(count)
        assert all(np.array_equal(a, b) for a, b in zip(results(name), expected))
    assert min(chunk_counts) > 1  # there were chunks to divide


@every_large_kernel
def test_the_same_bits_with_any_number_of_blas_threads(name, threads):
    """BLAS adds up in another order with two threads, if it is let."""
    needs_blas_threads()
    threads(2)
    with threadpool_limits(limits=1, user_api="blas"):
        expected = results(name)
    with threadpool_limits(limits=2, user_api="blas"):
        assert all(np.array_equal(a, b) for a, b in zip(results(name), expected))


def test_the_same_bits_of_muon(threads):
    needs_blas_threads()
    (stack,) = random_arrays((9, 144, 64))
    found = []
    for count in (1, 2, 3):
        threads(count)
        with threadpool_limits(limits=min(count, 2), user_api="blas"):
            found.append(cpu.orthogonalize(stack.astype(np.float32)))
    assert all(np.array_equal(one, found[0]) for one in found)
    assert np.array_equal(cpu.orthogonalize(stack[3].astype(np.float32)), found[0][3])


def test_chunks_cover_every_item_once(threads):
    threads(3)
    for items in (1, 2, 10, 97):
        pairs = [chunk for chunk, _ in chunks.run(list_chunks, items, chunks.MIN_THREAD_BYTES)]
        assert pairs[0][0] == 0 and pairs[-1][1] == items
        assert all(before[1] == after[0] for before, after in zip(pairs, pairs[1:]))
    assert chunks.run(list_chunks, 0, chunks.MIN_THREAD_BYTES) == []


def test_the_size_of_a_chunk():
    most, least, count = chunks.MAX_CHUNK_BYTES, chunks.MIN_CHUNK_BYTES, chunks.MIN_CHUNKS
    assert chunks.chunk_size(1000, most // 10) == 10  # it fits the cache,
    assert chunks.chunk_size(8, 3 * most) == 1  # but has at least one item;
    assert chunks.chunk_size(count * 10, (least + most) // 20) == 10  # small work: so many chunks,
    assert chunks.chunk_size(count * 10, least // 15) == 15  # unless chunks would be too small
    assert chunks.chunk_size(3, 1) == 3  # and no more than there are
    assert chunks.chunk_size(3, 0) == 3
    assert chunks.chunk_size(1000, most, min_bytes=5 * most) == 5  # as much as is read anyway


def test_one_thread_does_little_work(threads):
    threads(3)
    for items, nbytes in ((1000, 1), (3, chunks.MIN_THREAD_BYTES // 3)):
        results = chunks.run(list_chunks, items, nbytes)
        assert {thread for _, thread in results} == {threading.get_ident()}


def test_threads_work_at_the_same_time(threads):
    """Each waits for the other: if they ran one after another, the barrier would break."""
    threads(2)
    barrier = threading.Barrier(2, timeout=20)

    def worker(chunks):
        for _ in chunks:
            yield barrier.wait()

    assert sorted(chunks.run(worker, 2, chunks.MAX_CHUNK_BYTES)) == [0, 1]


def test_no_more_threads_than_asked_for(threads):
    threads(7)  # a number that no other test uses
    before = threading.active_count()
    for items in (2, 3, 5, 9) * 20:
        chunks.run(list_chunks, items, chunks.MAX_CHUNK_BYTES)
    assert threading.active_count() <= before + 6


def test_a_thread_that_has_finished_takes_the_next_chunk(threads):
    threads(2)
    slow = threading.get_ident()
    met = threading.Event()

    def worker(chunks):
        for first, _ in chunks:
            if threading.get_ident() == slow:
                assert met.wait(20)  # waits until the other thread has done six
            elif first >= 6:
                met.set()
            yield threading.get_ident()

    assert chunks.run(worker, 8, chunks.MAX_CHUNK_BYTES).count(slow) <= 2


def test_results_are_in_the_order_of_the_chunks(threads):
    threads(3)

    def worker(chunks):
        for first, last in chunks:
            time.sleep(0.001 * (first % 3))
            yield first

    assert chunks.run(worker, 30, chunks.MAX_CHUNK_BYTES) == list(range(30))


def test_a_worker_may_yield_nothing(threads):
    threads(2)
    done = []

    def worker(chunks):
        for first, last in chunks:
            done.append(first)

    assert chunks.run(worker, 6, chunks.MAX_CHUNK_BYTES) == [None] * 6
    assert sorted(done) == list(range(6))


def test_a_worker_cannot_divide_its_own_work(threads):
    threads(2)

    def worker(pairs):
        for _ in pairs:
            yield chunks.run(list_chunks, 2, chunks.MAX_CHUNK_BYTES)

    with pytest.raises(RuntimeError, match="inside a worker"):
        chunks.run(worker, 4, chunks.MAX_CHUNK_BYTES)
    assert len(chunks.run(list_chunks, 2, chunks.MAX_CHUNK_BYTES)) == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_exception_in_any_thread_is_raised_when_all_have_finished(threads, failing):
    threads(3)
    started, ended, barrier = [], [], threading.Barrier(3, timeout=20)

    def worker(chunks):
        for first, _ in chunks:
            started.append(first)
            barrier.wait()  # all three have begun
            if first == failing:
                raise ZeroDivisionError(f"chunk {first}")
            time.sleep(0.05)  # others are still working when it fails
            ended.append(first)

    with pytest.raises(ZeroDivisionError, match=f"chunk {failing}"):
        chunks.run(worker, 3, chunks.MAX_CHUNK_BYTES)
    assert sorted(started) == [0, 1, 2] and sorted(ended + [failing]) == [0, 1, 2]
    pairs = [chunk for chunk, _ in chunks.run(list_chunks, 2, chunks.MAX_CHUNK_BYTES)]
    assert pairs == [(0, 1), (1, 2)]  # work goes on


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def needs_blas_threads():
    if not blas_threads():
        pytest.skip("NumPy's BLAS (Apple's Accelerate) has no number of threads to set")


def test_blas_has_one_thread_inside_and_its_own_number_outside(threads):
    needs_blas_threads()
    threads(2)
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with chunks.one_blas_thread():
            assert set(blas_threads()) == {1}
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError), chunks.one_blas_thread():
            1 / 0
        assert blas_threads() == before


def test_each_thread_of_a_convolution_has_one_blas_thread(threads, monkeypatch):
    needs_blas_threads()
    threads(2)
    seen, matmul = set(), np.matmul

    def watched(*args, **kwargs):
        seen.update(blas_threads())
        return matmul(*args, **kwargs)

    monkeypatch.setattr(np, "matmul", watched)
    with threadpool_limits(limits=2, user_api="blas"):
        results("conv2d")
        assert seen == {1} and set(blas_threads()) == {2}


def test_blas_is_as_before_when_several_python_threads_compute_at_once(threads):
    needs_blas_threads()
    threads(1)
    with threadpool_limits(limits=2, user_api="blas"):
        pass  # no thread has BLAS limited now
    before, inside = blas_threads(), []

    def call():
        for _ in range(20):
            with chunks.one_blas_thread():
                inside.append(set(blas_threads()))
                time.sleep(0.002)  # long enough for the others to begin

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert inside == [{1}] * 80 and blas_threads() == before


FORK = """
import os, signal, threading
import numpy as np
from minires import backend
from minires.kernels import cpu
from minires.kernels.cpu import chunks

backend.set_num_threads(2)
x, w = np.ones((24, 20, 20, 16), np.float32), np.ones((3, 3, 16, 16), np.float32)
y, _ = cpu.conv2d.forward(x, w)                    # starts threads that the child will not have
child = os.fork()
if child == 0:
    signal.alarm(20)                               # a child that waits for them would wait for ever
    again, _ = cpu.conv2d.forward(x, w)
    together = threading.Barrier(2)                # passed only by two threads at the same time

    def worker(chunks):
        for _ in chunks:
            together.wait()

    chunks.run(worker, 2, chunks.MAX_CHUNK_BYTES)
    os._exit(0 if np.array_equal(y, again) else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_can_compute():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_while_blas_is_put_back(threads, monkeypatch):
    needs_blas_threads()
    threads(1)
    before = blas_threads()
    controller = type(chunks._blas().lib_controllers[0])
    set_threads, calls = controller.set_num_threads, []

    def interrupted(library, number):
        calls.append(number)
        if len(calls) == 2:  # the first call limits BLAS, the second is to put it back
            raise KeyboardInterrupt
        return set_threads(library, number)

    monkeypatch.setattr(controller, "set_num_threads", interrupted)
    with pytest.raises(KeyboardInterrupt), chunks.one_blas_thread():
        pass
    assert blas_threads() == before
