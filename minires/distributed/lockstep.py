"""Run several computations in turn, which exchange arrays with each other now and then.

A rank may compute several shards of a batch. None of them can run to its end alone: in each batch
norm it needs the sums of all others. So each has a thread of its own, but only one thread runs at a
time: up to its next exchange, then the next thread. The threads serve only as functions that can
pause; the kernels inside use all cores as usual.
"""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from ..errors import GraphError
from ..types import Array

Result = TypeVar("Result")
Exchange = Callable[[Array], list[Array]]  # takes this computation's array, returns those of all
ExchangeAll = Callable[[list[Array]], list[Array]]

DONE, FAILED, WAITS = "done", "failed", "waits"


class _Stop(BaseException):
    """Ends a computation that waits, because another one has failed."""


class _Turns:
    """A computation in a thread of its own, which runs only while `go_on` waits for it."""

    def __init__(self, threads: ThreadPoolExecutor, task: Callable[[Exchange], Any]) -> None:
        self.inbox: SimpleQueue[list[Array] | None] = SimpleQueue()
        self.outbox: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.ended = False
        # In a copy of the context, so that the thread sees no_grad and swapped kernels.
        threads.submit(contextvars.copy_context().run, self._work, task)

    def go_on(self, arrays: list[Array]) -> tuple[str, Any]:
        """Let the thread run to its next exchange or its end, with the arrays of the last exchange.

        Returns (WAITS, array), (DONE, result) or (FAILED, error).
        """
        self.inbox.put(arrays)
        state, value = self.outbox.get()
        self.ended = state != WAITS
        return state, value

    def stop(self) -> None:
        """End the thread, if it still waits."""
        if not self.ended:
            self.inbox.put(None)

    def _work(self, task):
        try:
            self._wait()
            self.outbox.put((DONE, task(self._exchange)))
        except _Stop:
            pass
        except BaseException as error:
            self.outbox.put((FAILED, error))

    def _exchange(self, array):
        self.outbox.put((WAITS, array))
        return self._wait()

    def _wait(self):
        arrays = self.inbox.get()
        if arrays is None:
            raise _Stop
        return arrays


def run(
    tasks: list[Callable[[Exchange], Result]], exchange: ExchangeAll, threads: ThreadPoolExecutor
) -> list[Result]:
    """Run all tasks in turn, and return their results.

    Parameters
    ----------
    tasks : list of callables
        Each takes a function ``exchange(array)``, and calls it where it needs the arrays of all
        tasks, which are returned. All tasks must call it equally often, with arrays of the same
        shape and dtype.
    exchange : callable
        Takes the arrays of all tasks of this rank, and returns those of all ranks.
    threads : ThreadPoolExecutor
        An idle thread for each task. If they are used again in the next call, so are the buffers
        that belong to them.

    Raises
    ------
    GraphError
        If some tasks are done while others wait for an exchange.
    Exception
        The first error that a task raises; the other tasks are stopped.
    """
    if len(tasks) == 1:  # needs no thread
        return [tasks[0](lambda array: exchange([array]))]
    turns = [_Turns(threads, task) for task in tasks]
    arrays: list[Array] = []
    try:
        while True:
            values: list[Any] = []
            states = set()
            for turn in turns:
                state, value = turn.go_on(arrays)
                if state == FAILED:
                    raise value
                states.add(state)
                values.append(value)
            if states == {DONE}:
                return values
            if DONE in states:
                raise GraphError(
                    "shards of a batch",
                    "the net computed something else for some of them",
                    "the same layers for each shard",
                    "other ones",
                    "draw at random only from generators that are attributes of the net",
                )
            arrays = exchange(values)
    finally:
        for turn in turns:
            turn.stop()
