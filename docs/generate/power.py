"""What the deciding seeds of each claim can show: docs/power.md, from the recorded exploratory
seeds. ``python -m docs.generate.power`` writes it.
"""

from math import isfinite
from statistics import mean
from textwrap import fill

from minires.experiments.claims import CLAIMS
from minires.experiments.claims.frame import power, registration
from minires.experiments.claims.frame.power import Power
from minires.experiments.records import read_table

from .claims import RECORDED
from .places import ROOT

PAGE = "docs/power.md"
HEAD = """\
# What so many seeds can show

A claim about nets is decided by a few trainings, and nets differ from seed to seed. So before the
deciding seeds are run, each claim states how many there will be, and this page works out how large
an effect must be for so many seeds to show it. How a verdict is reached, and what exploratory and
deciding seeds are, stands in [laboratory.md](laboratory.md).

**How it is computed.** A claim is supported if its quantity lies beyond the threshold, by more than
the margin, with *every* seed. If the quantity scatters from seed to seed like a bell curve with the
standard deviation *s*, and lies on average *e* beyond the threshold, one seed does so with the
probability *p* = Φ((*e* - margin) / *s*), and all *n* seeds do with the probability *pⁿ*. The
**smallest effect** is the *e* for which this is 80 %. The spread *s* comes from the exploratory
seeds that are recorded in [results/claims](../results/claims).

**How many seeds.** Five; three where a seed of the claim alone takes longer than three minutes on
two cores, which is as long as three trainings of plain-56. The number is written in the claim's
file and is part of its fingerprint. `minires claims --decide` uses that many.

**How to read the table.** *Seen* is how far beyond the threshold the mean of the exploratory seeds
lies: positive where the claim expects it, negative on the other side. Where it is larger than the
smallest effect, the deciding seeds will probably confirm what was seen. *Chance* is the probability
that they give a verdict if the effect is exactly as large as the one seen: *supported* where that
is positive, *contradicted* where it is negative. This is optimistic for two reasons. Effects that
were seen first tend to be smaller the second time, and {few} seeds say little about a spread: the
true *s* lies between {low:.1f} and {high:.1f} times the one in the table, with a confidence of
95 %. A verdict of *undecided* on a claim whose chance is small says something about the number of
seeds, and little about the claim.
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
)
TEXT = 3  # of these hold words


def found() -> list[Power]:
    """Every criterion of every claim that has exploratory records."""
    return [
        one
        for claim in CLAIMS.values()
        if (path := ROOT / RECORDED / f"{claim.name}.csv").exists()
        for one in power.of(claim, read_table(path, claim.columns, claim.text))
    ]


def row(one: Power) -> str:
    """A row of the table."""
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
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The page."""
    rows = found()
    (seeds,) = {len(one.values) for one in rows if one.known}
    low, high = power.true_spread()
    assert seeds == 3  # of which `true_spread` speaks
    unsure = [one for one in rows if one.known and one.chance < registration.CHANCE]
    names = list(dict.fromkeys(one.claim.name for one in unsure))
    listed = ", ".join(f"[{name}](verdicts.md#{name})" for name in names)
    ruler = ["---"] * TEXT + ["---:"] * (len(COLUMNS) - TEXT)
    table = [f"| {' | '.join(cells)} |" for cells in (COLUMNS, ruler)] + list(map(row, rows))
    last = (
        f"Of these {len(rows)} predictions {len(rows) - len(unsure)} lie so far from their "
        "thresholds that the deciding seeds will most likely (with a chance of at least "
        f"{100 * registration.CHANCE:.0f} %) give a verdict. The others belong to {listed}: there "
        "a verdict of *undecided* is to be expected, unless the exploratory seeds mislead. Claims "
        "without exploratory records are missing here: nobody knows yet how far their seeds "
        "scatter."
    )
    head = HEAD.format(few="three", low=low, high=high)
    return "\n".join([head, *table, "", fill(last, 100, break_on_hyphens=False)]) + "\n"


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
