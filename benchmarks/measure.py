"""Timing two or more sides by turns, each in a process of its own.

In one process their threads, memory and BLAS settings would get in each other's way. Taking turns,
step by step, spreads whatever else the machine does evenly over the sides.
"""

import multiprocessing
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np

SHORTEST = 0.05  # seconds; quicker work is repeated within one sample
PAUSE = 0.01  # seconds between two samples: the threads of the last one go to sleep
WARM_UP = 2  # steps before the first sample; the last tells how often to repeat


class Worker:
    """A side of a comparison, waiting in a process of its own for what it is to do.

    Parameters
    ----------
    side : str
        Its name in the table SIDES of the module `where`, which holds what makes each side.
    *settings
        What to make it with.
    patience : float, optional
        Seconds after which an answer is no longer waited for.
    """

    def __init__(self, side, *settings, where="benchmarks.sides", patience=None):
        self._arguments, self._patience = (side, settings, where), patience
        self._start()

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, *self._arguments), daemon=True)
        self._process.start()

    def ask(self, what, *arguments):
        """Have one of the functions of `_serve` called there; its result."""
        try:
            self._pipe.send((what, arguments))
            answered = self._pipe.poll(self._patience)
            kind, answer = (
                self._pipe.recv()
                if answered
                else ("error", TimeoutError(f"no answer within {self._patience} s"))
            )
        except (EOFError, OSError):
            raise RuntimeError("its process died") from None
        if kind == "error":
            raise answer
        return answer

    def restart(self):
        """Begin anew in another process: after an error a GPU refuses all that the old one asks of
        it.
        """
        self._stop()
        self._start()

    def _stop(self):
        self._process.terminate()
        self._process.join()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._stop()


def _serve(pipe, side, settings, where):
    try:
        side, failure = import_module(where).SIDES[side](*settings), None
    except Exception as error:
        failure = error  # is told when something is asked for
    state = {}

    def prepare(work):
        state.clear()  # lets go of what the last work needed
        side.release()
        state["step"], results = side.prepare(work)
        state["step"]()
        return [np.array(array) for array in results()]

    def sample(repeats):
        started = time.perf_counter()
        for _ in range(repeats):
            state["step"]()
        side.synchronize()
        return (time.perf_counter() - started) / repeats

    def launches():
        from .launches import profile

        return profile(state["step"], side.synchronize)

    def peak_memory():
        """In bytes, of this process since it began."""
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise OSError("/proc/self/status does not say what the peak memory was")

    functions = {
        "prepare": prepare,
        "sample": sample,
        "launches": launches,
        "peak_memory": peak_memory,
    }
    while True:
        try:
            what, arguments = pipe.recv()
            if failure is not None:
                raise failure
            pipe.send(("result", functions[what](*arguments)))
        except (EOFError, KeyboardInterrupt):
            return
        except Exception as error:
            pipe.send(("error", _sendable(error)))


def _sendable(error):
    """An error that can be made anew in another process: not all of a library's own can, nor need
    it be installed there.
    """
    return (
        error
        if type(error).__module__ == "builtins"
        else RuntimeError(f"{type(error).__name__}: {error}")
    )


@contextmanager
def at_work(sides, *settings, **options):
    """A worker for each side, by name. Settings and options as for `Worker`."""
    with ExitStack() as stack:
        yield {side: stack.enter_context(Worker(side, *settings, **options)) for side in sides}


def compare(work, workers, rounds, failed=None):
    """Time `work` on every side, by turns.

    Parameters
    ----------
    work : Net, Kernel or SGDStep
    workers : dict
        Of `at_work`.
    rounds : int
    failed : dict, optional
        Takes up the sides that fail and why, in one line; the others are timed. Without it an error
        is raised.

    Returns
    -------
    dict
        For each side its ``seconds``, one for each round; and the largest ``difference`` between
        the first side's results and another's, relative to the size (Euclidean norm) of the array.

    Raises
    ------
    AssertionError
        If the sides do not compute the same.
    """
    workers = dict(workers)  # those that have not failed
    results = ask_all(workers, "prepare", work.check(), failed=failed)
    ours, difference = next(iter(results.values()), None), 0.0
    for side, theirs in list(results.items())[1:]:
        try:
            difference = max(difference, check(work, ours, theirs))
        except AssertionError as error:
            _drop(workers, side, error, failed)
    ask_all(workers, "prepare", work, failed=failed)
    for _ in range(WARM_UP):
        first = ask_all(workers, "sample", 1, failed=failed)
    repeats = {side: max(1, int(SHORTEST / first[side])) for side in workers}
    seconds = {side: [] for side in workers}
    for _ in range(rounds):
        for side, worker in list(workers.items()):
            time.sleep(PAUSE)
            sample = ask_all({side: worker}, "sample", repeats[side], failed=failed)
            if sample:
                seconds[side].append(sample[side])
            else:
                del workers[side]
    return {"seconds": {side: seconds[side] for side in workers}, "difference": difference}


def ask_all(workers, what, *arguments, failed=None):
    """The answers of all workers, by side. Those that fail are taken out of `workers` and noted in
    `failed`, if it is given.
    """
    answers = {}
    for side, worker in list(workers.items()):
        try:
            answers[side] = worker.ask(what, *arguments)
        except Exception as error:
            _drop(workers, side, error, failed)
    return answers


def _drop(workers, side, error, failed):
    if failed is None:
        raise error
    failed[side] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    workers.pop(side).restart()


def check(work, ours, theirs):
    """The difference between two sides' results. Raises AssertionError if it is larger than `work`
    tolerates.
    """
    difference = _difference(ours, theirs)
    assert difference <= work.tolerance, f"{work.name}: the sides differ by {difference:.2g}"
    return difference


def _difference(ours, theirs):
    assert [array.shape for array in ours] == [array.shape for array in theirs]
    return float(
        np.max(
            [np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30) for a, b in zip(ours, theirs)]
        )
    )  # nan stays nan


def peak_memory(work, side, threads, steps=3):
    """(before, peak) memory in bytes of a fresh process that takes some steps: with the library
    loaded, and at most.
    """
    with Worker(side, threads) as worker:
        before = worker.ask("peak_memory")
        worker.ask("prepare", work)
        for _ in range(steps):
            worker.ask("sample", 1)
        return before, worker.ask("peak_memory")
