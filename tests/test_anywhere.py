"""Inside other people's programs: the same bits in every kind of process, with any number of
threads."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

PROGRAM = "from tests.test_anywhere import gradient; print(gradient())"


def gradient():
    """A fingerprint of the gradients of a net so large that its kernels share their work."""
    import numpy as np

    from minires import Tensor, models, optim
    from minires import functional as F

    net, rng = models.resnet(8), np.random.default_rng(0)
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(
            net(Tensor(rng.standard_normal((48, 32, 32, 3), np.float32))), rng.integers(0, 10, 48)
        ).backward()
        optimizer.step()
    return hashlib.sha256(
        b"".join(parameter.data.tobytes() for parameter in net.parameters())
    ).hexdigest()


@pytest.fixture(scope="module")
def expected():
    return gradient()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_any_number_of_threads(expected, threads, count):
    threads(count)
    assert gradient() == expected


@pytest.mark.parametrize(
    "variables",
    [
        {"OMP_NUM_THREADS": "1"},
        {"OMP_NUM_THREADS": "3,2"},
        {"MINIRES_THREADS": "4"},
        {"OPENBLAS_NUM_THREADS": "1"},
    ],
    ids=str,
)
def test_threads_set_by_a_cluster(expected, variables):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OMP_NUM_THREADS", "MINIRES_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system cannot keep a process to one core"
)
def test_one_core(expected):
    program = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + PROGRAM
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize("kind", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_process(expected, threads, kind):
    threads(2)
    gradient()  # the parent's threads are running, the child's are its own
    with multiprocessing.get_context(kind).Pool(1) as pool:
        assert pool.apply_async(gradient).get(timeout=120) == expected


def test_several_threads_of_the_caller(expected):
    found = []
    callers = [threading.Thread(target=lambda: found.append(gradient())) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [expected] * 3


NOTEBOOK = """
import asyncio
from tests.test_anywhere import gradient

async def cell():  # a notebook kernel runs its cells inside an event loop
    loop = asyncio.get_running_loop()
    return gradient(), await loop.run_in_executor(None, gradient)

print(*set(asyncio.run(cell())))
"""


def test_inside_an_event_loop(expected):
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == expected, done.stderr
