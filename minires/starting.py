"""Ctrl-C while the command ``minires`` is still being imported, and when it is done: one line.

Imports take a third of a second, in which nothing is there to be saved. This file is imported
first, and does something only where this process is the command.
"""

import atexit
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

INTERRUPTED = 130  # the exit status of a program stopped by Ctrl-C, by convention 128 + SIGINT


def stop(signum: int, frame: FrameType | None) -> None:
    """End the process, as no one else is there to do it."""
    try:
        os.write(2, b"\nminires: interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def is_command() -> bool:
    """Whether this process was started as ``minires`` or ``python -m minires``, by a person."""
    # A worker has the words of its command in sys.argv. loky starts it by a module of its own.
    if any("popen_loky" in word or word == "--multiprocessing-fork" for word in sys.orig_argv):
        return False
    if sys.argv[:1] == ["-m"]:  # as it is while Python looks for the module
        return any(pair == ("-m", "minires") for pair in zip(sys.orig_argv, sys.orig_argv[1:]))
    return Path(sys.argv[0] if sys.argv else "").name in ("minires", "minires.exe")


def ready() -> None:
    """From here on Ctrl-C is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def begin() -> None:
    """From here on Ctrl-C ends the process, if it is the command, at once."""
    in_main = threading.current_thread() is threading.main_thread()
    # A shell lets what it starts in the background ignore Ctrl-C: that stays so.
    as_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if IS_COMMAND and in_main and as_usual:
        signal.signal(signal.SIGINT, stop)


def _lost(unraisable: Any) -> None:
    """An exception where none can be raised, as in ``__del__``: Ctrl-C there would be lost."""
    if IS_COMMAND and unraisable.exc_type is KeyboardInterrupt:
        stop(signal.SIGINT, None)
    sys.__unraisablehook__(unraisable)


IS_COMMAND = is_command()  # the words change once Python has found the module
begin()
if IS_COMMAND:
    sys.unraisablehook = _lost
    # Last of all, when Python takes its handlers away: the signal itself would end the process.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
