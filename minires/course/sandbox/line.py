"""The line to a submission's process, which the other end can never block.

A process may stop reading, or leave another process behind that keeps its pipe open. Then reading
and writing wait forever, on some systems without any way to set a time limit. So a thread does
both, and the code that waits for the thread can stop waiting.
"""

import queue
import threading
from collections.abc import Callable
from typing import IO, Any

from . import wire

NAME = "line to a submission"  # of the thread


def is_waiting() -> bool:
    """Whether the thread of some line in this process is still at work."""
    return any(thread.name == NAME for thread in threading.enumerate())


class Late(Exception):
    """The time for an answer is over."""


class Line:
    """Messages to and from a process, each within a time limit.

    Parameters
    ----------
    stdin, stdout : file
        Pipes whose other ends are in the process.
    refer : callable
        Turns something that a message cannot hold into a reference.
    resolve : callable
        The reverse of `refer`.
    """

    def __init__(
        self,
        stdin: IO[bytes],
        stdout: IO[bytes],
        refer: Callable[[Any], dict[str, Any]],
        resolve: Callable[[dict[str, Any]], Any],
    ) -> None:
        self.stdin, self.stdout, self.refer, self.resolve = stdin, stdout, refer, resolve
        self._orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=NAME, daemon=True)
        self._thread.start()

    def exchange(self, message: Any, seconds: float) -> Any:
        """Send a message and wait for the answer; it raises what `receive` raises."""
        self.send(message)
        return self.receive(seconds)

    def send(self, message: Any) -> None:
        """Let the thread send a message; `receive` waits for the answer."""
        self._orders.put(message)

    def receive(self, seconds: float) -> Any:
        """Wait for the answer to the last message.

        Raises
        ------
        Late
            If it takes longer than `seconds`. Wait again, or close the line.
        EOFError, OSError, WireError
            If the other side is gone, or sends anything but a message.
        """
        try:
            answer, error = self._outcomes.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise Late from None
        if error is not None:
            raise error
        return answer

    def close(self) -> None:
        """Close the pipes, unless the thread is still blocked in one."""
        self._orders.put(None)
        self._thread.join(1)
        if not self._thread.is_alive():
            for stream in (self.stdin, self.stdout):
                try:
                    stream.close()
                except OSError:
                    pass

    def _work(self):
        while (message := self._orders.get()) is not None:
            try:
                wire.send(self.stdin, message, self.refer, wire.LONGEST_REQUEST)
                self._outcomes.put((wire.receive(self.stdout, self.resolve), None))
            except BaseException as error:  # handed to the thread that waits
                self._outcomes.put((None, error))
