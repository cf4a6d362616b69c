"""Are shortcuts needed only at the start? Fade them out, and go on training without them."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

from ... import plot
from ...drawing.label_placement import spread_out
from ...models.fading import SHARE
from ...types import Figure, Row
from .frame import folded
from .frame.claim import Claim, on_trained
from .frame.laboratory import Laboratory
from .frame.lead import PLAIN, RESIDUAL, most_of_the_lead

FADED = ("fading-56", "shortcuts fade")
NETS = {
    PLAIN: ("plain-56", plot.COLOURS["plain"]),
    FADED: ("shortcuts fade", plot.OTHERS[0]),
    RESIDUAL: ("resnet-56", plot.COLOURS["resnet"]),
}


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Errors after each epoch, which show whether the error rises again as the shortcuts fade."""
    difference = folded.measure(FADED, PLAIN, RESIDUAL)(laboratory, seed)[0]["difference"]
    return [
        {
            "net": net,
            "variant": variant,
            "epoch": row["epoch"],
            "train_error": row["train_error"],
            "test_error": row["test_error"],
            "difference": difference,
        }
        for net, variant in NETS
        for row in laboratory.metrics(net, seed, variant)
    ]


def at_the_end(rows: Sequence[Row]) -> list[Row]:
    """The rows of the last epoch."""
    last = max(row["epoch"] for row in rows)
    return [row for row in rows if row["epoch"] == last]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (6.4, 4.4))
    last = max(row["epoch"] for row in rows)
    ax.axvspan(0, SHARE * last, color="#eeeeee", zorder=0)
    for middle, text in ((SHARE / 2, "alpha falls from 1 to 0"), ((1 + SHARE) / 2, "alpha = 0")):
        ax.text(middle * last, 100, text, ha="center", va="top", color=plot.GREY, fontsize=9)
    ends = []
    for (net, variant), (label, colour) in NETS.items():
        errors: dict[float, list[float]] = {}
        for row in rows:
            if (row["net"], row["variant"]) == (net, variant):
                errors.setdefault(row["epoch"], []).append(row["train_error"])
        epochs, means = list(errors), [mean(values) for values in errors.values()]
        lowest, highest = ([limit(values) for values in errors.values()] for limit in (min, max))
        ax.fill_between(epochs, lowest, highest, color=colour, alpha=0.18, linewidth=0)
        ax.plot(epochs, means, color=colour, linewidth=2, marker="o", markersize=3.5)
        ends.append((means[-1], f" {label} {means[-1]:.1f}", colour))
    ends.sort()
    for place, (_, text, colour) in zip(spread_out([end for end, *_ in ends], [5, 5]), ends):
        ax.text(last, place, text, va="center", color=colour, fontweight="bold")
    ax.set_xlim(0, last * 1.42)
    ax.set_xticks(range(int(last) + 1))
    ax.set_ylim(0, 100)
    ax.set_xlabel("epoch")
    ax.set_ylabel("training error of the epoch, %")
    plot.write_below(figure, f"{folded.with_difference(rows, caption)}; {plot.seeds(rows)}")
    return figure


_OWN = most_of_the_lead("the net whose shortcuts have faded", FADED)
CRITERIA = (
    folded.exact("fading-56"),
    replace(_OWN, values=lambda rows: _OWN.values(at_the_end(rows))),
)

CLAIM = Claim(
    name="annealed-shortcuts",
    statement="Shortcuts are needed at the start only: faded out in the first half of training, "
    "they leave a plain-56 that keeps most of the lead.",
    source="Monti, Tootoonian and Cao 2018, Avoiding degradation in deep feed-forward networks by "
    "phasing out skip-connections, ICANN (by a penalty instead of a schedule)",
    predictions={
        "Monti et al. 2018": "a plain net with much less degradation, often competitive with "
        "residual nets",
        "if shortcuts are needed all the time": "the error rises as they fade, and ends near that "
        "of plain-56",
    },
    columns=("seed", "net", "variant", "epoch", "train_error", "test_error", "difference"),
    text=folded.TEXT,
    criteria=CRITERIA,
    measure=measure,
    draw=draw,
)
