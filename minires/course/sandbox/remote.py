"""The grader's end of a submission's process: start it, send requests, and survive whatever it
does.
"""

import inspect
import json
import math
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from ...types import PathLike
from ..across import ByReference, Remote
from ..calling import stopped
from ..compare import WrongAnswer
from . import headroom, wire
from . import isolation as walls
from .launch import launch
from .line import Late, Line
from .patience import Patience

ROOT = Path(__file__).resolve().parents[3]  # the folder that holds the package minires
MOST_THINGS = 500_000  # objects of a submission that a test can refer to at a time
KEPT = 20_000  # characters of output, from the start and from the end
CALLED_WITH = 1_000_000  # numbers and characters that may come with a call of a function here
GROWTH = 64  # an array passed to it may have this many times the numbers of the largest array sent
# How many characters of an error over there are shown.
ERROR = {"error": 100, "message": 2000, "where": 500}


class Crashed(WrongAnswer):
    """The submission's process ended by itself."""


class TimedOut(WrongAnswer):
    """The submission's process was ended because it took too long."""


class Submission:
    """A process that holds one submission.

    Parameters
    ----------
    folder : Path
        Where it runs, and the only place where it can write. Behind bubblewrap and in a container
        it has a folder in memory instead, which is gone when it ends.
    assignment : str or None
        The assignment whose solution is held back.
    unreadable : list of Path
        What the hook keeps it from reading.
    seconds : float
        The time limit of each request; on a busy machine it is extended (`Patience`).
    memory : int
        Bytes.
    deadline : float, optional
        When everything must be done, by `time.monotonic`; by default in an hour.
    isolation : str
        The wall around it: see `isolation.choose`.
    packages : list of str
        Packages that it may import besides the ones that minires needs: see `launch`.
    """

    def __init__(
        self,
        folder: Path,
        assignment: str | None = None,
        unreadable: Sequence[PathLike] = (),
        seconds: float = 60,
        memory: int = 4 * 1024**3,
        deadline: float | None = None,
        isolation: str = walls.PROCESS,
        packages: Sequence[str] = (),
    ) -> None:
        self.seconds, self.output = seconds, Output()
        self.callbacks: list[Callable[..., Any]] = []
        self.remotes: dict[int, Remote] = {}  # number of a thing over there -> its stand-in here
        self.largest_sent = 0  # numbers in the largest array sent since `forget`
        self.ended: Crashed | TimedOut | None = None  # why there is no process any more
        self.deadline = time.monotonic() + 3600 if deadline is None else deadline
        self.isolation = isolation
        self.launch = launch(
            isolation, Path(folder).resolve(), assignment, unreadable, memory, packages
        )
        settings = {
            **self.launch.settings,
            "assignment": assignment,
            "memory": memory,
            "total": 60 + int(max(0, self.deadline - time.monotonic())),
        }
        self.process: Any
        try:
            with headroom.lifted():
                self.process = subprocess.Popen(
                    self.launch.command,
                    cwd=folder,
                    env=self.launch.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    pass_fds=self.launch.descriptors,
                )
        finally:
            for descriptor in self.launch.descriptors:
                os.close(descriptor)
        # Settings go through the pipe, because everybody on the machine can read a command line.
        try:
            self.process.stdin.write(json.dumps(settings).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:  # it is gone already: the first request will report it
            pass
        self.drain = threading.Thread(
            target=self.output.read_from, args=(self.process.stderr,), daemon=True
        )
        self.drain.start()
        process: Any = self.process  # its pipes exist
        self.line = Line(process.stdin, process.stdout, self._refer, self._resolve)

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything that it started."""
        self._kill()
        self.process.wait()
        self.line.close()
        self.drain.join(1)
        self.launch.clean()
        if not self.drain.is_alive():  # else another process, left behind, holds the pipe
            self.process.stderr.close()

    def run(self, source: str, label: str) -> None:
        """Run a cell.

        Raises
        ------
        WrongAnswer
            If an error stopped it; the message says which.
        Crashed, TimedOut
            If the process is gone.
        """
        self.ask("run", source, label, what="the cell")

    def names(self) -> list[str]:
        """The names that the submission defines: at most 2,000, each of less than 100 letters."""
        found = self.ask("names")
        return (
            [name for name in found if isinstance(name, str) and len(name) < 100][:2000]
            if isinstance(found, list)
            else []
        )

    def get(self, name: str) -> Any:
        """The value of a name: a number, text or array as it is, anything else as a `Remote`."""
        return self.ask("get", name)

    def figures(self) -> list[bytes]:
        """The figures drawn since the last call, as the bytes of PNG files."""
        found = self.ask("figures", what="drawing a figure")
        pictures = (
            [picture.tobytes() for picture in found if hasattr(picture, "tobytes")]
            if isinstance(found, list)
            else []
        )
        return [
            picture
            for picture in pictures
            if picture.startswith(b"\x89PNG\r\n") and len(picture) < wire.LARGEST_FIGURE
        ]

    def forget(self) -> None:
        """Drop all references, on both sides."""
        self.ask("forget")
        self.callbacks.clear()
        self.remotes.clear()
        self.largest_sent = 0

    def ask(self, do: str, *arguments: Any, what: str = "your code") -> Any:
        """Send a request and wait for the answer. Functions among the arguments may be called
        meanwhile.

        Parameters
        ----------
        do : str
            The name of a method of the server in `child`.
        *arguments
        what : str
            How messages name the student's code.

        Raises
        ------
        WrongAnswer
            If the student's code stops with an error.
        Crashed, TimedOut
            If the process ends, or is ended because it takes too long.
        """
        if self.ended is not None:  # a check may ask once more after a failure
            raise type(self.ended)(str(self.ended))
        patience = Patience(self.seconds, self.deadline, self.process.pid)
        message = {"do": do, "with": list(arguments)}
        self.largest_sent = max([self.largest_sent, *_sizes(arguments)])
        try:
            answer = self._exchange(message, patience)
            while isinstance(answer, dict) and {"callback", "with", "settings"} <= set(answer):
                began = time.monotonic()
                called = self._called_back(answer)
                patience.helped += time.monotonic() - began
                answer = self._exchange(called, patience)
            if not isinstance(answer, dict) or not (
                set(answer) == {"result"}
                or set(answer) == set(ERROR)
                and all(isinstance(text, str) for text in answer.values())
            ):
                raise wire.WireError("not an answer")
        except Late:
            self._kill()
            self.ended = TimedOut(f"{what} {patience.over()}")
            raise self.ended from None
        except (EOFError, OSError, wire.WireError) as error:
            self._kill()
            code = self.process.wait()
            if self.isolation in walls.LIKE_A_SHELL and code > 128:
                code = 128 - code  # bwrap and podman say 128 + the signal
            self.ended = Crashed(
                f"{what} ended the process"
                + (f" (exit status {code})" if code >= 0 else f" (signal {-code})")
                + (
                    ": it wrote into the channel for answers"
                    if isinstance(error, wire.WireError)
                    else ""
                )
            )
            raise self.ended from None
        if "error" in answer:
            raise WrongAnswer(
                stopped(what, *(_cut(answer[key], longest) for key, longest in ERROR.items()))
            )
        return answer["result"]

    def _exchange(self, message: dict[str, Any], patience: Patience) -> Any:
        self.line.send(message)
        while True:
            try:
                return self.line.receive(patience.wait())
            except Late:
                if patience.is_over():
                    raise

    def _called_back(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a function that the student's code called. Its result or its error goes back to that
        code.
        """
        try:
            function = self.callbacks[request["callback"]]
            self._look_at([request["with"], request["settings"]])
            return {"reply": function(*request["with"], **request["settings"])}
        except (Crashed, TimedOut):
            raise
        except Exception as error:  # an error, perhaps because the arguments make no sense
            return {"raise": type(error).__name__, "message": str(error)[:2000]}

    def _look_at(self, arguments: Any) -> None:
        """Refuse arguments that would make this process compute for long or fill its memory."""
        sizes = list(_sizes(arguments, others=True))
        most = min(CALLED_WITH, max(1, self.largest_sent) * GROWTH)
        if sum(sizes) > CALLED_WITH or max(_sizes(arguments), default=0) > most:
            raise ValueError(
                f"it was called with {sum(sizes):,} numbers; the largest array that your code was "
                f"given has {self.largest_sent:,}"
            )

    def _refer(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Remote):
            return {"ref": vars(value)["_number"]}
        if not callable(value) or isinstance(value, type):
            raise TypeError(f"cannot be sent to a submission: {value!r}")
        self.callbacks.append(value)
        return {
            "callback": len(self.callbacks) - 1,
            "by reference": isinstance(value, ByReference),
            "name": getattr(value, "__name__", "function"),
            "takes": _parameters(value),
        }

    def _resolve(self, reference: dict[str, Any]) -> Remote:
        number = reference["ref"]
        if type(number) is not int or not 0 <= number < wire.EXACT:
            raise wire.WireError("a reference that is no number of a thing")
        if number not in self.remotes:
            if len(self.remotes) >= MOST_THINGS:
                raise wire.WireError(f"more than {MOST_THINGS:,} things in one test")
            self.remotes[number] = Remote(self.ask, reference)
        return self.remotes[number]

    def _kill(self) -> None:
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, 9) if hasattr(os, "killpg") else self.process.kill()
            except ProcessLookupError:
                pass


