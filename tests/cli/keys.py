"""A program on its own terminal, and a person's keys."""

import os
import re
import select
import signal
import struct
import time

COLUMNS = 80


class Terminal:
    """Starts a program on a pseudo-terminal of 80 columns. POSIX only.

    Attributes
    ----------
    seen : str
        All that the program has written so far.
    """

    def __init__(self, words, place, **environment):
        import fcntl
        import pty
        import termios

        self.seen = ""
        self.child, self.keyboard = pty.fork()
        if self.child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(place)
            os.environ.update({"TERM": "xterm-256color", **environment})
            os.execvp(words[0], words)
        size = struct.pack("HHHH", 40, COLUMNS, 0, 0)
        fcntl.ioctl(self.keyboard, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        """Press these keys."""
        os.write(self.keyboard, keys.encode())

    def wait_for(self, pattern: str, seconds: float = 60) -> None:
        """Until the pattern has been written."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline and self._read(), self.seen

    def end(self, seconds: float = 60) -> int:
        """Wait for the end of the program; its exit status."""
        deadline = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < deadline, self.seen
        os.close(self.keyboard)
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])

    def _read(self):
        """Read what has been written; returns whether the program still runs."""
        if not select.select([self.keyboard], [], [], 0.1)[0]:
            return True
        try:
            read = os.read(self.keyboard, 65536)
        except OSError:  # on Linux the end of the other side
            return False
        self.seen += read.decode()
        return bool(read)

    def lines(self) -> list[str]:
        """The text that each line of the screen has shown, without colours and cursor moves."""
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.seen)
        return re.split(r"[\r\n]+", text)
