"""Worlds to test with: ranks that are threads of this process, and ranks that mpiexec starts."""

import copy
import os
import shutil
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from minires.distributed import World

ROOT = Path(__file__).parents[2]
BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
needs_mpi = pytest.mark.skipif(
    find_spec("mpi4py") is None or MPIEXEC is None,
    reason='several processes need mpi4py and an mpiexec: pip install "minires[mpi]"',
)
ALLOWED = {  # Open MPI needs these to run as root, and with more ranks than cores
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


class ThreadWorld(World):
    """A rank that is a thread. The messages of all ranks are in a list, and two barriers keep
    rounds apart."""

    def __init__(self, rank, slots, barrier):
        self.rank, self.size, self.slots, self.barrier = rank, len(slots), slots, barrier

    def gather(self, value):
        self.slots[self.rank] = value
        self.barrier.wait(60)
        found = copy.deepcopy(self.slots)  # the receiver owns the content of a message
        self.barrier.wait(60)
        return found

    def share(self, value):
        return self.gather(value)[0]

    def gather_rows(self, rows, counts):
        found = self.gather(rows)
        assert [len(part) for part in found] == counts
        return np.concatenate(found)

    def swap(self, numbers, sent, received):
        parts = np.split(numbers, np.cumsum(sent)[:-1])
        found = [all_parts[self.rank] for all_parts in self.gather(parts)]
        assert [len(part) for part in found] == received
        return np.concatenate(found)


def on_ranks(size, work):
    """The results of ``work(world)`` on that many ranks; an error of any of them is raised."""
    slots, barrier, results, errors = [None] * size, threading.Barrier(size), [None] * size, []

    def rank(number):
        try:
            results[number] = work(ThreadWorld(number, slots, barrier))
        except threading.BrokenBarrierError:
            pass  # another rank failed
        except BaseException as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=rank, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def command(ranks, *words):
    """The command that starts Python on that many ranks."""
    return [MPIEXEC, "-n", str(ranks), sys.executable, "-m", "mpi4py", *map(str, words)]


def environment():
    return {**os.environ, **ALLOWED, "PYTHONPATH": str(ROOT)}


def mpiexec(ranks, *words, cwd, timeout=120):
    """Run Python on so many ranks, to its end."""
    return subprocess.run(
        command(ranks, *words),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
    )
