"""With hidden numbers from any seed right answers pass and planted mistakes are caught."""

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from ..faults import cases
from ..slow import but_long
from .hidden_numbers import SLOW, SOURCES, answers, complaint
from .test_mistakes import PLANTED

SEEDS = [3**i for i in range(20)]  # small and large
EVERY = max(1, 16 // cases(1))  # one mistake in so many is tried; MINIRES_CASES=16 tries all


@pytest.mark.slow  # runs an assignment, and each of its checks with many seeds
@pytest.mark.parametrize("key", but_long(("a2", "a3", "a4", "a5", "a6"), SOURCES))
def test_model_solutions_pass_under_many_seeds(key, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **settings: None)
    for task, given in answers(key).items():
        for seed in SEEDS[: 1 if task in SLOW else cases(3)]:
            assert complaint(task, given, seed) is None, f"{task} with --seed {seed}"


def mistakes():
    for key, module in PLANTED.items():
        for i, (task, old, new, _) in enumerate(module.MISTAKES):
            if task not in SLOW:
                changes = [(old, new)] if isinstance(new, str) else new
                yield pytest.param(key, task, changes, id=f"{task}-{i}")


@pytest.mark.slow  # runs an assignment for each mistake
@pytest.mark.parametrize("key, task, changes", list(mistakes())[::EVERY])
def test_mistakes_are_caught_under_several_seeds(key, task, changes, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **settings: None)
    found = answers(key, task, changes)
    if task in found:  # without an answer its cell has stopped, and there is nothing to check
        for seed in SEEDS[:3] + SEEDS[-2:]:
            assert complaint(task, found[task], seed), f"{task} with --seed {seed}"
