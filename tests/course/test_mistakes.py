"""The checks recognise the typical mistakes, and let every right answer pass."""

from collections import Counter
from importlib import import_module

import matplotlib.pyplot
import numpy as np
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires import course
from minires.course import checks, notebooks
from minires.course.compare import WrongAnswer

SOURCES = {name.split("_")[0]: (name, path) for name, path in notebooks.find().items()}
SLOW = {  # tasks whose checks take seconds
    "a2.train": "trains a net on each of two convolutions",
    "a2.speed": "times convolutions",
    "a4.curves": "trains three nets",
}
PLANTED = {key: import_module(f"{__package__}.mistakes.{key}") for key in SOURCES}


def answer(key, task, changes, monkeypatch):
    """Run the cells of an assignment with changes to its solutions, up to the test of a task, and
    then the visible half of that test."""
    monkeypatch.setattr(
        f"{course.__name__}.hold_back.start", lambda assignment: None
    )  # the other tests need the whole library
    monkeypatch.setattr(
        "matplotlib.pyplot.show", lambda *args, **settings: matplotlib.pyplot.close("all")
    )
    name, path = SOURCES[key]
    notebook = notebooks.read(path)
    for old, new in changes:
        cells = [cell for cell in notebook.cells if old in cell.source]
        assert len(cells) == 1, f"{len(cells)} cells hold {old!r}"
        assert cells[0].source.count(old) == 1, (
            f"{old!r} is there {cells[0].source.count(old)} times"
        )
        cells[0]["source"] = cells[0].source.replace(old, new)
    space = {"__name__": "__main__", "display": lambda *things: None}
    for cell in notebooks.cells(notebook):
        if cell.tests:
            if f'check("{task}"' in cell.source:
                exec(
                    compile(
                        notebooks._replace(cell.source, notebooks.HIDDEN, None)[0], cell.id, "exec"
                    ),
                    space,
                )
                return space
        elif cell.kind == "code":
            try:
                exec(compile(cell.source, f"<{cell.id}>", "exec"), space)
            except (
                Exception
            ) as error:  # a mistake may stop cells on the way, as it does in a notebook
                space.setdefault("stopped", error)
                if not changes:
                    raise
    raise AssertionError(f"{task} has no test in {name}")


def marks(task, seen):
    """The first mistake of each task is quick, the others are slow: only the longer tests show that
    the others are named too. Seven of eight are marked long."""
    seen[task] += 1
    if seen[task] == 1 and task not in SLOW:
        return []
    return [pytest.mark.slow] if seen[task] % 8 == 2 else [pytest.mark.slow, pytest.mark.long]


def planted():
    seen = Counter()
    for key, module in PLANTED.items():
        for i, (task, old, new, message) in enumerate(module.MISTAKES):
            changes = [(old, new)] if isinstance(new, str) else new
            yield pytest.param(
                key, task, changes, message, id=f"{task}-{i}", marks=marks(task, seen)
            )


@pytest.mark.parametrize("key, task, changes, message", list(planted()))
def test_a_mistake_is_named(key, task, changes, message, monkeypatch):
    with np.errstate(all="ignore"), pytest.raises(WrongAnswer) as error:
        answer(key, task, changes, monkeypatch)
    assert message in str(error.value) and len(str(error.value)) < 700


@pytest.mark.parametrize(
    "key, task, changes",
    [
        pytest.param(
            key,
            task,
            [(old, new)] if isinstance(new, str) else new,
            id=f"{task}-{i}",
            marks=[pytest.mark.slow] if task in SLOW else [],
        )
        for key, module in PLANTED.items()
        for i, (task, old, new) in enumerate(module.RIGHT)
    ],
)
def test_an_unusual_right_answer_passes(key, task, changes, monkeypatch, capsys):
    answer(key, task, changes, monkeypatch)
    assert f"✓ {task}" in capsys.readouterr().out


def test_there_are_enough():
    assert sum(len(module.MISTAKES) for module in PLANTED.values()) >= 40


@pytest.mark.parametrize("key", SOURCES)
def test_every_task_has_a_mistake_that_it_finds(key):
    assert {task for task, *_ in PLANTED[key].MISTAKES} == set(checks.tasks(key))
