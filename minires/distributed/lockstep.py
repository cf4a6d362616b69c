"""Several computations in turn, which now and then exchange arrays with each other.

A rank may compute several shards of a batch. None of them can run to its end alone: in each batch
norm it waits for the sums of all others. So each has a thread of its own, and one runs at a time:
each up to its next exchange, then the next one. Threads serve here as functions that can pause;
the kernels inside use all cores as always.
"""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from ..errors import GraphError
from ..types import Array

Result = TypeVar("Result")
Exchange = Callable[[Array], list[Array]]  # one array of this computation, and those of all
ExchangeAll = Callable[[list[Array]], list[Array]]

DONE, FAILED, WAITS = "done", "failed", "waits"


class _Stop(BaseException):
    """Another computation has failed: end this one."""


class _Turns:
    """A computation in a thread of its own, that runs when told to."""

    def __init__(self, threads: ThreadPoolExecutor, task: Callable[[Exchange], Any]) -> None:
        self.heard: SimpleQueue[list[Array] | None] = SimpleQueue()
        self.said: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.ended = False
        threads.submit(
            contextvars.copy_context().run, self._work, task
        )  # recording, kernels in use

    def go_on(self, arrays: list[Array]) -> tuple[str, Any]:
        """Run to the next exchange or the end: what happened there, and what it has to say."""
        self.heard.put(arrays)
        what, said = self.said.get()
        self.ended = what != WAITS
        return what, said

    def stop(self) -> None:
        """Have the thread end where it waits."""
        if not self.ended:
            self.heard.put(None)

    def _work(self, task):
        try:
            self._wait()
            self.said.put((DONE, task(self._exchange)))
        except _Stop:
            pass
        except BaseException as error:
            self.said.put((FAILED, error))

    def _exchange(self, array):
        self.said.put((WAITS, array))
        return self._wait()

    def _wait(self):
        arrays = self.heard.get()
        if arrays is None:
            raise _Stop
        return arrays


def run(
    tasks: list[Callable[[Exchange], Result]], exchange: ExchangeAll, threads: ThreadPoolExecutor
) -> list[Result]:
    """The results of all tasks, computed in turn.

    Parameters
    ----------
    tasks : list of callables
        Each is given a function, and calls it with an array where it needs those of all others. All
        tasks call it equally often, with arrays of the same shape and dtype.
    exchange : callable
        Takes the arrays of all tasks here, and returns those of all tasks everywhere.
    threads : ThreadPoolExecutor
        As many as there are tasks, and idle. Kept from call to call, they keep their buffers.

    Raises
    ------
    GraphError
        If some tasks are done while others wait.
    Exception
        What a task raises, once the others have been stopped.
    """
    if len(tasks) == 1:  # no one to take turns with
        return [tasks[0](lambda array: exchange([array]))]
    turns = [_Turns(threads, task) for task in tasks]
    arrays: list[Array] = []
    try:
        while True:
            said: list[Any] = []
            states = set()
            for turn in turns:
                state, value = turn.go_on(arrays)
                if state == FAILED:
                    raise value
                states.add(state)
                said.append(value)
            if states == {DONE}:
                return said
            if DONE in states:
                raise GraphError(
                    "shards of a batch",
                    "the net computed something else for some of them",
                    "the same layers for each shard",
                    "other ones",
                    "draw at random only from generators that are attributes of the net",
                )
            arrays = exchange(said)
    finally:
        for turn in turns:
            turn.stop()
