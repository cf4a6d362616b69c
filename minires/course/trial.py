"""A trial of an answer: the random numbers of a check, and the options of a student's variant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..types import Array
from . import choices
from .compare import WrongAnswer

_default_rng = np.random.default_rng


@dataclass
class Trial:
    """One run of a check: `rng` draws the inputs; a `hidden` run draws others than a student saw.

    `variant` holds the options of the student's variant: name of a choice -> option.
    """

    seed: int
    hidden: bool
    variant: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = _default_rng([self.seed, 2015])

    def option(self, choice: str) -> str:
        """The option of a choice in the student's variant, by default the shared one."""
        return self.variant.get(choice, choices.SHARED[choice])

    def normal(self, *shape: int, dtype: Any = np.float64) -> Array:
        """An array of numbers from the standard normal distribution."""
        return self.rng.standard_normal(shape).astype(dtype)

    def factor(self, low: float, high: float) -> float:
        """A random number between two others."""
        return float(self.rng.uniform(low, high))

    def generator(self) -> np.random.Generator:
        """A generator for the student's code; its state does not reveal what `rng` draws."""
        return _default_rng(self.rng.integers(2**63))

    def ask(
        self, cases: Sequence[tuple[Any, ...]], question: Callable[..., Any]
    ) -> Iterator[tuple[Any, ...]]:
        """Ask ``question(*case)`` for every case, and yield (*case, answer).

        The order of the questions is random: otherwise a function could know the answers by
        counting its calls. The answers come in the order of the cases, and so does a WrongAnswer
        that a question raises.
        """
        answers: dict[int, Any] = {}
        for i in self.rng.permutation(len(cases)).tolist():
            try:
                answers[i] = question(*cases[i])
            except WrongAnswer as error:
                answers[i] = error
        for i, case in enumerate(cases):
            if isinstance(answers[i], WrongAnswer):
                raise answers[i]
            yield *case, answers[i]