class Output:
    """The start and the end of what a process printed."""

    def __init__(self) -> None:
        self.head, self.size = b"", 0
        self.tail: deque[bytes] = deque()

    def read_from(self, stream: BufferedReader) -> None:
        """Read a stream until its end, so that the process never waits for a reader."""
        while part := stream.read1(1 << 16):
            self.size += len(part)
            start, rest = part[: KEPT - len(self.head)], part[KEPT - len(self.head) :]
            self.head += start
            if rest:
                self.tail.append(rest)
                while sum(map(len, self.tail)) - len(self.tail[0]) > KEPT:
                    self.tail.popleft()

    def text(self) -> str:
        """The output as text, with the number of bytes left out in the middle."""
        tail = b"".join(self.tail)[-KEPT:]
        left_out = self.size - len(self.head) - len(tail)
        middle = f"\n... {left_out:,} bytes left out ...\n" if left_out > 0 else ""
        return self.head.decode("utf-8", "replace") + middle + tail.decode("utf-8", "replace")


def _cut(text: str, longest: int) -> str:
    left_out = len(text) - longest
    return f"{text[:longest]} ... ({left_out:,} characters left out)" if left_out > 0 else text


def _sizes(value: Any, others: bool = False) -> Iterator[int]:
    """The number of numbers in each array in a value.

    If `others`, the characters of texts are counted too, and 1 for anything else.
    """
    if isinstance(value, np.ndarray):
        yield math.prod(max(1, length) for length in value.shape)
    elif isinstance(value, (list, tuple, dict)):
        for item in value if not isinstance(value, dict) else (*value, *value.values()):
            yield from _sizes(item, others)
    elif others:
        yield len(value) if isinstance(value, str) else 1


def _parameters(function):
    """The parameters of a function as [name, kind, default], for `inspect.signature` over there.

    None if a default is no number or text.
    """
    found = inspect.signature(function).parameters.values()
    if any(
        not isinstance(one.default, (bool, int, float, str, type(None), type(one.empty)))
        for one in found
    ):
        return None
    return [
        [one.name, int(one.kind), [] if one.default is one.empty else [one.default]]
        for one in found
    ]
