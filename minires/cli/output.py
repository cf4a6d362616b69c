"""Where a command writes to: a terminal, a file, a program that reads. Each of them may be gone
before the command is done, and the work goes on without it.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any

from .arguments import note


class Output:
    """A stream that drops what can no longer be written, and keeps the error.

    Attributes
    ----------
    error : OSError or None
        BrokenPipeError if the reader, such as ``head``, has seen enough.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, if anyone is there to read."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Send on what was written."""
        self._try(self._stream.flush)

    def _try(self, action: Callable[[], object]) -> None:
        if self.error is None:
            try:
                action()
            except OSError as error:
                self.error = error
                self._write_to_nowhere()

    def _write_to_nowhere(self) -> None:
        """Python would write out the rest when it ends, and report the same error again."""
        with suppress(OSError, ValueError):  # a stream without a file
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def nobody_reads() -> bool:
    """Whether what is printed is dropped: then there is no need to go on for the sake of it."""
    return isinstance(sys.stdout, Output) and sys.stdout.error is not None


@contextmanager
def lasting() -> Iterator[Output]:
    """Within: whatever becomes of stdout and stderr, printing raises no error; yields stdout.

    Letters that a terminal lacks are escaped, and a warning is a line without source code.
    """
    _open_to_nowhere()
    with ExitStack() as stack:
        outputs = [Output(stream or _nowhere(stack)) for stream in (sys.stdout, sys.stderr)]
        for output in outputs:
            if hasattr(output, "reconfigure"):  # the streams of a notebook lack it
                output.reconfigure(errors="backslashreplace")  # 犬 on a terminal of ASCII
        stack.enter_context(redirect_stdout(outputs[0]))
        stack.enter_context(redirect_stderr(outputs[1]))
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _Notes()
        if not sys.warnoptions:  # what overflows is reported where it ends, with the layer's name
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", DeprecationWarning)  # other packages' own
        try:
            yield outputs[0]
        finally:
            for output in outputs:
                output.flush()


def _open_to_nowhere() -> None:
    """Open what was closed before the command began: a process that it starts needs all three, and
    a pipe or a file of ours under such a number would be taken for the terminal.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


def _nowhere(stack: ExitStack) -> Any:
    """A stream in the place of one that was closed before the command began."""
    return stack.enter_context(open(os.devnull, "w", encoding="utf-8"))


class _Notes:
    """Prints warnings, each of them once: a file of weights may be read twice."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, message: object, *_: object, **__: object) -> None:
        line = str(message)
        if line not in self.said:
            self.said.add(line)
            note(line)
