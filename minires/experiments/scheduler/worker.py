"""The code of a worker process: it does one task after another, and reports its progress.

A pipe connects it to the process that started it. The message "stop" acts like Ctrl-C. If the pipe
closes, the other process has ended: the training then saves after its step, and the worker ends.
"""

from __future__ import annotations

import _thread
import io
import os
import signal
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

import joblib

from ... import backend
from .reporter import Reporter
from .task import Data, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

STOP = "stop"
BETWEEN_REPORTS = 0.25  # seconds: people do not read faster


class _Post:
    """The worker's side of the pipe; one for each worker process."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.data: Data = None
        self.is_working, self.is_stopped, self.is_alone = False, False, False
        self.lock = threading.Lock()  # "stop" may arrive at the moment when a task begins

    def send(self, *message: Any) -> None:
        """Send a message to the process that started this one."""
        if self.connection is not None:
            with suppress(OSError):  # that process has ended: `listen` deals with that
                self.connection.send(message)

    def listen(self) -> None:
        """Wait for "stop" or the end of the pipe. Runs in a thread of its own."""
        assert self.connection is not None
        try:
            while True:
                if self.connection.recv() == STOP:
                    with self.lock:
                        self.is_stopped = True  # so that a task that arrives now does not begin
                        if self.is_working:
                            _thread.interrupt_main()
        except (EOFError, OSError):
            with self.lock:
                self.is_alone = True
                if not self.is_working:
                    os._exit(0)
                _thread.interrupt_main()


post = _Post()


def start(connection: Connection, threads: int, data_file: str) -> None:
    """Make this process a worker.

    Parameters
    ----------
    connection : Connection
        The worker's end of the pipe.
    threads : int
        Number of threads to compute with.
    data_file : str
        A file written by `joblib.dump`. Its arrays are memory-mapped, so that all workers share one
        copy in memory.
    """
    if hasattr(os, "setpgrp"):
        # Leave the terminal's process group, to which Ctrl-C is sent: "stop" comes by the pipe.
        os.setpgrp()
        # A Ctrl-C that came before, while this process was starting, is forgotten: the other
        # process has received it too, and says "stop".
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Sent by the system if the other process ends while this one is stopped by Ctrl-Z. The end
        # of the pipe says the same, and leaves time to save.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    backend.set_num_threads(threads)
    backend.limit_blas()
    post.connection, post.data = connection, joblib.load(data_file, mmap_mode="r")
    threading.Thread(target=post.listen, name="orders", daemon=True).start()


def do(task: Task) -> tuple[bool, Any]:
    """Do a task: (True, its result), or (False, None) if it was stopped."""
    lines = _Lines()
    try:
        with post.lock:
            if post.is_stopped:
                return False, None
            post.is_working = True
        with redirect_stdout(lines), redirect_stderr(lines):
            return True, task.work(post.data, [Reporter(post.send, BETWEEN_REPORTS)])
    except KeyboardInterrupt:
        return False, None
    finally:
        post.is_working = False
        if post.is_alone:
            os._exit(1)


class _Lines(io.TextIOBase):
    """An output stream that sends what a task prints, line by line, to the process that owns the
    screen.
    """

    def __init__(self) -> None:
        self.rest = ""

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            post.send("line", line)
        return len(text)
