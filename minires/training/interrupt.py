"""Ctrl-C at a good moment: between two steps, not within one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """Ctrl-C was pressed, and this is a good moment to stop."""


class StoppedAtOnce(KeyboardInterrupt):
    """Ctrl-C was pressed twice: what came after the last checkpoint is not saved."""


class Interrupt:
    """Whether Ctrl-C was pressed."""

    requested = False

    def check(self) -> None:
        """Raise Interrupted if it was."""
        if self.requested:
            raise Interrupted


@contextmanager
def interrupts_deferred() -> Iterator[Interrupt]:
    """Within: the first Ctrl-C is only noted, so that no step is torn in half; a second one
    acts, as a StoppedAtOnce.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # Python delivers signals to the main thread only
        return

    def note(signum, frame):
        if interrupt.requested:
            raise StoppedAtOnce
        interrupt.requested = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
