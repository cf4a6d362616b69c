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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, nearest
from ..types import PathLike
from . import check, folders, follow_through, notebooks
from .compare import WrongAnswer
from .follow_through import Task
from .notebooks import Cell, Notebook
from .result import Mark, Result, short
from .sandbox import Crashed, Submission, TimedOut, isolation, visible, world

RESTARTS = 10  # how often a process that ended, or took too long, is started again
FIGURES = 6  # kept of one submission
WORTH_A_LOOK = re.compile(
    r"_getframe|currentframe|\b[ft]b?_(?:locals|globals|back|frame)\b|__closure__|__code__|ctypes|"
    r"course\W+(?:import\W+)?(?:across|sandbox|checks)\b"
)
MOST_PIXELS = 20_000_000  # of a figure: a small PNG can unfold to more than a browser holds
PROBLEMS = 40  # lines about what went wrong


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 60  # for a cell
    total: float = 900  # for all of it
    memory: int = 4 * 1024**3  # bytes
    isolation: str | None = None  # the wall around it: by default the strongest there is
    packages: tuple[str, ...] = ()  # that may be imported besides what minires needs


def mark(
    notebook: Notebook,
    source: Notebook,
    name: str,
    limits: Limits = Limits(),
    unreadable: Sequence[PathLike] = (),
    seed: int | None = None,
    solutions: Notebook | None = None,
) -> Result:
    """Mark a submission.

    Parameters
    ----------
    notebook : NotebookNode
        The submission.
    source : NotebookNode
        The assignment, with its tests.
    name : str
        Of the assignment: "a2_convolution".
    limits : Limits
    unreadable : list of Path
        What the submission may not read.
    seed : int, optional
        Leads to the numbers of hidden tests: see `checks.seeds`.
    solutions : NotebookNode, optional
        The assignment with its solutions, for follow-through marking: where a task failed, later
        ones are tested with the right answer to it. Without them all build on what the student
        wrote.

    Returns
    -------
    Result
    """
    started = time.monotonic()
    with folders.submission_folder() as folder:
        marker = Marker(notebook, source, name, folder, limits, unreadable, seed, solutions)
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
        solutions: Notebook | None = None,
    ) -> None:
        self.seed = seed
        self.model = [] if solutions is None else notebooks.cells(solutions)
        self.tasks = follow_through.tasks(self.model)
        self.task_of = {cell.id: task for task in self.tasks for cell in task.answers + task.tests}
        self.settled: set[int] = set()  # numbers of the tasks that failed, and were answered
        self.right: set[str] = set()  # the names that the assignment's own answers have made
        self.found: dict[str, Mark] = {}  # of the tests that were run
        self.cells, self.tests = (
            notebooks.cells(notebook),
            {cell.id: cell for cell in notebooks.cells(source) if cell.tests},
        )
        self.source = [cell for cell in notebooks.cells(source) if cell.id]
        self.in_words = {cell.id for cell in self.source if cell.by_hand}
        self.locked = {cell.id: cell for cell in self.source if cell.locked and not cell.tests}
        self.name, self.folder, self.limits, self.unreadable = name, folder, limits, unreadable
        self.result, self.restarts = Result(name), 0
        self.result.isolation = isolation.choose(limits.isolation)
        self.done: list[tuple[str, str]] = []  # (source, label) of the cells that were run
        self.stopped: list[tuple[str, str]] = []  # (label, source)
        # Cell -> what the student wrote there: code, or an answer in words.
        self.own: dict[str, list[str]] = {}
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
        seen: set[str] = set()
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
            if cell.id and cell.kind == ("markdown" if cell.id in self.in_words else "code"):
                self.own.setdefault(cell.id, []).append(cell.source.strip())
            self.settle_before(cell.id)
            if cell.id in self.found:
                continue
            if cell.id in self.tests:
                self.found[cell.id] = self.test(self.tests[cell.id])
            elif cell.kind == "code":
                self.run(self.locked.get(cell.id, cell).source, number, label)
        for cell in self.source:
            if cell.id not in seen and (cell.answer or cell.tests):
                self.note(
                    f"the cell {cell.id} is missing"
                    + (": its test was run all the same" if cell.tests else "")
                )
            if cell.tests:
                self.settle_before(cell.id)
                if cell.id not in self.found:
                    self.found[cell.id] = self.test(cell)
                self.result.marks.append(self.found[cell.id])
            elif cell.by_hand:
                self.result.marks.append(self.to_read(cell, self.own.get(cell.id, [])))

    def settle_before(self, cell_id: str) -> None:
        """Before a cell of a task: replace earlier answers that failed by the right ones.

        All tests of a task are run before that, so that none of them meets the right answer.
        """
        task = self.task_of.get(cell_id)
        for earlier in self.tasks[: task.number] if task else ():
            marks = [self.found[test.id] for test in earlier.tests if test.id in self.found]
            if earlier.number in self.settled or not any(mark.wrong for mark in marks):
                continue
            for test in earlier.tests:
                if test.id not in self.found:
                    self.found[test.id] = self.test(test)
            self.settled.add(earlier.number)
            if follow_through.needed_later(earlier, self.model):
                self.answer(earlier)

    def answer(self, task: Task) -> None:
        """Run the assignment's own answer to a task, and what it handed out and had stopped."""
        for cell in task.answers:
            if not self.alive() or not self.goes_well(cell.source, f"<right {cell.id}>"):
                return
        self.right |= task.defines
        stopped = [source for _, source in self.stopped]
        for cell in self.locked.values():
            if cell.kind == "code" and cell.source in stopped and self.alive():
                if self.goes_well(cell.source, f"<{cell.id}>"):
                    self.stopped = [one for one in self.stopped if one[1] != cell.source]

    def goes_well(self, source: str, label: str) -> bool:
        """Run what is not the student's own, without a word about it."""
        try:
            self.process.run(source, label)
        except (Crashed, TimedOut):
            self.restart()
            return False
        except WrongAnswer:
            return False
        self.done.append((source, label))
        return True

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
        """The points of a test, and which right answers it was tested with."""
        found = self.points_of(cell)
        if self.right and cell.id in self.task_of:
            answers = [one.id for one in self.task_of[cell.id].answers]
            own = [source for one in answers for source in self.own.get(one, ())]
            names = follow_through.builds_on([cell.source, *own], self.model, self.right)
            if names:
                right = " and ".join(names)
                found.note = f"tested with the assignment's own {right}, because yours failed"
        return found

    def points_of(self, cell: Cell) -> Mark:
        """All points of a test if it runs, else none and what it said."""
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
