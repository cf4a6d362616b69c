"""The claims that have recorded numbers, and the folders of these."""

from functools import cache

from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame.claim import Claim
from minires.experiments.records import read_table

from .places import ROOT

RECORDED = "results/claims"  # exploratory seeds
DECIDED = "results/claims-decided"  # deciding seeds, which count where a claim has both


def folder(claim: Claim) -> str:
    """The folder with the numbers that decide a claim's verdict."""
    is_decided = (ROOT / DECIDED / f"{claim.name}.csv").exists()
    return DECIDED if is_decided else RECORDED


@cache
def recorded() -> list[tuple[Claim, str, str, int]]:
    """(claim, verdict, its reason, number of seeds) for each claim with recorded numbers."""
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
    """The figures of these claims, as files of the repository."""
    return {
        f"{folder(claim)}/{claim.name}.png"
        for claim, *_ in recorded()
        if (ROOT / folder(claim) / f"{claim.name}.png").exists()
    }
