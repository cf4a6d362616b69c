"""An exhibit: a mistake, what it breaks, and what happens when its code runs."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...course import checks
from ...course.compare import WrongAnswer
from ...types import Array
from . import variants
from .drawing import MAPS, Picture
from .probes import NAIVE, Probe
from .training import Training, outcome


@dataclass(frozen=True)
class Exhibit:
    """A mistake that students make, planted in the solution of an assignment.

    Attributes
    ----------
    key : str
        The name of the exhibit, in lower case with hyphens.
    room : str
        The subject that it belongs to; exhibits on one subject hang together.
    title : str
    task : str
        The task of the coursework whose check finds the mistake, such as "a2.col2im".
    changes : tuple of (str, str)
        (old, new): code of the solution, and the code that replaces it.
    probe : callable
        Computes the numbers of the picture.
    shows : str
        What the picture shows, as in "the gradient dx of one channel".
    question : str
    choices : tuple of str
    answer : str
        The right choice.
    why : str
    training : callable
        A short training with the code.
    trains : str
        How the training goes with the mistake, one of `training.OUTCOMES`.
    lesson : str
        What to learn from it.
    says : str
        A part of the check's message.
    picture : Picture
        How the numbers of the probe are drawn.
    """

    key: str
    room: str
    title: str
    task: str
    changes: tuple[tuple[str, str], ...]
    probe: Probe
    shows: str
    question: str
    choices: tuple[str, ...]
    answer: str
    why: str
    training: Training
    trains: str
    lesson: str
    says: str
    picture: Picture = MAPS

    @property
    def assignment(self) -> str:
        """The assignment of the task, such as "a2"."""
        return self.task.partition(".")[0]

    def code(self) -> list[tuple[str, str]]:
        """The lines of the functions that the mistake changes, marked as in `variants.diff`."""
        lines: list[tuple[str, str]] = []
        for right, wrong in variants.changed_functions(self.assignment, self.changes):
            lines += [(" ", "")] if lines else []
            lines += variants.diff(right, wrong)
        return lines

    def space(self) -> variants.Space:
        """The names that the assignment defines, with the mistake in their code."""
        return variants.run(variants.planted(self.assignment, self.changes))

    def maps(self) -> tuple[Array, Array]:
        """The numbers of the picture: right, and with the mistake."""
        return _right_map(self.assignment, self.probe), _quietly(self.probe, self.space())

    def losses(self) -> tuple[list[float], list[float]]:
        """The loss of every step: right, and with the mistake."""
        wrong = _quietly(self.training, self.space())
        return _right_losses(self.assignment, self.training), wrong

    def message(self) -> str:
        """The message of the task's check about the code with the mistake."""
        space = self.space()
        try:
            with np.errstate(all="ignore"):
                checks.run(self.task, self._answers(space), False)
        except WrongAnswer as error:
            return str(error)
        return "✓ Nothing: the check lets it pass."

    def _answers(self, space: variants.Space) -> list[Any]:
        """What a student would pass to the check: functions, and in a1.train the result of a
        training.
        """
        if self.task == "a1.train":
            from .training import moons

            parameters = moons(space)
            losses = _quietly(space["train"], 400, 0.5)
            return [losses, space["train"], parameters]
        return [space[name] for name in ANSWERS[self.task]]


#: The names in an assignment that the check of a task gets.
ANSWERS = {
    "a1.add": ("add_backward",),
    "a1.relu": ("relu_backward",),
    "a1.backward": ("backward", "Node"),
    "a2.naive": ("conv2d_naive",),
    "a2.im2col": ("im2col",),
    "a2.forward": ("conv2d_forward",),
    "a2.col2im": ("col2im",),
    "a2.dw": ("conv2d_forward", "conv2d_backward"),
    "a2.dx": ("conv2d_forward", "conv2d_backward"),
    "a3.relu_forward": ("relu_forward",),
    "a3.relu_backward": ("relu_forward", "relu_backward"),
    "a3.forward": ("batch_norm_forward",),
    "a3.sums": ("batch_norm_forward", "batch_norm_backward"),
    "a3.backward": ("batch_norm_forward", "batch_norm_backward"),
    "a4.he_normal": ("he_normal",),
    "a4.shortcut_a": ("shortcut_a",),
    "a4.shortcut": ("Shortcut",),
    "a4.basic_layers": ("BasicBlock",),
    "a4.basic_plain": ("BasicBlock",),
    "a4.basic_residual": ("BasicBlock",),
    "a4.network": ("ResNet",),
    "a4.train": ("train",),
}


@dataclass(frozen=True)
class Findings:
    """The results of running an exhibit."""

    right: Array
    wrong: Array
    right_losses: list[float]
    wrong_losses: list[float]
    message: str

    @property
    def outcome(self) -> str:
        """How training went with the mistake."""
        return outcome(self.right_losses, self.wrong_losses)


def look(exhibit: Exhibit) -> Findings:
    """Run an exhibit; this takes seconds."""
    return Findings(*exhibit.maps(), *exhibit.losses(), exhibit.message())


@cache
def _right_map(assignment: str, probe: Probe) -> Array:
    if probe in NAIVE:
        return NAIVE[probe]()
    return probe(variants.run(variants.source_of(assignment)))


@cache
def _right_losses(assignment: str, training: Training) -> list[float]:
    return training(variants.run(variants.source_of(assignment)))


def _quietly(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function without warnings, as some exhibits are about numbers that overflow."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args)
