"""When one rank fails: one message, and the end of all.

The other ranks wait for the one that failed, in the midst of a sum, and can be told nothing. So it
says what happened and has MPI end all processes. An error that all ranks meet, such as a loss that
is not finite, is to be said once: rank 0 speaks at once, and the others wait to be ended, and speak
only if they were not.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from .joining import joined
from .launcher import launched

PATIENCE = 2.0  # seconds that rank 0 has to end all, and each further rank some more
TURN = 0.2


def several_ranks() -> bool:
    """Whether this process is one of several, as far as anyone has said."""
    return _place()[1] > 1


def wait_for_rank_0() -> str:
    """Give ranks before this one the time to report the same error, and to end all processes.

    Returns
    -------
    str
        Words that say which rank this is, to put before the error; none for rank 0.
    """
    rank, size = _place()
    if rank == 0:
        return ""
    time.sleep(PATIENCE + TURN * rank)
    return f"rank {rank} of {size}: "


@contextlib.contextmanager
def only_rank_0_prints() -> Iterator[None]:
    """Within: what other ranks print is dropped, and if they exit they let rank 0 do so first."""
    if _place()[0] == 0:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        try:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        except SystemExit:
            wait_for_rank_0()
            raise


def _place():
    """(rank, size) of this process: of the world it has joined, else as its launcher says."""
    world, started = joined(), launched()
    if world.size > 1 or started is None:
        return world.rank, world.size
    return started.rank, started.size


def end_all(status: int) -> None:
    """End the processes of all ranks; of a process alone, nothing."""
    world = joined()
    if world.size == 1:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    with contextlib.suppress(OSError):  # MPI would add that it was aborted, and from where
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    world.comm.Abort(status)  # type: ignore[attr-defined]  # several ranks: an MPIWorld
