"""Time two or more sides by turns, each in a process of its own.

In one process their threads, memory and BLAS settings would disturb each other. The sides take
turns, sample by sample, so that whatever else the machine does falls evenly on all of them.
"""

import multiprocessing
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np

SHORTEST = 0.05  # seconds of a sample; quicker steps are repeated within it
PAUSE = 0.01  # seconds between two samples: the threads of the last one go to sleep
WARM_UP = 2  # steps before the first sample; the last one sets how often a step is repeated
MEMORY_STEPS = 3  # training steps before the peak memory is read


class Worker:
    """A process that holds one side of a comparison and waits for calls.

    Parameters
    ----------
    side : str
        A key of the dict ``SIDES`` in the module `where`, whose values make the sides.
    *settings
        Arguments for that value, such as the number of threads.
    where : str
        The module's name.
    timeout : float, optional
        Seconds to wait for a result. By default there is no limit.
    """

    def __init__(self, side, *settings, where="benchmarks.sides", timeout=None):
        self._arguments, self._timeout = (side, settings, where), timeout
        self._start()

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, *self._arguments), daemon=True)
        self._process.start()

    def call(self, name, *arguments):
        """Call one of the functions of `_serve` in the other process and return its result.

        Raises
        ------
        RuntimeError
            If the process died.
        TimeoutError
            If there is no result in time.
        Exception
            Whatever the function raised there; see `_sendable`.
        """
        try:
            self._pipe.send((name, arguments))
            in_time = self._pipe.poll(self._timeout)
            late = ("error", TimeoutError(f"no answer within {self._timeout} s"))
            kind, answer = self._pipe.recv() if in_time else late
        except (EOFError, OSError):
            raise RuntimeError("its process died") from None
        if kind == "error":
            raise answer
        return answer

    def restart(self):
        """Continue in a new process. After an error, a GPU refuses every further call of the old
        process.
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
    """Make the side, then answer calls until the pipe is closed. This runs in the new process."""
    try:
        side, failure = import_module(where).SIDES[side](*settings), None
    except Exception as error:
        failure = error  # raised by the first call, where somebody waits for it
    state = {}

    def prepare(work):
        """Take the first step, and return its results as NumPy arrays."""
        state.clear()  # frees the arrays of the last work before `release`
        side.release()
        state["step"], results = side.prepare(work)
        state["step"]()
        return [np.array(array) for array in results()]

    def sample(repeats):
        """Seconds of a step, averaged over `repeats` of them."""
        started = time.perf_counter()
        for _ in range(repeats):
            state["step"]()
        side.synchronize()
        return (time.perf_counter() - started) / repeats

    def launches():
        from .launches import profile

        return profile(state["step"], side.synchronize)

    def peak_memory():
        """Bytes, the most that this process has had since it began."""
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise OSError("/proc/self/status: no peak memory: expected a line VmHWM")

    functions = {
        "prepare": prepare,
        "sample": sample,
        "launches": launches,
        "peak_memory": peak_memory,
    }
    while True:
        try:
            name, arguments = pipe.recv()
            if failure is not None:
                raise failure
            pipe.send(("result", functions[name](*arguments)))
        except (EOFError, KeyboardInterrupt):
            return
        except Exception as error:
            pipe.send(("error", _sendable(error)))


def _sendable(error):
    """The error itself if it is built in, else a RuntimeError with its text: not every library's
    errors can be pickled, and the library need not be installed in the other process.
    """
    if type(error).__module__ == "builtins":
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def workers_for(sides, *settings, **options):
    """Within: a dict with a `Worker` for each side. Settings and options are those of `Worker`."""
    with ExitStack() as stack:
        yield {side: stack.enter_context(Worker(side, *settings, **options)) for side in sides}


def compare(work, workers, rounds, failed=None):
    """Check that all sides compute the same, then time `work` on each of them by turns.

    Parameters
    ----------
    work : Net, Kernel or SGDStep
    workers : dict of str to Worker
        From `workers_for`.
    rounds : int
        Samples of each side.
    failed : dict, optional
        A side that fails is added here, with the reason in one line, and the others are timed.
        Without this dict its error is raised.

    Returns
    -------
    dict
        ``seconds``: for each side that did not fail, a list of seconds a step, one for each round.
        ``difference``: the largest difference between the first side's arrays and another side's,
        as a fraction of the array's Euclidean norm.

    Raises
    ------
    AssertionError
        Without `failed`, if the sides do not compute the same.
    Exception
        Without `failed`, whatever a side raised.
    """
    workers = dict(workers)  # the workers that have not failed
    results = call_all(workers, "prepare", work.check(), failed=failed)
    ours, difference = next(iter(results.values()), None), 0.0
    for side, theirs in list(results.items())[1:]:
        try:
            difference = max(difference, check(work, ours, theirs))
        except AssertionError as error:
            _drop(workers, side, error, failed)
    call_all(workers, "prepare", work, failed=failed)
    for _ in range(WARM_UP):
        last = call_all(workers, "sample", 1, failed=failed)
    repeats = {side: max(1, int(SHORTEST / last[side])) for side in workers}
    seconds = {side: [] for side in workers}
    for _ in range(rounds):
        for side, worker in list(workers.items()):
            time.sleep(PAUSE)
            sample = call_all({side: worker}, "sample", repeats[side], failed=failed)
            if sample:
                seconds[side].append(sample[side])
            else:
                del workers[side]
    return {"seconds": {side: seconds[side] for side in workers}, "difference": difference}


def call_all(workers, name, *arguments, failed=None):
    """Call a function in every worker and return the results by side. A side that fails is taken
    out of `workers`; see `compare` for `failed`.
    """
    answers = {}
    for side, worker in list(workers.items()):
        try:
            answers[side] = worker.call(name, *arguments)
        except Exception as error:
            _drop(workers, side, error, failed)
    return answers


def _drop(workers, side, error, failed):
    """Note a side that failed and restart its process; raise the error if `failed` is None."""
    if failed is None:
        raise error
    failed[side] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    workers.pop(side).restart()


def check(work, ours, theirs):
    """The difference between two sides' results; see `relative_difference`.

    Raises
    ------
    AssertionError
        If it is larger than `work` tolerates, or not finite.
    """
    found = relative_difference(ours, theirs)
    assert found <= work.tolerance, (
        f"{work.name}: the sides differ by {found:.2g}: expected at most {work.tolerance:.2g}"
    )
    return found


def relative_difference(ours, theirs):
    """The largest of ||a - b|| / ||b|| over the pairs of arrays; nan if an array holds nan.

    Parameters
    ----------
    ours, theirs : list of ndarray
        Of the same shapes.

    Raises
    ------
    AssertionError
        If the shapes differ.
    """
    shapes, others = ([array.shape for array in arrays] for arrays in (ours, theirs))
    assert shapes == others, f"the sides give arrays of other shapes: {shapes} and {others}"
    relative = [np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30) for a, b in zip(ours, theirs)]
    return float(np.max(relative))  # the built-in max can lose a nan


def peak_memory(work, side, threads):
    """Memory of a fresh process that takes a few steps of `work`, on Linux.

    Returns
    -------
    before, peak : int
        Bytes: the most it needed to load the library, and the most it needed in all.

    Raises
    ------
    OSError
        Where ``/proc/self/status`` does not say.
    """
    with Worker(side, threads) as worker:
        before = worker.call("peak_memory")
        worker.call("prepare", work)
        for _ in range(MEMORY_STEPS):
            worker.call("sample", 1)
        return before, worker.call("peak_memory")
