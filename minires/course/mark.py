"""Mark one submission: run its cells in a process of its own, and a fresh copy of the tests in this
one.
"""

import ast
import builtins
import contextlib
import io
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, nearest
from ..types import PathLike
from . import check, folders, notebooks
from .compare import WrongAnswer
from .notebooks import Cell, Notebook
from .sandbox import Crashed, Submission, TimedOut, isolation, visible, world

RESTARTS = 10  # how often a process that ended, or took too long, is started again
FIGURES = 6  # kept of one submission
WORTH_A_LOOK = re.compile(
    r"_getframe|currentframe|\b[ft]b?_(?:locals|globals|back|frame)\b|__closure__|__code__|ctypes|"
    r"course\W+(?:import\W+)?(?:across|sandbox|checks)\b"
)
MOST_PIXELS = 20_000_000  # of a figure: a small PNG can unfold to more than a browser holds
PROBLEMS = 40  # lines about what went wrong


@dataclass
class Mark:
    """Points for one cell."""

    id: str
    points: float | None  # None: a person has to read it
    out_of: float
    message: str = ""  # what was wrong
    answer: str = ""  # what there is to read


@dataclass
class Result:
    """What came of a submission."""

    assignment: str
    marks: list[Mark] = field(default_factory=list)
    # lines: cells that stopped, were missing or took too long
    problems: list[str] = field(default_factory=list)
    figures: list[tuple[str, bytes]] = field(default_factory=list)  # (cell, bytes of a PNG)
    output: str = ""
    seconds: float = 0.0
    isolation: str = isolation.PROCESS  # the wall that was around it

    @property
    def points(self) -> float:
        """Those given so far."""
        return sum(mark.points or 0 for mark in self.marks)

    @property
    def out_of(self) -> float:
        """All there are."""
        return sum(mark.out_of for mark in self.marks)

    @property
    def to_read(self) -> list[Mark]:
        """The cells that wait for a person."""
        return [mark for mark in self.marks if mark.points is None]

    def record(self) -> dict[str, Any]:
        """All but the figures, for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "figures"}


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 60  # for a cell
    total: float = 900  # for all of it
    memory: int = 4 * 1024**3  # bytes
    isolation: str | None = None  # the wall around it: by default the strongest there is
    packages: tuple[str, ...] = ()  # that may be imported besides what minires needs


def short(text: object, most: int = 1500) -> str:
    """Text that a file can hold and a person can read."""
    text = str(text).encode("utf-8", "replace").decode()
    return (
        text
        if len(text) <= most
        else f"{text[:most]} ... ({len(text) - most:,} characters left out)"
    )


def mark(
    notebook: Notebook,
    source: Notebook,
    name: str,
    limits: Limits = Limits(),
    unreadable: Sequence[PathLike] = (),
    seed: int | None = None,
) -> Result:
    """Mark a submission.

    Parameters
    ----------
    notebook : NotebookNode
        The submission.
    source : NotebookNode
        The assignment, with its tests; its solutions are not looked at.
    name : str
        Of the assignment: "a2_convolution".
    limits : Limits
    unreadable : list of Path
        What the submission may not read.
    seed : int, optional
        Leads to the numbers of hidden tests: see `checks.seeds`.

    Returns
    -------
    Result
    """
    started = time.monotonic()
    with folders.submission_folder() as folder:
        marker = Marker(notebook, source, name, folder, limits, unreadable, seed)
        try:
            marker.go()
        finally:
            marker.close()
        result = marker.result
    result.seconds = time.monotonic() - started
    return result


class Marker:
    """One submission being marked."""

    def __init__(
        self,
        notebook: Notebook,
        source: Notebook,
        name: str,
        folder: Path,
        limits: Limits,
        unreadable: Sequence[PathLike],
        seed: int | None = None,
    ) -> None:
        self.seed = seed
        self.cells, self.tests = (
            notebooks.cells(notebook),
            {cell.id: cell for cell in notebooks.cells(source) if cell.tests},
        )
        self.source = [cell for cell in notebooks.cells(source) if cell.id]
        self.locked = {cell.id: cell for cell in self.source if cell.locked and not cell.tests}
        self.name, self.folder, self.limits, self.unreadable = name, folder, limits, unreadable
        self.result, self.restarts = Result(name), 0
        self.result.isolation = isolation.choose(limits.isolation)
        self.done: list[tuple[str, str]] = []  # (source, label) of the cells that were run
        self.stopped: list[tuple[str, str]] = []  # (label, source)
        self.deadline = time.monotonic() + limits.total
        self.process: Any = None  # a Submission, while there is one
        self.outputs: list[str] = []
        self.late = False
        self.noted = 0

    def note(self, line: str) -> None:
        """A line about something that went wrong; where many did, only how many more."""
        self.noted += 1
        if self.noted > PROBLEMS:
            self.result.problems[PROBLEMS:] = [f"and {self.noted - PROBLEMS} more"]
        else:
            self.result.problems.append(short(line))

    def go(self) -> None:
        """All cells in the order of the submission; then the tests that are missing in it."""
        found, seen = {}, set()
        self.start()
        for number, cell in enumerate(self.cells, 1):
            label = f"cell {number}" + (f" ({short(cell.id, 80)})" if cell.id else "")
            handed_out = cell.id in self.tests or cell.id in self.locked
            if cell.id in seen and handed_out:
                self.note(f"{label}: there are two cells with this name; the second is left out")
                continue
            # A cell that was split or copied in JupyterLab keeps its name: both are the student's.
            if cell.id:
                seen.add(cell.id)
            if cell.id in self.tests:
                found[cell.id] = self.test(self.tests[cell.id])
            elif cell.kind == "code":
                self.run(self.locked.get(cell.id, cell).source, number, label)
        answers: dict[str, list[str]] = {}
        for cell in self.cells:
            if cell.kind == "markdown":
                answers.setdefault(cell.id, []).append(cell.source.strip())
        for cell in self.source:
            if cell.id not in seen and (cell.answer or cell.tests):
                self.note(
                    f"the cell {cell.id} is missing"
                    + (": its test was run all the same" if cell.tests else "")
                )
            if cell.tests:
                self.result.marks.append(found[cell.id] if cell.id in found else self.test(cell))
            elif cell.by_hand:
                self.result.marks.append(self.to_read(cell, answers.get(cell.id, [])))

    def start(self) -> None:
        """A process for the submission."""
        self.process = Submission(
            self.folder,
            self.name.split("_")[0],
            [*self.unreadable, *secrets()],
            self.limits.seconds,
            self.limits.memory,
            self.deadline,
            self.result.isolation,
            self.limits.packages,
        )

    def close(self) -> None:
        """End it, and keep what it printed."""
        if self.process is not None:
            self.process.close()
            self.outputs.append(self.process.output.text())
            self.process = None
        self.result.output = "\n".join(text for text in self.outputs if text)

    def restart(self) -> None:
        """A new process, in which the cells that went well before are run again."""
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
        """Whether there is a process, and time."""
        if time.monotonic() > self.deadline and not self.late:
            self.late = True
            self.note(
                f"all together took longer than {self.limits.total:g} seconds: what follows "
                "was not run"
            )
            self.close()
        return self.process is not None

    def run(self, source: str, number: int, label: str) -> None:
        """A cell of the submission's own."""
        if not self.alive():
            return
        found = WORTH_A_LOOK.search(source)
        if found:
            self.note(
                f"{label}: worth a look: {found[0]!r} is there, for which an answer has no use"
            )
        try:
            self.process.run(source, f"<cell {number}>")
        except (Crashed, TimedOut) as error:
            self.note(f"{label}: {error}")
            self.stopped.append((label, source))
            self.restart()
            return
        except WrongAnswer as error:  # what it defined before it stopped is there
            self.note(f"{label}: {error}")
            self.stopped.append((label, source))
        self.done.append((source, f"<cell {number}>"))
        if len(self.result.figures) < FIGURES and re.search(r"plt|plot|figure|draw", source):
            self.draw(label)

    def draw(self, label: str) -> None:
        """Keep the figures that a cell has drawn."""
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

    def test(self, cell: Cell) -> Mark:
        """The points of a test: all of them if it runs, else none and what it said."""
        if not self.alive():
            return Mark(
                cell.id,
                0,
                cell.points,
                "not run: the submission's process ended too often, or took too long",
            )
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                exec(compile(cell.source, f"<test {cell.id}>", "exec"), self.space(cell.source))
            self.process.forget()
            return Mark(cell.id, cell.points, cell.points)
        except (Crashed, TimedOut) as error:
            self.restart()
            return Mark(cell.id, 0, cell.points, short(error))
        except WrongAnswer as error:
            return Mark(cell.id, 0, cell.points, short(error))
        except ConfigError:
            raise  # a mistake in the assignment, not in the submission
        except Exception as error:
            return Mark(
                cell.id,
                0,
                cell.points,
                short(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__),
            )

    def space(self, source: str) -> dict[str, Any]:
        """The names that a test uses: the check, NumPy, and what the submission has defined."""
        tree = ast.parse(source)
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        own = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        own |= {
            (alias.asname or alias.name).split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        space = {"__name__": "test", "check": partial(check, seed=self.seed), "np": np}
        defined = None
        for name in dict.fromkeys(names):
            if name in space or name in own or hasattr(builtins, name):
                continue
            if defined is None:
                defined = self.process.names()
            if name not in defined:
                raise WrongAnswer(f"{name} is not defined: " + self.why_undefined(name, defined))
            space[name] = self.process.get(name)
        return space

    def why_undefined(self, name: str, defined: Iterable[str]) -> str:
        """The cell that stopped before it made `name`; else a name like it, if the assignment
        itself does not have that.
        """
        makes = re.compile(
            rf"^(?:[ \t]*(?:def|class)[ \t]+)?{re.escape(name)}\b[ \t]*[(:=,]", re.MULTILINE
        )  # within a line: over empty lines by the million, \s* would take days
        label = next(
            (label for label, source in reversed(self.stopped) if makes.search(source)), None
        )
        if label:
            return f"{label}, which makes it, stopped"
        own = set(
            re.findall(
                r"\w+",
                "\n".join(cell.source for cell in [*self.locked.values(), *self.tests.values()]),
            )
        )
        near = nearest(name, [other for other in defined if other not in own])
        return "its cell stopped, or it has another name" + (f"; there is {near!r}" if near else "")

    def to_read(self, cell: Cell, texts: Sequence[str]) -> Mark:
        """An answer in words, for a person; without one, no points. It may be in several cells."""
        text = "\n\n".join(text for text in texts if text not in ("", notebooks.TEXT_STUB))
        if not text:
            return Mark(cell.id, 0, cell.points, "no answer")
        return Mark(cell.id, None, cell.points, answer=text)


def _pixels(picture: bytes) -> int:
    """How many a PNG says it has: width and height are its bytes 16 to 24."""
    return int.from_bytes(picture[16:20], "big") * int.from_bytes(picture[20:24], "big")


def secrets() -> list[PathLike]:
    """What a submission may not read where only the hook keeps it from that: minires itself (it has
    a copy of its own), the sources, and all else in the checkout.
    """
    found = [world.PACKAGE, notebooks.SOURCES, *visible.hidden()]
    checkout = world.PACKAGE.parent
    if (checkout / "setup.cfg").exists():
        needed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix)]
        needed.append(Path(tempfile.gettempdir()).resolve())
        found += [
            path
            for path in checkout.iterdir()
            if not any(path in (one, *one.parents) for one in needed)
        ]
    return list(found)
