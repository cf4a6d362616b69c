"""Timing two or more sides by turns, each in a process of its own.

In one process their threads, memory and BLAS settings would get in each other's way. Taking turns, step by step,
spreads whatever else the machine does evenly over the sides.
"""

import multiprocessing
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

SHORTEST = 0.05              # seconds; quicker work is repeated within one sample
PAUSE = 0.01                 # seconds between two samples: the threads of the last one go to sleep


class Worker:
    """A side of a comparison, waiting in a process of its own for what it is to do."""

    def __init__(self, side, threads):
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, side, threads), daemon=True)
        self._process.start()

    def ask(self, what, *arguments):
        """Have one of the functions of `_serve` called there; its result."""
        self._pipe.send((what, arguments))
        kind, answer = self._pipe.recv()
        if kind == "error":
            raise answer
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.join()


def _serve(pipe, side, threads):
    from .sides import SIDES

    side = SIDES[side](threads)
    state = {}

    def prepare(work):
        state.clear()                                      # lets go of what the last work needed
        state["step"], results = side.prepare(work)
        state["step"]()
        return [np.array(array) for array in results()]

    def sample(repeats):
        started = time.perf_counter()
        for _ in range(repeats):
            state["step"]()
        return (time.perf_counter() - started) / repeats

    def peak_memory():
        """In bytes, of this process since it began."""
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise OSError("/proc/self/status does not say what the peak memory was")

    functions = {"prepare": prepare, "sample": sample, "peak_memory": peak_memory}
    while True:
        try:
            what, arguments = pipe.recv()
            pipe.send(("result", functions[what](*arguments)))
        except (EOFError, KeyboardInterrupt):
            return
        except Exception as error:
            pipe.send(("error", error))


@contextmanager
def at_work(sides, threads):
    """A worker for each side, by name."""
    with ExitStack() as stack:
        yield {side: stack.enter_context(Worker(side, threads)) for side in sides}


def compare(work, workers, rounds):
    """Time `work` on every side, by turns.

    Returns
    -------
    dict
        For each side its ``seconds``, one for each round; and the largest ``difference`` between the first side's
        results and another's, relative to the size (Euclidean norm) of the array.

    Raises
    ------
    AssertionError
        If the sides do not compute the same.
    """
    ours, *others = [worker.ask("prepare", work.check()) for worker in workers.values()]
    difference = max((_difference(ours, theirs) for theirs in others), default=0.0)
    assert difference <= work.tolerance, f"{work.name}: the sides differ by {difference:.2g}"
    for worker in workers.values():
        worker.ask("prepare", work)
    repeats = {side: max(1, int(SHORTEST / worker.ask("sample", 1))) for side, worker in workers.items()}
    seconds = {side: [] for side in workers}
    for _ in range(rounds):
        for side, worker in workers.items():
            time.sleep(PAUSE)
            seconds[side].append(worker.ask("sample", repeats[side]))
    return {"seconds": seconds, "difference": difference}


def _difference(ours, theirs):
    assert [array.shape for array in ours] == [array.shape for array in theirs]
    return max(float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30)) for a, b in zip(ours, theirs))


def peak_memory(work, side, threads, steps=3):
    """(before, peak) memory in bytes of a fresh process that takes some steps: with the library loaded, and at most."""
    with Worker(side, threads) as worker:
        before = worker.ask("peak_memory")
        worker.ask("prepare", work)
        for _ in range(steps):
            worker.ask("sample", 1)
        return before, worker.ask("peak_memory")
