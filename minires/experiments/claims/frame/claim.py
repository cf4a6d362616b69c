"""A claim: a sentence about deep nets that someone has written, and how to test it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from ....types import Figure, Row
from .criterion import ALL, Criterion
from .laboratory import Laboratory
from .verdict import Verdict, one_of, together

Training: TypeAlias = tuple[str, str]  # net, variant
FIRST_DECIDING = 100  # the first seed that nobody looks at while most claims are worked out
Measure = TypeVar("Measure", bound=Callable[[Laboratory, int], Iterable[Row]])


def on_trained(*trainings: str | Training) -> Callable[[Measure], Measure]:
    """Decorate a claim's ``measure`` with the trained nets that it needs: names of nets, or pairs
    (net, variant).

    A run trains these nets in parallel before it calls ``measure``. A net that is not listed here
    is trained only when ``measure`` asks the laboratory for it.
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
        The claim's name on the command line.
    statement : str
        The claim, in one sentence.
    source : str
        The text that makes the claim: paper, section and figure.
    predictions : dict
        Side of the dispute -> what that side expects to be measured.
    columns : tuple of str
        Columns of the table of results. The first is always ``seed``.
    measure : callable
        ``measure(laboratory, seed)`` returns the rows of one seed, dicts with these columns (the
        run adds ``seed``). It must not change trained nets, because other claims use them too.
        `on_trained` declares the nets that it needs. `error_comparison.measure` makes one for
        claims that compare errors.
    criteria : tuple of Criterion
        The prediction in numbers.
    draw : callable
        ``draw(rows, caption)`` returns the figure, from the rows of all seeds.
        `error_comparison.draw` makes one for claims that compare errors.
    text : tuple of str
        Columns that hold words. All other columns must hold numbers.
    animate : callable, optional
        ``animate(rows, caption, path)`` writes a GIF.
    needed : {"all", "any"}
        Whether all criteria must be met, or any one of them.
    cost : float
        How long ``measure`` takes, as a multiple of the usual training of plain-56.
    deciding_seeds : int
        How many fresh seeds decide the claim: five, or three if one seed takes longer than three
        minutes. The number is fixed beforehand, like the prediction: stopping when the numbers
        look good would amount to choosing them.
    first_deciding_seed : int
        The first fresh seed. A claim that was found in results of deciding seeds starts after
        these.
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
    first_deciding_seed: int = FIRST_DECIDING

    @property
    def trainings(self) -> tuple[Training, ...]:
        """(net, variant) of each training that `measure` needs: see `on_trained`."""
        return getattr(self.measure, "trainings", ())

    def judge(self, rows: Sequence[Row]) -> Verdict:
        """The verdict on the claim, from the rows of all seeds."""
        found = [criterion.judge(rows) for criterion in self.criteria]
        if len(found) == 1:
            return found[0]
        return together(*found) if self.needed == ALL else one_of(*found)
