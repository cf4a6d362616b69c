"""Points without an answer: each attempt succeeds where tests run in the student's own process, and
earns nothing where they run outside."""

import secrets

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

import jupytext

from minires.course import checks
from minires.course.limits import Limits
from minires.course.mark import mark
from minires.course.trial import Trial

from . import one_process, unearned

ASSIGNMENT = """# %% nbgrader={{"grade": false, "grade_id": "{key}-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}}
from minires.course import begin, check

begin("{key}")

# %% nbgrader={{"grade": false, "grade_id": "{key}-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}}
### BEGIN SOLUTION
### END SOLUTION

# %% nbgrader={{"grade": true, "grade_id": "{key}-test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}}
check("{task}", {names})
### BEGIN HIDDEN TESTS
check("{task}", {names}, hidden=True)
### END HIDDEN TESTS
"""
SLOW = {"a2.speed", "a5.twins", "a5.run", "a3.train"}  # tasks whose checks take seconds


def assignment(task, names):
    key = task.split(".")[0]
    return jupytext.reads(ASSIGNMENT.format(key=key, task=task, names=names), fmt="py:percent")


def by_heart():
    """A table of answers to a1.relu: for the visible numbers and for the usual hidden ones."""
    rows = []
    for seed in (0, *checks.seeds(hidden=True, name="a1.relu")):
        trial = Trial(seed, hidden=True)
        a, dy = trial.normal(5, 4), trial.normal(5, 4)
        a[0, :2] = 0
        rows.append(f'"{dy.tobytes()[:16].hex()}": "{(dy * (a > 0)).tobytes().hex()}"')
    return ", ".join(rows)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if attack[0] in SLOW else [])
        for name, attack in unearned.ATTACKS.items()
    ],
)
def test_nothing_is_earned_without_an_answer(name):
    task, names, code = unearned.ATTACKS[name]
    code = code.replace("{{{table}}}", "{" + by_heart() + "}")
    source, key = with_answer(task, names, code), task.split(".")[0]
    cells = [(None, source.cells[0].source), (None, code), (f"{key}-test", source.cells[2].source)]
    assert one_process.graded(cells)[f"{key}-test"], "the attack does not work where it should"
    earns_nothing(source, key)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if attack[0] in SLOW else [])
        for name, attack in unearned.BY_GUESS.items()
    ],
)
def test_a_guess_that_used_to_earn_points_earns_none(name):
    task, names, code = unearned.BY_GUESS[name]
    message = earns_nothing(with_answer(task, names, code), task.split(".")[0])
    assert "is not defined" not in message and "SyntaxError" not in message, message


def with_answer(task, names, code):
    source = assignment(task, names)
    source.cells[1]["source"] = code
    return source


def earns_nothing(source, key):
    result = mark(source, source, f"{key}_small", Limits(30), seed=secrets.randbits(60))
    assert result.points == 0, result.output
    return result.marks[0].message
