"""In a notebook, count the points of the checks that have passed so far."""

import json
import re
from functools import cache

from .notebooks import SOURCES

CELL = re.compile(r"^# %% nbgrader=(\{.*\})$", re.MULTILINE)
CHECK = re.compile(r'^check\("([\w.]+)"', re.MULTILINE)
_passed: set[str] = set()  # tasks whose check has passed


@cache
def tests(assignment: str) -> list[tuple[float, frozenset[str]]]:
    """The tests of an assignment: for each its points, and the tasks whose checks it runs."""
    (path,) = SOURCES.glob(f"{assignment}_*.py")
    _, *parts = CELL.split(path.read_text(encoding="utf-8"))
    found = []
    for settings, source in zip(parts[::2], parts[1::2]):
        marks = json.loads(settings)
        if marks["grade"] and not marks["solution"]:
            found.append((float(marks["points"]), frozenset(CHECK.findall(source))))
    return found


def failed(task: str) -> None:
    """Note that the check of a task failed."""
    _passed.discard(task)


def passed(task: str) -> str:
    """Note that the check of a task passed, and return the points so far, in words."""
    _passed.add(task)
    worth = tests(task.split(".")[0])
    points = sum(points for points, tasks in worth if tasks <= _passed)
    return f"{points:g} of the {sum(points for points, _ in worth):g} points that checks give"
