"""Which claims have recorded numbers, and where they lie."""

from functools import cache

from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame.claim import Claim
from minires.experiments.records import read_table

from .places import ROOT

RECORDED = "results/claims"
DECIDED = "results/claims-decided"  # by seeds that nobody had seen; these come first


def folder(claim: Claim) -> str:
    """Where the numbers lie that a claim's verdict is read from."""
    is_decided = (ROOT / DECIDED / f"{claim.name}.csv").exists()
    return DECIDED if is_decided else RECORDED


@cache
def recorded() -> list[tuple[Claim, str, str, int]]:
    """(claim, verdict, its reason, number of seeds) of each claim that was measured."""
    found = []
    for claim in CLAIMS.values():
        path = ROOT / folder(claim) / f"{claim.name}.csv"
        if path.exists():
            rows = read_table(path, claim.columns, claim.text)
            outcome, reason = claim.judge(rows)
            found.append((claim, outcome, reason, len({row["seed"] for row in rows})))
    return found


@cache
def pictures() -> set[str]:
    """The figures that the page shows, as files of the repository."""
    return {
        f"{folder(claim)}/{claim.name}.png"
        for claim, *_ in recorded()
        if (ROOT / folder(claim) / f"{claim.name}.png").exists()
    }
