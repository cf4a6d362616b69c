"""What a claim is: a sentence that someone has written, and how to put it to the test."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....types import Figure, Row
from .laboratory import Laboratory
from .verdict import Verdict


@dataclass(frozen=True)
class Claim:
    """A claim about deep nets, its test, and how to read the result.

    Parameters
    ----------
    name : str
        What it is called on the command line.
    statement : str
        The claim, in one sentence.
    source : str
        Who says so.
    predictions : dict
        Side -> what that side expects to be measured.
    columns : tuple of str
        Of the table of results. The first is always ``seed``.
    measure : callable
        ``measure(laboratory, seed)``: the rows of one seed, a list of dicts with these columns (the
        seed may be left out). It must leave trained nets as they are: others use them too.
        `error_comparison.measure` is one for claims that compare errors.
    judge : callable
        ``judge(rows)``: the `Verdict`, from the rows of all seeds.
    draw : callable
        ``draw(rows, caption)``: the figure, from the rows of all seeds. `error_comparison.draw`
        makes one for claims that compare errors.
    text : tuple of str
        Columns that hold words; all others hold numbers, and could not be read otherwise.
    animate : callable, optional
        ``animate(rows, caption, path)`` writes a GIF.
    """

    name: str
    statement: str
    source: str
    predictions: dict[str, str]
    columns: tuple[str, ...]
    measure: Callable[[Laboratory, int], Iterable[Row]]
    judge: Callable[[Sequence[Row]], Verdict]
    draw: Callable[[Sequence[Row], str], Figure]
    text: tuple[str, ...] = ()
    animate: Callable[[Sequence[Row], str, Path], object] | None = None
