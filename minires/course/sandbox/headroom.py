"""The memory of a process that marks: what it needs, and some more. Programs that it starts have
limits of their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_before: list[tuple[int, int]] = []  # the limits, where `limit` changed them


def limit(more: int) -> None:
    """Let this process grow by `more` bytes; past that it gets a MemoryError. On systems that do
    not tell a process its size, do nothing.
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
    """Within: a program that is started has the limit that there was before."""
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
