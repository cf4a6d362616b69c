"""Limit the memory of a process that marks submissions, but not of programs that it starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_before: list[tuple[int, int]] = []  # the limits from before `limit` changed them


def limit(more: int) -> None:
    """Let this process grow by `more` bytes; beyond that it gets a MemoryError.

    On systems where a process cannot find out its size, do nothing.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + more
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if any(0 <= one <= most for one in (soft, hard)):
            return
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        _before.append((soft, hard))


@contextmanager
def lifted() -> Iterator[None]:
    """Within the block, programs are started with the limit from before `limit`."""
    if not _before:
        yield
        return
    import resource

    now = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, _before[-1])
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, now)
