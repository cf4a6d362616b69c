"""What a claim is: a sentence that someone has written, and how to put it to the test."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from ....types import Figure, Row
from .criterion import ALL, Criterion
from .laboratory import Laboratory
from .verdict import Verdict, one_of, together

Training: TypeAlias = tuple[str, str]  # net, variant
Measure = TypeVar("Measure", bound=Callable[[Laboratory, int], Iterable[Row]])


def on_trained(*trainings: str | Training) -> Callable[[Measure], Measure]:
    """Says which trained nets a ``measure`` looks at: the name of a net, or (net, variant).

    They are trained before it is called, side by side. It may use others too, which it then has to
    wait for.
    """

    def mark(measure: Measure) -> Measure:
        pairs = (one if isinstance(one, tuple) else (one, "usual") for one in trainings)
        measure.trainings = tuple(dict.fromkeys(pairs))  # type: ignore[attr-defined]
        return measure

    return mark


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
        `error_comparison.measure` is one for claims that compare errors. `on_trained` says which
        nets it looks at.
    criteria : tuple of Criterion
        What it predicts in numbers.
    draw : callable
        ``draw(rows, caption)``: the figure, from the rows of all seeds. `error_comparison.draw`
        makes one for claims that compare errors.
    text : tuple of str
        Columns that hold words; all others hold numbers, and could not be read otherwise.
    animate : callable, optional
        ``animate(rows, caption, path)`` writes a GIF.
    needed : {"all", "any"}
        Which of the criteria must be met.
    cost : float
        How long ``measure`` takes, compared to the usual training of plain-56.
    deciding_seeds : int
        How many fresh seeds are to decide it: five, or three where a seed of this claim alone
        takes longer than three minutes. It is fixed beforehand, as the prediction is: to stop when
        the numbers look good would be to choose them.
    """

    name: str
    statement: str
    source: str
    predictions: dict[str, str]
    columns: tuple[str, ...]
    measure: Callable[[Laboratory, int], Iterable[Row]]
    criteria: tuple[Criterion, ...]
    draw: Callable[[Sequence[Row], str], Figure]
    text: tuple[str, ...] = ()
    animate: Callable[[Sequence[Row], str, Path], object] | None = None
    needed: str = ALL
    cost: float = 0.1
    deciding_seeds: int = 5

    @property
    def trainings(self) -> tuple[Training, ...]:
        """(net, variant) of each training that it looks at."""
        return getattr(self.measure, "trainings", ())

    def judge(self, rows: Sequence[Row]) -> Verdict:
        """The verdict, from the rows of all seeds."""
        found = [criterion.judge(rows) for criterion in self.criteria]
        if len(found) == 1:
            return found[0]
        return together(*found) if self.needed == ALL else one_of(*found)
