"""Sharing work among threads: the same results, and nothing left changed around them."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minires.kernels import cpu
from minires.kernels.cpu import parallel

from .checks import assert_close, random_arrays, run

# Large enough for several shares.
LARGE = {
    "conv2d": ([(24, 20, 20, 16), (3, 3, 16, 16)], {"padding": 1}),
    "batch_norm": ([(48, 32, 32, 16), (16,), (16,)], {}),
}
every_large_kernel = pytest.mark.parametrize("name", LARGE)


@pytest.fixture
def shares(monkeypatch):
    """A list that grows by the number of shares of every call of `parallel.run`."""
    counts, original = [], parallel.run

    def counting(*args, **kwargs):
        results = original(*args, **kwargs)
        counts.append(len(results))
        return results

    monkeypatch.setattr(parallel, "run", counting)
    return counts


def results(name, dtype=np.float32):
    shapes, settings = LARGE[name]
    y, gradients, _ = run(getattr(cpu, name), [array.astype(dtype) for array in random_arrays(*shapes)], settings)
    return y, *gradients


@every_large_kernel
@pytest.mark.parametrize("count", [1, 2, 3])
def test_same_threads_same_bits(name, count, threads, shares):
    threads(count)
    first, second = results(name), results(name)
    assert set(shares) == {count}                                  # the work really was shared
    assert all(np.array_equal(a, b) for a, b in zip(first, second))


@every_large_kernel
def test_other_threads_same_numbers_but_for_rounding(name, threads, shares):
    threads(1)
    expected = results(name, np.float64)
    for count in (2, 3):
        threads(count)
        for got, right in zip(results(name, np.float64), expected):
            assert_close(got, right, tolerance=1e-12)
    assert set(shares) == {1, 2, 3}


def test_shares_cover_every_item_once(threads):
    threads(3)
    shares = parallel.run(lambda start, stop: list(range(start, stop)), 10, parallel.SHARE_BYTES)
    assert shares == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]


def test_little_work_is_not_shared(threads):
    threads(3)
    assert len(parallel.run(lambda start, stop: threading.get_ident(), 10, 1)) == 1
    assert len(parallel.run(lambda start, stop: None, 0, parallel.SHARE_BYTES)) == 1
    assert len(parallel.run(lambda start, stop: None, 1, 100 * parallel.SHARE_BYTES)) == 1


def test_shares_run_at_the_same_time(threads):
    """Each share waits for the other: one after another, they would wait for ever (here: until the barrier breaks)."""
    threads(2)
    barrier = threading.Barrier(2, timeout=20)
    assert len(parallel.run(lambda start, stop: barrier.wait(), 2, parallel.SHARE_BYTES)) == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_exception_in_any_thread_surfaces_when_all_are_done(threads, failing):
    threads(3)
    done = []

    def work(start, stop):
        if start == failing:
            raise ZeroDivisionError(f"share {start}")
        time.sleep(0.05)                                           # the others are still at work when it fails
        done.append(start)

    with pytest.raises(ZeroDivisionError, match=f"share {failing}"):
        parallel.run(work, 3, parallel.SHARE_BYTES)
    assert sorted(done + [failing]) == [0, 1, 2]
    assert parallel.run(lambda start, stop: start, 3, parallel.SHARE_BYTES) == [0, 1, 2]           # and work goes on


def test_pieces_cover_a_share_and_fit_the_cache():
    pieces = parallel.pieces(3, 50, parallel.PIECE_BYTES // 10)
    assert pieces[0][0] == 3 and pieces[-1][1] == 50
    assert all(before[1] == after[0] for before, after in zip(pieces, pieces[1:]))
    assert max(stop - start for start, stop in pieces) == 10
    assert parallel.pieces(0, 2, 10 * parallel.PIECE_BYTES) == [(0, 1), (1, 2)]                    # at least one item each
    assert parallel.pieces(5, 5, 1) == []


def test_scratch_is_reused_and_each_threads_own(threads):
    threads(2)
    first = parallel.scratch("test", (3, 4), np.float32)
    assert first.shape == (3, 4) and first.dtype == np.float32
    assert np.shares_memory(first, parallel.scratch("test", (2, 2), np.float64))
    assert not np.shares_memory(first, parallel.scratch("another", (3, 4), np.float32))
    mine, others = parallel.run(lambda start, stop: parallel.scratch("test", (3, 4), np.float32), 2, parallel.SHARE_BYTES)
    assert np.shares_memory(first, mine) and not np.shares_memory(mine, others)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_runs_on_one_thread_inside_and_as_before_outside(threads):
    if not blas_threads():
        pytest.skip("this NumPy's matrix products (Apple's Accelerate) have no number of threads to set")
    threads(2)
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        inside = parallel.run(lambda start, stop: blas_threads(), 2, parallel.SHARE_BYTES)
        assert all(set(seen) == {1} for seen in inside)
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            parallel.run(lambda start, stop: 1 / 0, 2, parallel.SHARE_BYTES)
        assert blas_threads() == before
        results("conv2d")
        assert blas_threads() == before


def test_blas_is_as_before_when_several_python_threads_compute_at_once(threads):
    if not blas_threads():
        pytest.skip("this NumPy's matrix products (Apple's Accelerate) have no number of threads to set")
    threads(1)
    with threadpool_limits(limits=2, user_api="blas"):
        pass                                               # leaves no thread in charge of BLAS
    before, inside = blas_threads(), []

    def look(start, stop):
        inside.append(set(blas_threads()))
        time.sleep(0.002)                                  # long enough for the others to come in

    callers = [threading.Thread(target=lambda: [parallel.run(look, 1, 1) for _ in range(20)]) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert inside == [{1}] * 80 and blas_threads() == before


FORK = """
import os, signal
import numpy as np
from minires import backend
from minires.kernels import cpu

backend.set_num_threads(2)
x, w = np.ones((24, 20, 20, 16), np.float32), np.ones((3, 3, 16, 16), np.float32)
y, _ = cpu.conv2d.forward(x, w)                    # starts the threads, which the child will not have
child = os.fork()
if child == 0:
    signal.alarm(20)                               # a child that waits for them would wait for ever
    again, _ = cpu.conv2d.forward(x, w)
    os._exit(0 if np.array_equal(y, again) else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_can_compute():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
