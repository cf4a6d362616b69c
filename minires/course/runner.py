"""Run the cells of one submission in a process of its own, which may crash, hang or lie."""

import re
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..types import PathLike
from . import follow_through
from .compare import WrongAnswer
from .limits import Limits, secrets
from .result import Result, short
from .sandbox import Crashed, Submission, TimedOut

RESTARTS = 10  # how often a process that ended or took too long is started again
FIGURES = 6  # kept from one submission
WORTH_A_LOOK = re.compile(
    r"_getframe|currentframe|\b[ft]b?_(?:locals|globals|back|frame)\b|__closure__|__code__|ctypes|"
    r"course\W+(?:import\W+)?(?:across|sandbox|checks)\b"
)
MOST_PIXELS = 20_000_000  # of a figure: a small PNG can unpack to more than a browser can hold
PROBLEMS = 40  # lines about what went wrong


class Stopped(NamedTuple):
    """A cell that did not run to its end."""

    label: str  # such as "cell 34 (a3-train-run)"
    source: str
    why: str  # such as "the cell stopped with NameError: ..."

    def makes(self, name: str) -> bool:
        """Whether the cell would have defined `name`. It need not be valid Python."""
        line = re.compile(
            rf"^(?:[ \t]*(?:def|class)[ \t]+)?{re.escape(name)}\b[ \t]*[(:=,]", re.MULTILINE
        )  # within a line: over empty lines by the million, \s* would take days
        return name in follow_through.made(self.source) or bool(line.search(self.source))

    def __str__(self) -> str:
        return f"{self.label}, which defines it, {self.why.removeprefix('the cell ')}"


class Runner:
    """The process of a submission, and a record of what its cells did.

    Problems, figures and output go into `result`.

    Parameters
    ----------
    assignment : str
        The assignment whose solution is held back, such as "a2".
    folder : Path
        The only place where the process may write.
    limits : Limits
    unreadable : list of Path
        What the submission may not read.
    result : Result
    """

    def __init__(
        self,
        assignment: str,
        folder: Path,
        limits: Limits,
        unreadable: Sequence[PathLike],
        result: Result,
    ) -> None:
        self.assignment, self.folder, self.limits = assignment, folder, limits
        self.unreadable, self.result = unreadable, result
        self.done: list[tuple[str, str]] = []  # (source, label) of the cells that were run
        self.stopped: list[Stopped] = []
        self.deadline = time.monotonic() + limits.total
        self.process: Any = None  # a Submission, while there is one
        self.outputs: list[str] = []
        self.restarts = self.noted = 0
        self.late = False

    def note(self, line: str) -> None:
        """Note a line about a problem; after `PROBLEMS` lines only count them."""
        self.noted += 1
        if self.noted > PROBLEMS:
            self.result.problems[PROBLEMS:] = [f"and {self.noted - PROBLEMS} more"]
        else:
            self.result.problems.append(short(line))

    def start(self) -> None:
        """Start a process for the submission."""
        self.process = Submission(
            self.folder,
            self.assignment,
            [*self.unreadable, *secrets()],
            self.limits.seconds,
            self.limits.memory,
            self.deadline,
            self.result.isolation,
            self.limits.packages,
        )

    def close(self) -> None:
        """End the process, and keep what it printed."""
        if self.process is not None:
            self.process.close()
            self.outputs.append(self.process.output.text())
            self.process = None
        self.result.output = "\n".join(text for text in self.outputs if text)

    def restart(self) -> None:
        """Start a new process, and run the cells there again that went well before."""
        self.close()
        if self.restarts == RESTARTS or time.monotonic() > self.deadline:
            return
        self.restarts += 1
        self.start()
        try:
            for source, label in self.done:
                self.process.run(source, label)
        except (Crashed, TimedOut):
            self.close()
        except WrongAnswer:
            pass

    def alive(self) -> bool:
        """Whether there is a process and time left."""
        if time.monotonic() > self.deadline and not self.late:
            self.late = True
            self.note(
                f"all cells together took longer than {self.limits.total:g} seconds: later cells "
                "were not run"
            )
            self.close()
        return self.process is not None

    def run(self, source: str, number: int, label: str) -> None:
        """Run one of the submission's cells, and keep the figures that it draws."""
        if not self.alive():
            return
        found = WORTH_A_LOOK.search(source)
        if found:
            self.note(f"{label}: worth a look: the cell uses {found[0]!r}, which no answer needs")
        try:
            self.process.run(source, f"<cell {number}>")
        except (Crashed, TimedOut) as error:
            self.note(f"{label}: {error}")
            self.stopped.append(Stopped(label, source, str(error)))
            self.restart()
            return
        except WrongAnswer as error:  # names that it defined before it stopped are there
            self.note(f"{label}: {error}")
            self.stopped.append(Stopped(label, source, str(error)))
        self.done.append((source, f"<cell {number}>"))
        if len(self.result.figures) < FIGURES and re.search(r"plt|plot|figure|draw", source):
            self.draw(label)

    def values(self, names: Collection[str]) -> dict[str, Any]:
        """The values of these names in the submission, as far as it defines them."""
        found: dict[str, Any] = {}
        try:
            defined = self.process.names() if self.alive() else []
            for name in names:
                if name in defined:
                    found[name] = self.process.get(name)
        except WrongAnswer:  # the process ended, or its answer makes no sense
            pass
        return found

    def draw(self, label: str) -> None:
        """Keep the figures that a cell drew."""
        try:
            pictures = self.process.figures()
        except WrongAnswer as error:
            self.note(f"{label}: {error}")
            if isinstance(error, (Crashed, TimedOut)):
                self.restart()
        else:
            small = [picture for picture in pictures if _pixels(picture) <= MOST_PIXELS]
            if len(small) < len(pictures):
                self.note(f"{label}: a figure of more than {MOST_PIXELS:,} pixels is left out")
            room = FIGURES - len(self.result.figures)
            self.result.figures += [(label, picture) for picture in small[:room]]

    def goes_well(self, source: str, label: str) -> bool:
        """Run a cell that is not the student's own, without notes; whether it went well."""
        try:
            self.process.run(source, label)
        except (Crashed, TimedOut):
            self.restart()
            return False
        except WrongAnswer:
            return False
        self.done.append((source, label))
        return True


def _pixels(picture: bytes) -> int:
    """The number of pixels that a PNG claims: width and height are its bytes 16 to 24."""
    return int.from_bytes(picture[16:20], "big") * int.from_bytes(picture[20:24], "big")
