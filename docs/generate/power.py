"""The page docs/power.md: how large an effect the deciding seeds of each claim can show.

``python -m docs.generate.power`` writes it anew from the recorded exploratory seeds.
"""

from math import isfinite
from statistics import mean, stdev
from textwrap import fill

from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import power, registration
from minires.experiments.claims.frame.power import Power
from minires.experiments.claims.frame.verdict import CONTRADICTED, SUPPORTED

from .places import ROOT
from .recorded_claims import DECIDED, RECORDED, rows

PAGE = "docs/power.md"
HEAD = """\
# What so many seeds can show

A claim about nets is decided by a few trainings, and nets differ from seed to seed. So before the
deciding seeds are run, each claim states how many there will be, and this page works out how large
an effect must be for so many seeds to show it. [laboratory.md](laboratory.md) explains how a
verdict is reached, and what exploratory and deciding seeds are.

**How it is computed.** A claim is supported if its quantity lies beyond the threshold, by more than
the margin, with *every* seed. Suppose that the quantity is normally distributed over the seeds,
with the standard deviation *s*, and lies on average *e* beyond the threshold. Then one seed lies
beyond it by more than the margin with the probability Φ((*e* - margin) / *s*), and all *n* seeds do
with the *n*-th power of that. The **smallest effect** is the *e* for which this is 80 %. The spread
*s* comes from the exploratory seeds that are recorded in [results/claims](../results/claims).

**How many seeds.** Five, or three where a single seed of the claim takes longer than three minutes
on two cores, which is as long as three trainings of plain-56. The number is written in the
claim's file and is part of its fingerprint. `minires claims --decide` uses that many.

**How to read the table.** *Seen* is how far beyond the threshold the mean of the exploratory seeds
lies: positive where the claim expects it, negative on the other side. Where it is larger than the
smallest effect, the deciding seeds will probably confirm what was seen. *Chance* is the probability
that they give a verdict, *supported* where the effect seen is positive and *contradicted* where it
is negative, if the effect is exactly as large as the one seen. That is optimistic for two reasons.
Effects tend to be smaller the second time they are measured. And {few} seeds say little about a
spread: the true *s* lies between {low:.1f} and {high:.1f} times the one in the table, with a
confidence of 95 %. If the chance of a claim is small, a verdict of *undecided* says something about
the number of seeds, and little about the claim. The last column says what fresh seeds showed.
"""
COLUMNS = (
    "claim",
    "quantity",
    "threshold",
    "margin",
    "mean of three seeds",
    "spread *s*",
    "seeds that decide",
    "smallest effect",
    "seen",
    "chance",
    "came out",
)
TEXT_COLUMNS = 3  # the first ones, which hold words


def found() -> list[Power]:
    """The power of every criterion of every claim that has exploratory records."""
    return [
        one
        for claim in CLAIMS.values()
        if rows(claim.name, RECORDED)
        for one in power.of(claim, rows(claim.name, RECORDED))
    ]


def came_out(one: Power) -> str | None:
    """What the deciding seeds said of one prediction; None if they were not run."""
    fresh = rows(one.claim.name, DECIDED)
    return one.criterion.judge(fresh).outcome if fresh else None


def is_expected(one: Power) -> bool:
    """Whether the deciding seeds will most likely give a verdict."""
    return one.known and one.chance >= registration.CHANCE


def how_it_did(predictions: list[Power]) -> str:
    """How well the chances foretold what fresh seeds showed, in a paragraph."""
    decided = [one for one in predictions if one.known and came_out(one)]
    sure = [one for one in decided if is_expected(one)]
    missed = [one for one in sure if came_out(one) != (SUPPORTED if one.seen > 0 else CONTRADICTED)]
    unsure = [one for one in decided if not is_expected(one)]
    surprises = [one for one in unsure if came_out(one) in (SUPPORTED, CONTRADICTED)]
    done = len(decided) == len(predictions)
    count = f"all {len(decided)}" if done else f"{len(decided)} of the {len(predictions)}"
    return (
        f"**How the page did.** Fresh seeds have decided {count} predictions below. "
        f"Of {len(sure)} with a chance of at least "
        f"{100 * registration.CHANCE:.0f} %, {len(sure) - len(missed)} came out as foretold. "
        f"{' '.join(map(_missed, missed))} Of {len(unsure)} with a smaller chance "
        f"{len(surprises)} got a verdict all the same: {_linked(surprises)}. Three seeds say too "
        "little about a spread."
    )


def _missed(one):
    fresh = stdev(one.criterion.values(rows(one.claim.name, DECIDED)))
    return (
        f"{_linked([one])} did not: its chance was {_percent(one.chance)}, and it came out "
        f"{came_out(one)}. Its exploratory seeds had a spread of {_number(one.spread)}, the fresh "
        f"ones have {_number(fresh)}."
    )


def _linked(predictions):
    names = dict.fromkeys(one.claim.name for one in predictions)
    return ", ".join(f"[{name}](verdicts.md#{name})" for name in names)


def row(one: Power) -> str:
    """A row of the table, as Markdown."""
    criterion = one.criterion
    cells = [
        f"[{one.claim.name}](verdicts.md#{one.claim.name})",
        criterion.what.rstrip(",") + (f", {criterion.unit}" if criterion.unit else ""),
        f"{criterion.side} {_number(criterion.threshold)}",
        _number(criterion.margin),
    ]
    if not one.known:
        cells += ["not finite", "?", str(one.claim.deciding_seeds), "?", "?", "?"]
    else:
        cells += [
            _number(mean(one.values)),
            _number(one.spread),
            str(one.claim.deciding_seeds),
            _number(one.smallest),
            _number(one.seen),
            _percent(one.chance),
        ]
    cells.append(came_out(one) or "to be decided")
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The whole page, as Markdown.

    Raises
    ------
    AssertionError
        If the records do not have three exploratory seeds of each claim, as the page says.
    """
    predictions = found()
    (seeds,) = {len(one.values) for one in predictions if one.known}
    low, high = power.true_spread()
    assert seeds == 3  # as in `power.true_spread`
    unsure = [one for one in predictions if one.known and not is_expected(one)]
    ruler = ["---"] * TEXT_COLUMNS + ["---:"] * (len(COLUMNS) - TEXT_COLUMNS)
    table = [f"| {' | '.join(cells)} |" for cells in (COLUMNS, ruler)]
    table += map(row, predictions)
    last = (
        f"Of these {len(predictions)} predictions {len(predictions) - len(unsure)} lay so far from "
        "their thresholds that the deciding seeds would most likely (with a chance of at least "
        f"{100 * registration.CHANCE:.0f} %) give a verdict. The others belong to "
        f"{_linked(unsure)}. There we expected *undecided*, unless the exploratory seeds mislead. "
        "Claims without exploratory records are not in the table, because nobody knew how much "
        "their seeds differ."
    )
    head = HEAD.format(few="three", low=low, high=high)
    did = how_it_did(predictions)
    did, last = (fill(text, 100, break_on_hyphens=False) for text in (did, last))
    return "\n".join([head, did, "", *table, "", last]) + "\n"


def _number(value: float) -> str:
    if not isfinite(value):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(chance: float) -> str:
    if chance > 0.99:
        return "over 99 %"
    return "under 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
