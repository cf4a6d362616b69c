"""Run a single test on what a submission defines, and say what was wrong."""

import ast
import builtins
import contextlib
import io
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import ConfigError, nearest
from . import check, choices, follow_through
from .compare import WrongAnswer
from .notebooks import Cell
from .result import Mark, short
from .runner import Runner
from .sandbox import Crashed, TimedOut

CHECKS = re.compile(r'^check\("([\w.]+)"', re.MULTILINE)


class Tester:
    """Tests of an assignment, run outside the submission's process.

    Parameters
    ----------
    runner : Runner
        The submission's process.
    given : list of Cell
        The cells that the assignment gives: its tests and its locked cells.
    seed : int, optional
        The number that the hidden seeds are made from: see `checks.seeds`.
    variant : dict, optional
        The options of the student's variant.
    """

    def __init__(
        self,
        runner: Runner,
        given: Sequence[Cell],
        seed: int | None = None,
        variant: Mapping[str, str] | None = None,
    ) -> None:
        self.runner, self.given, self.seed, self.variant = runner, given, seed, variant
        # (choice, option) of other variants that have cost their points already.
        self.accepted: set[tuple[str, str]] = set()

    def mark(self, cell: Cell) -> Mark:
        """Run a test: all its points if the answers are right, else none and a message.

        An answer that fails may be right in another variant: the mark says in which. If the
        student's earlier answers were right in that variant too, it gets its points.
        """
        restarts = self.runner.restarts
        found = self._points_of(cell, self.variant)
        if not found.wrong or self.variant is None or self.runner.restarts > restarts:
            return found
        asked = [choices.of_task(task) for task in CHECKS.findall(cell.source)]
        choice = next(filter(None, asked), None)
        if choice is None:
            return found
        own = self.variant[choice.name]
        for other in dict.fromkeys([*choice.options, choice.shared]):
            again = self._points_of(cell, {**self.variant, choice.name: other})
            if other == own or again.wrong:
                continue
            what = choice.options.get(other, "as in the notebook without an id")
            if (choice.name, other) in self.accepted:
                again.note = f"tested in the variant of your earlier answer: {what}"
                return again
            found.other_variant = (choice.name, other)
            found.message = (
                f"right in another variant of the assignment ({what}), but not in yours "
                f"({choice.options[own]}). {found.message}"
            )
            break
        return found

    def _points_of(self, cell: Cell, variant: Mapping[str, str] | None) -> Mark:
        """Run a test in one variant."""
        if not self.runner.alive():
            return Mark(
                cell.id,
                0,
                cell.points,
                "not run: the submission's process ended too often, or took too long",
            )
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                tree = _with_our_check(ast.parse(cell.source))
                exec(compile(tree, f"<test {cell.id}>", "exec"), self._space(tree, variant))
            self.runner.process.forget()
            return Mark(cell.id, cell.points, cell.points)
        except (Crashed, TimedOut) as error:
            self.runner.restart()
            return Mark(cell.id, 0, cell.points, short(error))
        except WrongAnswer as error:
            message = f"{error}{self._cut_short(cell, str(error))}"
            return Mark(cell.id, 0, cell.points, short(message), picture=error.picture)
        except ConfigError:
            raise  # a mistake in the assignment, not in the submission
        except Exception as error:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            return Mark(cell.id, 0, cell.points, short(said + self._cut_short(cell, said)))

    def _space(self, tree: ast.Module, variant: Mapping[str, str] | None) -> dict[str, Any]:
        """The names that a test can use: the check, NumPy, and what the submission defines."""
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
        ours = partial(check, seed=self.seed, variant=variant)
        space = {"__name__": "test", "check": ours, "np": np}
        defined = None
        for name in dict.fromkeys(names):
            if name in space or name in own or hasattr(builtins, name):
                continue
            if defined is None:
                defined = self.runner.process.names()
            if name not in defined:
                raise WrongAnswer(f"{name} is not defined: " + self._why_undefined(name, defined))
            space[name] = self.runner.process.get(name)
        return space

    def _cut_short(self, cell: Cell, message: str) -> str:
        """What to add to the message of a test of results that are incomplete: which of the
        assignment's cells stopped before it had collected them, and why.
        """
        given = {one.source for one in self.given}
        for name in sorted(follow_through.used(cell.source)):
            for one in self.runner.stopped:
                if one.source in given and one.makes(name) and one.label not in message:
                    return f"; {str(one).replace('which defines it', f'which makes {name}')}"
        return ""

    def _why_undefined(self, name: str, defined: Iterable[str]) -> str:
        """Why a name is missing: the cell that stopped before it defined it, or a similar name.

        Names that the assignment itself uses are never suggested.
        """
        for one in reversed(self.runner.stopped):
            if one.makes(name):
                return str(one)
        own = set(re.findall(r"\w+", "\n".join(cell.source for cell in self.given)))
        near = nearest(name, [other for other in defined if other not in own])
        return "the cell that defines it stopped, or it has another name" + (
            f"; there is {near!r}" if near else ""
        )


def _with_our_check(tree: ast.Module) -> ast.Module:
    """Remove the imports of `check` from a test.

    Tests import it because a student may have used the name for something else. Here the import
    would replace the `check` that knows the hidden seed and the student's variant.
    """
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "minires.course" and not node.level:
            node.names = [one for one in node.names if (one.name, one.asname) != ("check", None)]
            if not node.names:
                tree.body.remove(node)
    return tree
