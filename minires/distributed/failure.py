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

from .joining import joined
from .launcher import launched

PATIENCE = 2.0  # seconds that rank 0 has to end all, and each further rank some more
TURN = 0.2


def wait_for_rank_0() -> str:
    """Give ranks before this one the time to report the same error, and to end all processes.

    Returns
    -------
    str
        Words that say which rank this is, to put before the error; none for rank 0.
    """
    started = launched()  # where no world could be joined, all processes have the same error
    rank, size = joined().rank, joined().size
    if size == 1 and started is not None:
        rank, size = started.rank, started.size
    if rank == 0:
        return ""
    time.sleep(PATIENCE + TURN * rank)
    return f"rank {rank} of {size}: "


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
