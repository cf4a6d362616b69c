"""The output of a command, to a terminal, a file or another program. If that disappears before the
command is done, the command goes on without output.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any

from .printing import note


class Output:
    """A stream that drops text which can no longer be written, and keeps the error.

    Attributes
    ----------
    error : OSError or None
        The first error of writing: BrokenPipeError if the reader, such as ``head``, has stopped
        reading.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write the text, unless writing has failed before."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Write out buffered text."""
        self._try(self._stream.flush)

    def _try(self, action: Callable[[], object]) -> None:
        if self.error is None:
            try:
                action()
            except OSError as error:
                self.error = error
                self._write_to_nowhere()

    def _write_to_nowhere(self) -> None:
        """Connect the stream to the null device. Otherwise Python would try to write the rest when
        it ends, and report the same error again.
        """
        with suppress(OSError, ValueError):  # some streams have no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def nobody_reads() -> bool:
    """Whether printed text is dropped, so that a command can stop computing what it would print."""
    return isinstance(sys.stdout, Output) and sys.stdout.error is not None


@contextmanager
def lasting() -> Iterator[Output]:
    """In the ``with`` block, printing raises no errors, whatever happens to stdout and stderr.
    Yields the `Output` for stdout.

    Characters that a terminal cannot show are escaped, and warnings are printed as one line each,
    without source code.
    """
    _open_to_nowhere()
    with ExitStack() as stack:
        outputs = [Output(stream or _nowhere(stack)) for stream in (sys.stdout, sys.stderr)]
        for output in outputs:
            if hasattr(output, "reconfigure"):  # streams in a notebook do not have it
                output.reconfigure(errors="backslashreplace")  # 犬 on an ASCII terminal
        stack.enter_context(redirect_stdout(outputs[0]))
        stack.enter_context(redirect_stderr(outputs[1]))
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _Notes()
        if not sys.warnoptions:
            # An overflow that matters raises an error later, with the name of the layer.
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", DeprecationWarning)  # of other packages
        try:
            yield outputs[0]
        finally:
            for output in outputs:
                output.flush()


def _open_to_nowhere() -> None:
    """Open stdin, stdout and stderr if they were closed before the command began.

    Processes that the command starts need all three, and a file or pipe that we open would get the
    number of a closed one and be taken for the terminal.
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
    """A stream that replaces one that was closed before the command began."""
    return stack.enter_context(open(os.devnull, "w", encoding="utf-8"))


class _Notes:
    """Prints each warning only once, even if, for example, a file of weights is read twice."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, message: object, *_: object, **__: object) -> None:
        line = str(message)
        if line not in self.said:
            self.said.add(line)
            note(line)
