"""What is recorded of the claims: which have a verdict, by which seeds, and their numbers."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import registration
from minires.experiments.claims.frame.claim import Claim
from minires.experiments.claims.frame.criterion import seeds_of
from minires.experiments.claims.frame.verdict import Verdict
from minires.experiments.records import read_table
from minires.types import Row

from .places import ROOT

RECORDED = "results/claims"  # exploratory seeds
DECIDED = "results/claims-decided"  # deciding seeds, which count where a claim has both


class Recorded(NamedTuple):
    """A claim that was measured, and its verdict."""

    claim: Claim
    verdict: Verdict
    seeds: list[int]
    folder: str  # of the repository, with the table and the figure

    @property
    def is_decided(self) -> bool:
        """Whether the verdict is that of fresh seeds."""
        return self.folder == DECIDED

    @property
    def option(self) -> str:
        """The option of ``minires claims`` that measures the same seeds."""
        return f"{'--decide' if self.is_decided else '--seeds'} {len(self.seeds)}"

    @property
    def standing(self) -> str:
        """How far the verdict can be trusted, in a sentence."""
        return registration.standing(self.claim, self.seeds, registration.read(ROOT / self.folder))

    @property
    def picture(self) -> str:
        """The file of its figure in the repository."""
        return f"{self.folder}/{self.claim.name}.png"


@cache
def rows(name: str, folder: str) -> Sequence[Row]:
    """The recorded rows of a claim in one of the two folders; none if it was not measured there."""
    claim = CLAIMS[name]
    path = ROOT / folder / f"{name}.csv"
    return read_table(path, claim.columns, claim.text) if path.exists() else []


def best_rows(name: str) -> Sequence[Row]:
    """The rows that a claim's verdict is read from: those of deciding seeds if there are any."""
    return rows(name, DECIDED) or rows(name, RECORDED)


def rows_beside(name: str, other: str) -> Sequence[Row]:
    """The rows of a claim from the folder that the verdict of another one is read from."""
    return rows(name, DECIDED if rows(other, DECIDED) else RECORDED)


def in_folder(name: str, folder: str) -> Recorded | None:
    """What one of the two folders holds of a claim; None if nothing."""
    found = rows(name, folder)
    if not found:
        return None
    return Recorded(CLAIMS[name], CLAIMS[name].judge(found), seeds_of(found), folder)


@cache
def recorded() -> list[Recorded]:
    """Every claim that was measured; where deciding seeds were run, with their verdict."""
    found = (in_folder(name, DECIDED) or in_folder(name, RECORDED) for name in CLAIMS)
    return [one for one in found if one is not None]


@cache
def pictures() -> set[str]:
    """The figures that the gallery shows, as files of the repository."""
    return {one.picture for one in recorded() if (ROOT / one.picture).exists()}
