"""How much memory is free on this machine."""

import psutil


def free_memory() -> int | None:
    """Bytes of memory available without swapping; None if the system does not tell."""
    try:
        return psutil.virtual_memory().available
    except OSError:  # no /proc, as in some sandboxes
        return None
