"""Mark one submission: run its cells in a process of its own, and a fresh copy of the tests here.

`runner` holds the process and `tester` runs a single test; this module decides the order.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import astuple

from ..types import PathLike
from . import causes, choices, folders, follow_through, notebooks, viva
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
        The name of the assignment, such as "a2_convolution".
    limits : Limits
    unreadable : list of Path
        What the submission may not read.
    seed : int, optional
        The number that the hidden seeds are made from: see `checks.seeds`.
    solutions : NotebookNode, optional
        The assignment with its solutions, for follow-through marking: after a failed task, later
        ones are tested with the right answer to it. Without it, all tests use what the student
        wrote.
    student : str, optional
        The student whose variant the source is: see `variants`. None for the shared notebook.

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
        self.settled: set[int] = set()  # numbers of failed tasks, after `settle_before`
        self.right: set[str] = set()  # names that now stand for the assignment's own answers
        # Tasks whose answers are right in another variant, and stay: later answers may fit them.
        self.own_way: list[follow_through.Task] = []
        self.found: dict[str, Mark] = {}  # the marks of tests that were run
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
        """Run all cells in the order of the submission, then the tests that are missing in it."""
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
            # A cell that was split or copied in JupyterLab keeps its name: both parts are the
            # student's.
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
        """Before a cell of a task, replace earlier answers that failed by the right ones.

        All tests of the failed task run first, so that none of them sees the right answer.
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
            if len(others) == len(wrong):
                self.tester.accepted.update(others)
                self.own_way.append(earlier)
            elif follow_through.needed_later(earlier, self.model):
                self.answer(earlier)

    def answer(self, task: Task) -> None:
        """Run the assignment's own answer to a task, and then the given cells that had stopped."""
        for cell in task.answers:
            if not self.runner.alive() or not self.runner.goes_well(
                cell.source, f"<right {cell.id}>"
            ):
                return
        self.right |= task.defines
        stopped = [one.source for one in self.runner.stopped]
        for cell in self.locked.values():
            if cell.kind == "code" and cell.source in stopped and self.runner.alive():
                if self.runner.goes_well(cell.source, f"<{cell.id}>"):
                    self.runner.stopped = [
                        one for one in self.runner.stopped if one.source != cell.source
                    ]

    def test(self, cell: Cell) -> Mark:
        """Run a test, and note which of the assignment's own answers it was tested with.

        A test that fails with answers which are right in another variant is run once more with the
        assignment's own in their place.
        """
        found = self.tester.mark(cell)
        if found.wrong and self.builds_on(
            cell, {name for task in self.own_way for name in task.defines}
        ):
            while self.own_way:
                self.answer(self.own_way.pop(0))
            again = self.tester.mark(cell)
            if not again.wrong:
                found = again
        if self.right and cell.id in self.task_of and "is not written yet" not in found.message:
            names = self.builds_on(cell, self.right)
            if names:
                why = "a test of that task" if len(names) == 1 else "tests of those tasks"
                right = causes.listed(names)
                ours = f"tested with the assignment's own {right}, because {why} failed"
                found.note = "; ".join(filter(None, (found.note, ours)))
        return found

    def builds_on(self, cell: Cell, names: Collection[str]) -> list[str]:
        """Which of the names a test uses, directly or through what the student wrote for it."""
        answers = (
            [one.id for one in self.task_of[cell.id].answers] if cell.id in self.task_of else []
        )
        own = [source for one in answers for source in self.own.get(one, ())]
        model = [one.source for one in self.model if one.kind == "code"]
        return follow_through.builds_on(cell.source, [*model, *own], names)

    def to_read(self, cell: Cell, texts: Sequence[str]) -> Mark:
        """The mark of an answer in words: it waits for a person, or is 0 if the answer is empty."""
        text = "\n\n".join(text for text in texts if text not in ("", notebooks.TEXT_STUB))
        if not text:
            return Mark(cell.id, 0, cell.points, "no answer")
        return Mark(cell.id, None, cell.points, answer=text)
