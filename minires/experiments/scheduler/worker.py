"""What happens in a worker process: it does one task after the other, and says how far it has come.

It hears from the process that started it through a pipe: "stop" is Ctrl-C, and if the pipe ends,
that process is gone. Then a training saves after its step, and the worker ends too.
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
BETWEEN_REPORTS = 0.25  # seconds: nobody reads faster


class _Post:
    """The worker's side of the pipe; one for each worker process."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.data: Data = None
        self.is_working, self.is_stopped, self.is_alone = False, False, False
        self.lock = threading.Lock()  # an order may come just when a task begins

    def send(self, *message: Any) -> None:
        if self.connection is not None:
            with suppress(OSError):  # nobody listens any more: `listen` knows, too
                self.connection.send(message)

    def listen(self) -> None:
        """Wait for orders, in a thread of its own, as long as there is someone to give them."""
        assert self.connection is not None
        try:
            while True:
                if self.connection.recv() == STOP:
                    with self.lock:
                        self.is_stopped = True  # a task that is on its way here does not begin
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
    threads : int
        To compute with.
    data_file : str
        What `joblib.dump` has written: arrays in it are read from the file, which all workers share
        in memory.
    """
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # Ctrl-C goes to all processes of a terminal; here it comes through the pipe
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, signal.default_int_handler)
    backend.set_num_threads(threads)
    post.connection, post.data = connection, joblib.load(data_file, mmap_mode="r")
    threading.Thread(target=post.listen, name="orders", daemon=True).start()


def do(task: Task) -> tuple[bool, Any]:
    """(True, what the task returns), or (False, None) if it was stopped."""
    lines = _Lines()
    try:
        with post.lock:
            if post.is_stopped:
                return False, None
            post.is_working = True
        with redirect_stdout(lines), redirect_stderr(lines):
            post.send("begun", os.getpid())
            return True, task.work(post.data, [Reporter(post.send, BETWEEN_REPORTS)])
    except KeyboardInterrupt:
        return False, None
    finally:
        post.is_working = False
        if post.is_alone:
            os._exit(1)


class _Lines(io.TextIOBase):
    """What a task prints, sent line by line: only one process writes to the screen."""

    def __init__(self) -> None:
        self.rest = ""

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            post.send("line", line)
        return len(text)
