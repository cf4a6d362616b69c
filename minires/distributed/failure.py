"""When ranks fail: print one message, and end all processes.

If one rank fails, the others wait for it in the middle of a sum, and cannot receive any message. So
this rank reports the error itself, and makes MPI end all processes. If all ranks meet the same
error, such as a loss that is not finite, rank 0 reports it for all of them. To find out which of
the two has happened, a rank waits a few seconds for the others.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from .joining import joined
from .launcher import launched
from .world import MPIWorld

PATIENCE = 3.0  # seconds to wait for other ranks: if all fail together, they need less


def several_ranks() -> bool:
    """Whether this process is one of several ranks, by what is known so far."""
    return _place()[1] > 1


def should_report() -> bool:
    """Whether this rank should report the error that it met.

    Rank 0 always does. Another rank does unless all ranks have failed. Call this once, before
    `end_all`.
    """
    global _all_fail
    if _place()[0] == 0:
        return True
    world = joined()
    with contextlib.suppress(KeyboardInterrupt):  # the signal by which launchers end other ranks
        if not isinstance(world, MPIWorld):  # then no rank could join it
            time.sleep(PATIENCE)  # until rank 0 has reported the error
            return False
        _all_fail = world.all_arrive(PATIENCE)
        return not _all_fail
    return False


def name_of_rank() -> str:
    """The words before an error message of this rank; none for rank 0."""
    rank, size = _place()
    return f"rank {rank} of {size}: " if rank else ""


def end_all(status: int) -> None:
    """End all ranks: together if all of them have failed, otherwise by MPI's Abort.

    `status` is the exit status for Abort. Nothing happens if this process works alone.
    """
    world = joined()
    if not isinstance(world, MPIWorld):
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    all_fail = _all_fail if world.rank else world.all_arrive(PATIENCE)
    with contextlib.suppress(OSError):  # drops the lines that MPI itself prints about an Abort
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if not all_fail:
        world.comm.Abort(status)
    world.leave()


@contextlib.contextmanager
def only_rank_0_prints() -> Iterator[None]:
    """Within: what other ranks print is dropped, and if they exit, they let rank 0 exit first."""
    if _place()[0] == 0:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        try:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        except SystemExit:
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(PATIENCE)
            raise


def _place():
    """(rank, size) of this process, from the world it has joined, or else from its launcher."""
    world, started = joined(), launched()
    if world.size > 1 or started is None:
        return world.rank, world.size
    return started.rank, started.size


_all_fail = False
