"""The steps at which a measure differs between two nets with every seed."""

from collections.abc import Sequence
from typing import NamedTuple

from .measures import Run


class Apart(NamedTuple):
    """The recorded steps at which all seeds of one net lie on the same side of all seeds of another
    net.
    """

    above: list[int]  # steps at which the first net lies above the other
    below: list[int]  # steps at which it lies below

    @property
    def steps(self) -> list[int]:
        """All these steps, in ascending order."""
        return sorted([*self.above, *self.below])


def side(these: Sequence[float], those: Sequence[float]) -> int:
    """1 if all of `these` are above all of `those`, -1 if all are below, 0 if they overlap."""
    return int(min(these) > max(those)) - int(max(these) < min(those))


def when_apart(run: Run, measure: str, net: str, other: str) -> Apart:
    """The steps at which `measure` separates `net` from `other`, with every seed of both."""
    sides = {
        step: side(run.at(measure, net, step), run.at(measure, other, step)) for step in run.steps
    }
    return Apart(
        [step for step, found in sides.items() if found > 0],
        [step for step, found in sides.items() if found < 0],
    )
