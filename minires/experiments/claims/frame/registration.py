"""What a claim said before its data: the prediction, its fingerprint, and whether it changed since.

A prediction that is written after the numbers proves nothing. So the table ``registered.csv`` of a
run keeps, for each claim and seed, the fingerprint of what the claim predicted when the measurement
was ordered. If the claim's file says something else today, the report marks its verdict.

Seeds are of two kinds. Those below `FIRST_DECIDING` are for exploring: they may be looked at while
a claim is worked out. Those from there on decide, and where a claim has some, they alone are
judged.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist, stdev

from ....types import Row
from ...records import RunFolder, read_table
from .claim import Claim

NAME = "registered"
COLUMNS, TEXT = (
    ("claim", "seed", "fingerprint", "prediction"),
    (
        "claim",
        "fingerprint",
        "prediction",
    ),
)
FIRST_DECIDING = 100
CHANCE = 0.8  # that a claim of the smallest effect is found to be supported


def prediction(claim: Claim) -> str:
    """What the claim predicts in numbers, in one sentence."""
    joint = "; and " if claim.needed == "all" else "; or "
    return joint.join(map(str, claim.criteria))


def fingerprint(claim: Claim) -> str:
    """Twelve digits that stand for the claim's statement, its predictions, and how many seeds are
    to decide. Figures, sources and wording of the code may change without changing it.
    """
    said = [
        claim.name,
        claim.statement,
        claim.predictions,
        claim.needed,
        prediction(claim),
        claim.deciding_seeds,
    ]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def register(folder: RunFolder, ordered: Sequence[tuple[Claim, int]]) -> None:
    """Write down what claims predict for the seeds with which they are now to be measured."""
    table = folder.table(NAME, COLUMNS, TEXT)
    pairs = {(claim.name, seed) for claim, seed in ordered}
    rows = [row for row in table.rows() if (row["claim"], row["seed"]) not in pairs]
    rows += [row_of(claim, seed) for claim, seed in ordered]
    table.replace(sorted(rows, key=lambda row: (row["claim"], row["seed"])))


def read(folder: Path) -> list[Row]:
    """The rows of ``registered.csv`` in the folder of a run; none if the run is older than that.

    Raises as `read_table`.
    """
    path = folder / f"{NAME}.csv"
    return read_table(path, COLUMNS, TEXT) if path.exists() else []


def row_of(claim: Claim, seed: int) -> Row:
    """The row of ``registered.csv`` for one claim and seed, as it stands now."""
    return {
        "claim": claim.name,
        "seed": seed,
        "fingerprint": fingerprint(claim),
        "prediction": prediction(claim),
    }


def deciding_seeds(claim: Claim) -> list[int]:
    """The seeds that the claim itself names to decide it."""
    return list(range(FIRST_DECIDING, FIRST_DECIDING + claim.deciding_seeds))


def exploratory(rows: Sequence[Row]) -> list[Row]:
    """The rows of seeds that anybody may look at."""
    return [row for row in rows if row["seed"] < FIRST_DECIDING]


def deciding(rows: Sequence[Row]) -> list[Row]:
    """The rows that a verdict is read from: of the deciding seeds, else of all."""
    found = [row for row in rows if row["seed"] >= FIRST_DECIDING]
    return found or list(rows)


def standing(claim: Claim, seeds: Sequence[int], registered: Sequence[Row]) -> str:
    """How far a verdict from these seeds can be trusted, in one sentence."""
    known = {row["seed"]: row["fingerprint"] for row in registered if row["claim"] == claim.name}
    now = fingerprint(claim)
    changed = [seed for seed in seeds if known.get(seed, now) != now]
    unknown = [seed for seed in seeds if seed not in known]
    if changed:
        return f"the prediction was changed after seeds {named(changed)} had been ordered"
    if min(seeds) < FIRST_DECIDING:
        return f"exploratory seeds ({named(seeds)}): the claim may have been fitted to them"
    if unknown:
        return f"of seeds {named(unknown)} it is not known what was predicted before"
    predicted = f"predicted ({now}) before seeds {named(seeds)} were measured"
    missing = [seed for seed in deciding_seeds(claim) if seed not in seeds]
    return f"{predicted}; still to decide: {named(missing)}" if missing else predicted


def smallest_effect(values: Sequence[float], margin: float, seeds: int) -> float:
    """How far beyond the threshold an effect must lie, on average, for `seeds` seeds to show it.

    All of them must lie beyond the margin. If seeds scatter like a bell curve with the standard
    deviation s of `values`, and the effect is e, one does with probability Phi((e - margin) / s),
    and all with its power of `seeds`. The effect for which that is `CHANCE` is
    margin + s Phi^-1(CHANCE^(1 / seeds)).

    Parameters
    ----------
    values : list of float
        Of exploratory seeds, at least two.
    margin : float
    seeds : int
        How many will decide.
    """
    return margin + stdev(values) * NormalDist().inv_cdf(CHANCE ** (1 / seeds))


def named(seeds: Sequence[int]) -> str:
    """Seeds in words: "100 to 104", or "0, 2, 5"."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
