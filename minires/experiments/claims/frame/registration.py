"""Registered predictions: what a claim predicted before it was measured, and whether the prediction
has changed since.

A prediction that is written after the measurement proves nothing. So before a run measures a claim
with a seed, it records the claim's prediction and its fingerprint in the table ``registered.csv``.
If the claim's file predicts something else today, the report says so beside the verdict.

There are two kinds of seeds. Seeds below a claim's `first_deciding_seed` are exploratory: their
results may be looked at while the claim is still being worked out. All other seeds are deciding,
and as soon as a claim has deciding seeds, the verdict is based on them alone.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist, stdev

from ....types import Row
from ...records import RunFolder, read_table
from .claim import FIRST_DECIDING, Claim

NAME = "registered"
COLUMNS, TEXT = (
    ("claim", "seed", "fingerprint", "prediction"),
    (
        "claim",
        "fingerprint",
        "prediction",
    ),
)
CHANCE = 0.8  # the probability of the verdict "supported" if the effect is the smallest one


def prediction(claim: Claim) -> str:
    """The claim's prediction in numbers, as one sentence."""
    joint = "; and " if claim.needed == "all" else "; or "
    return joint.join(map(str, claim.criteria))


def fingerprint(claim: Claim) -> str:
    """Twelve hexadecimal digits that change whenever the claim's statement, its predictions or its
    deciding seeds change.

    Its code, figures and source may change without changing the fingerprint.
    """
    said = [
        claim.name,
        claim.statement,
        claim.predictions,
        claim.needed,
        prediction(claim),
        claim.deciding_seeds,
    ]
    if claim.first_deciding_seed != FIRST_DECIDING:  # older fingerprints hold no first seed
        said.append(claim.first_deciding_seed)
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def register(folder: RunFolder, ordered: Sequence[tuple[Claim, int]]) -> None:
    """Record what each claim predicts, for each seed with which it is about to be measured.

    `ordered` holds the pairs (claim, seed). Earlier records of the same pairs are replaced.
    """
    table = folder.table(NAME, COLUMNS, TEXT)
    pairs = {(claim.name, seed) for claim, seed in ordered}
    rows = [row for row in table.rows() if (row["claim"], row["seed"]) not in pairs]
    rows += [row_of(claim, seed) for claim, seed in ordered]
    table.replace(sorted(rows, key=lambda row: (row["claim"], row["seed"])))


def read(folder: Path) -> list[Row]:
    """The rows of ``registered.csv`` in the folder of a run. Early runs have no such table, and
    therefore no rows.

    Raises DataError if the table is damaged.
    """
    path = folder / f"{NAME}.csv"
    return read_table(path, COLUMNS, TEXT) if path.exists() else []


def row_of(claim: Claim, seed: int) -> Row:
    """The row of ``registered.csv`` for one seed of a claim, with its prediction of today."""
    return {
        "claim": claim.name,
        "seed": seed,
        "fingerprint": fingerprint(claim),
        "prediction": prediction(claim),
    }


def deciding_seeds(claim: Claim, count: int | None = None) -> list[int]:
    """The first `count` fresh seeds of a claim; without a count, as many as decide it."""
    first = claim.first_deciding_seed
    return list(range(first, first + (claim.deciding_seeds if count is None else count)))


def exploratory(claim: Claim, rows: Sequence[Row]) -> list[Row]:
    """The rows of the exploratory seeds of a claim."""
    return [row for row in rows if row["seed"] < claim.first_deciding_seed]


def deciding(claim: Claim, rows: Sequence[Row]) -> list[Row]:
    """The rows that a verdict is based on: those of deciding seeds if there are any, else all."""
    found = [row for row in rows if row["seed"] >= claim.first_deciding_seed]
    return found or list(rows)


def standing(claim: Claim, seeds: Sequence[int], registered: Sequence[Row]) -> str:
    """How far a verdict that is based on these seeds can be trusted, in one sentence.

    `registered` holds the rows of ``registered.csv``.
    """
    known = {row["seed"]: row["fingerprint"] for row in registered if row["claim"] == claim.name}
    now = fingerprint(claim)
    changed = [seed for seed in seeds if known.get(seed, now) != now]
    unknown = [seed for seed in seeds if seed not in known]
    if changed:
        return f"the prediction was changed after it had been registered for seeds {named(changed)}"
    if min(seeds) < claim.first_deciding_seed:
        return f"exploratory seeds ({named(seeds)}): the claim may have been fitted to them"
    if unknown:
        return f"no prediction was recorded before seeds {named(unknown)} were measured"
    predicted = f"predicted ({now}) before seeds {named(seeds)} were measured"
    missing = [seed for seed in deciding_seeds(claim) if seed not in seeds]
    return f"{predicted}; still to decide: {named(missing)}" if missing else predicted


def smallest_effect(values: Sequence[float], margin: float, seeds: int) -> float:
    """How far beyond the threshold an effect must lie, on average, for `seeds` seeds to show it.

    A claim is supported if every seed lies beyond the margin. For an effect e and seeds that are
    normally distributed with the standard deviation s of `values`, one seed does so with
    probability Phi((e - margin) / s), and n seeds with the n-th power of it. This power is `CHANCE`
    for e = margin + s Phi^-1(CHANCE^(1 / n)).

    Parameters
    ----------
    values : list of float
        Values of the exploratory seeds, at least two; with fewer, StatisticsError is raised.
    margin : float
    seeds : int
        The number n of deciding seeds.
    """
    return margin + stdev(values) * NormalDist().inv_cdf(CHANCE ** (1 / seeds))


def named(seeds: Sequence[int]) -> str:
    """Seeds in words: "100 to 104", or "0, 2, 5"."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
