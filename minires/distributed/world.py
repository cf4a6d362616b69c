"""The processes of one training, and the messages between them.

A `World` is one process alone, an `MPIWorld` several. As in MPI, all ranks must call the same
methods in the same order.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from ..types import Array

Value = TypeVar("Value")


class World:
    """One process alone: it is the only rank, and receives what it sends.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many processes there are.
    """

    rank, size = 0, 1

    def gather(self, value: Value) -> list[Value]:
        """The values that all ranks passed, in the order of the ranks. They must be picklable."""
        return [value]

    def share(self, value: Value) -> Value:
        """The value that rank 0 passed, on all ranks."""
        return value

    def gather_rows(self, rows: Array, counts: list[int]) -> Array:
        """The rows (counts[rank], n) of all ranks, one below another: (sum(counts), n)."""
        return rows

    def swap(self, numbers: Array, sent: list[int], received: list[int]) -> Array:
        """Send each rank its part of `numbers`; return the parts that all ranks sent to this one.

        Parameters
        ----------
        numbers : array (sum(sent),)
            The part for rank 0, then the part for rank 1, and so on.
        sent, received : list of int
            How many numbers go to each rank, and come from each rank.

        Returns
        -------
        array (sum(received),)
            In the order of the ranks.
        """
        return numbers

    @contextmanager
    def one_after_rank_0(self) -> Iterator[None]:
        """Within: rank 0 runs first, then all others, which find the files that it has fetched."""
        yield


class MPIWorld(World):
    """The ranks of an MPI communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
    """

    def __init__(self, comm: Any) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.last = comm.Dup()  # for `all_arrive`: messages on `comm` may never arrive by then

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
        """Shut MPI down. All ranks must call this."""
        from mpi4py import MPI

        MPI.Finalize()

    def all_arrive(self, seconds: float) -> bool:
        """Whether all ranks call this within so many seconds."""
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
    """The world of a process that works alone."""
    return _alone
