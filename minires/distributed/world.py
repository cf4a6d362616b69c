"""The processes of one training, and what they say to each other.

A `World` is one process alone, and `MPIWorld` are several: every method is called by all ranks, in
the same order, as it is with MPI.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from ..types import Array

Value = TypeVar("Value")


class World:
    """One process that is all ranks at once: what it says, it hears.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.
    """

    rank, size = 0, 1

    def gather(self, value: Value) -> list[Value]:
        """What every rank passed, in the order of the ranks: anything that can be pickled."""
        return [value]

    def share(self, value: Value) -> Value:
        """What rank 0 passed, on all ranks."""
        return value

    def gather_rows(self, rows: Array, counts: list[int]) -> Array:
        """The rows (counts[rank], n) of all ranks, one below the other: (sum(counts), n)."""
        return rows

    def swap(self, numbers: Array, sent: list[int], received: list[int]) -> Array:
        """Send each rank its part of `numbers`; returns what all ranks sent to this one.

        Parameters
        ----------
        numbers : array (sum(sent),)
            First what rank 0 gets, and so on.
        sent, received : list of int
            How many numbers go to each rank, and come from it.
        """
        return numbers

    @contextmanager
    def one_after_rank_0(self) -> Iterator[None]:
        """Within: rank 0 runs first, for files that it fetches and others find; then all others."""
        yield


class MPIWorld(World):
    """The ranks of an MPI communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
    """

    def __init__(self, comm: Any) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.last = comm.Dup()  # for the last message, beside others that may never arrive

    def gather(self, value: Value) -> list[Value]:
        return self.comm.allgather(value)

    def share(self, value: Value) -> Value:
        return self.comm.bcast(value)

    def gather_rows(self, rows: Array, counts: list[int]) -> Array:
        n = rows.shape[1]
        all_rows = np.empty((sum(counts), n), rows.dtype)
        sizes = [count * n for count in counts]
        self.comm.Allgatherv(np.ascontiguousarray(rows), [all_rows, sizes])
        return all_rows

    def swap(self, numbers: Array, sent: list[int], received: list[int]) -> Array:
        found = np.empty(sum(received), numbers.dtype)
        self.comm.Alltoallv([np.ascontiguousarray(numbers), sent], [found, received])
        return found

    def leave(self) -> None:
        """Take leave of the other ranks, all of which do the same."""
        from mpi4py import MPI

        MPI.Finalize()

    def all_arrive(self, seconds: float) -> bool:
        """Whether all ranks call this, within so many seconds: it does not wait for ever."""
        arrival, end = self.last.Ibarrier(), time.monotonic() + seconds
        while not arrival.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    @contextmanager
    def one_after_rank_0(self) -> Iterator[None]:
        if self.rank:
            self.comm.Barrier()
        yield
        if not self.rank:
            self.comm.Barrier()


_alone = World()


def alone() -> World:
    """The world of a process that nobody else takes part in."""
    return _alone
