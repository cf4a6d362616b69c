"""When ranks fail: one message, and the end of all.

If one rank fails, the others wait for it in the midst of a sum, and can be told nothing: it says
what happened, and has MPI end all processes. If all ranks meet the same error, such as a loss that
is not finite, rank 0 says it for all. Which of the two it is, they find out by waiting for each
other, and not for ever.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from .joining import joined
from .launcher import launched
from .world import MPIWorld

PATIENCE = 3.0  # seconds: ranks that fail together do so within less


def several_ranks() -> bool:
    """Whether this process is one of several, as far as anyone has said."""
    return _place()[1] > 1


def is_to_speak() -> bool:
    """Whether this rank is to report the error that it met: rank 0 always, another rank if it is
    not met by all. Called once, before `end_all`.
    """
    global _all_fail
    if _place()[0] == 0:
        return True
    world = joined()
    with contextlib.suppress(KeyboardInterrupt):  # so do launchers end the others
        if not isinstance(world, MPIWorld):  # it could not be joined, by any rank
            time.sleep(PATIENCE)  # until rank 0 has spoken
            return False
        _all_fail = world.all_arrive(PATIENCE)
        return not _all_fail
    return False


def name_of_rank() -> str:
    """Words to put before an error of one rank: none for rank 0."""
    rank, size = _place()
    return f"rank {rank} of {size}: " if rank else ""


def end_all(status: int) -> None:
    """End the processes of all ranks, if they have not all come to their end."""
    world = joined()
    if not isinstance(world, MPIWorld):
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    all_fail = _all_fail if world.rank else world.all_arrive(PATIENCE)
    with contextlib.suppress(OSError):  # MPI would add that it was aborted, and from where
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if not all_fail:
        world.comm.Abort(status)
    world.leave()


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
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(PATIENCE)
            raise


def _place():
    """(rank, size) of this process: of the world it has joined, else as its launcher says."""
    world, started = joined(), launched()
    if world.size > 1 or started is None:
        return world.rank, world.size
    return started.rank, started.size


_all_fail = False
