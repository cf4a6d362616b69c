"""The parts of an exercise."""

from collections.abc import Callable
from dataclasses import dataclass

#: What the stars beside an exercise mean.
LEVELS = {1: "warm up", 2: "build it", 3: "go further"}


@dataclass(frozen=True)
class Exercise:
    """A task in words, hints in stages, a solution, and a check.

    Attributes
    ----------
    key : str
        The number of the notebook and a name, such as "04.dilation".
    level : int
        1, 2 or 3 (see `LEVELS`); 0 for a question to answer in words.
    title, text : str
        The text may hold `code`, **bold** and *slanted* parts, and indented lines of code.
    hints : tuple of str
        The first helps to start, the last says nearly all.
    solution : str
        Python, or for level 0 a good answer in words.
    check : callable, optional
        Called with the student's answers. It raises WrongAnswer, which names the mistake.
    """

    key: str
    level: int
    title: str
    text: str
    hints: tuple[str, ...]
    solution: str
    check: Callable[..., None] | None = None
