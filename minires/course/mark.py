"""Mark one submission: run its cells in a process of its own, and a fresh copy of the tests in this
one. `runner` has the process, `tester` a single test; here is the order of it all.
"""

import time
from collections.abc import Sequence
from dataclasses import astuple

from ..types import PathLike
from . import choices, folders, follow_through, notebooks, viva
from .follow_through import Task
from .limits import USUAL, Limits
from .notebooks import Cell, Notebook
from .result import Mark, Result, short
from .runner import Runner
from .sandbox import isolation
from .tester import Tester
from .viva import facts


def mark(
    notebook: Notebook,
    source: Notebook,
    name: str,
    limits: Limits = USUAL,
    unreadable: Sequence[PathLike] = (),
    seed: int | None = None,
    solutions: Notebook | None = None,
    student: str | None = None,
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
    student : str, optional
        Whose variant the source is: see `variants`. None for the notebook that all have.

    Returns
    -------
    Result
    """
    started, key = time.monotonic(), name.split("_")[0]
    with folders.submission_folder() as folder:
        result = Result(name, isolation=isolation.choose(limits.isolation), student=student)
        runner = Runner(key, folder, limits, unreadable, result)
        variant = None if student is None else choices.variant(key, student)
        given = [cell for cell in notebooks.cells(source) if cell.id and cell.locked]
        tester = Tester(runner, given, seed, variant)
        try:
            marker = Marker(notebook, source, runner, tester, solutions)
            marker.go()
            known = facts.collect(
                key, marker.source, marker.own, runner.values(facts.VALUES.get(key, ())), result
            )
            result.questions = [astuple(one) for one in viva.questions(known)]
        finally:
            runner.close()
    result.seconds = time.monotonic() - started
    return result


class Marker:
    """One submission being marked.

    Parameters
    ----------
    notebook, source : NotebookNode
        The submission, and the assignment with its tests.
    runner : Runner
    tester : Tester
    solutions : NotebookNode, optional
        For follow-through marking.
    """

    def __init__(
        self,
        notebook: Notebook,
        source: Notebook,
        runner: Runner,
        tester: Tester,
        solutions: Notebook | None = None,
    ) -> None:
        self.runner, self.tester, self.result = runner, tester, runner.result
        self.model = [] if solutions is None else notebooks.cells(solutions)
        self.tasks = follow_through.tasks(self.model)
        self.task_of = {cell.id: task for task in self.tasks for cell in task.answers + task.tests}
        self.settled: set[int] = set()  # numbers of the tasks that failed, and were answered
        self.right: set[str] = set()  # the names that the assignment's own answers have made
        self.found: dict[str, Mark] = {}  # of the tests that were run
        self.cells, self.source = (
            notebooks.cells(notebook),
            [cell for cell in notebooks.cells(source) if cell.id],
        )
        self.tests = {cell.id: cell for cell in self.source if cell.tests}
        self.in_words = {cell.id for cell in self.source if cell.by_hand}
        self.locked = {cell.id: cell for cell in self.source if cell.locked and not cell.tests}
        # Cell -> what the student wrote there: code, or an answer in words.
        self.own: dict[str, list[str]] = {}

    def go(self) -> None:
        """All cells in the order of the submission; then the tests that are missing in it."""
        seen: set[str] = set()
        self.runner.start()
        for number, cell in enumerate(self.cells, 1):
            label = f"cell {number}" + (f" ({short(cell.id, 80)})" if cell.id else "")
            handed_out = cell.id in self.tests or cell.id in self.locked
            if cell.id in seen and handed_out:
                self.runner.note(
                    f"{label}: there are two cells with this name; the second is left out"
                )
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
                self.runner.run(self.locked.get(cell.id, cell).source, number, label)
        for cell in self.source:
            if cell.id not in seen and (cell.answer or cell.tests):
                self.runner.note(
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
            wrong = [self.found[test.id] for test in earlier.tests if self.found[test.id].wrong]
            others = [mark.other_variant for mark in wrong if mark.other_variant]
            if len(others) == len(wrong):  # right by itself: later answers may well fit to it
                self.tester.accepted.update(others)
            elif follow_through.needed_later(earlier, self.model):
                self.answer(earlier)

    def answer(self, task: Task) -> None:
        """Run the assignment's own answer to a task, and what it handed out and had stopped."""
        for cell in task.answers:
            if not self.runner.alive() or not self.runner.goes_well(
                cell.source, f"<right {cell.id}>"
            ):
                return
        self.right |= task.defines
        stopped = [source for _, source in self.runner.stopped]
        for cell in self.locked.values():
            if cell.kind == "code" and cell.source in stopped and self.runner.alive():
                if self.runner.goes_well(cell.source, f"<{cell.id}>"):
                    self.runner.stopped = [
                        one for one in self.runner.stopped if one[1] != cell.source
                    ]

    def test(self, cell: Cell) -> Mark:
        """The points of a test, and which right answers it was tested with."""
        found = self.tester.mark(cell)
        if self.right and cell.id in self.task_of:
            answers = [one.id for one in self.task_of[cell.id].answers]
            own = [source for one in answers for source in self.own.get(one, ())]
            names = follow_through.builds_on([cell.source, *own], self.model, self.right)
            if names:
                right = " and ".join(names)
                ours = f"tested with the assignment's own {right}, because yours failed"
                found.note = "; ".join(filter(None, (found.note, ours)))
        return found

    def to_read(self, cell: Cell, texts: Sequence[str]) -> Mark:
        """An answer in words, for a person; without one, no points. It may be in several cells."""
        text = "\n\n".join(text for text in texts if text not in ("", notebooks.TEXT_STUB))
        if not text:
            return Mark(cell.id, 0, cell.points, "no answer")
        return Mark(cell.id, None, cell.points, answer=text)
