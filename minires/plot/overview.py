"""Figure of all verdicts at a glance: a mark for each claim, in the order of the report."""

from collections.abc import Sequence

from ..types import Figure
from .print_sizes import print_width
from .style import panels, styled, write_below
from .themes import OTHERS

ROWS = 9  # most rows in a column of the figure, on a screen
#: Verdict -> (mark, colour). The marks differ in shape, too, for readers who cannot see colours.
MARKS = {
    "supported": ("o", OTHERS[0]),
    "contradicted": ("X", OTHERS[3]),
    "undecided": ("d", "#8a8a8a"),
    "predicted": ("_", "#8a8a8a"),
}


@styled
def verdicts(found: Sequence[tuple[str, str, str]], caption: str = "") -> Figure:
    """Draw a mark for each claim: supported, contradicted, undecided, or only predicted.

    Parameters
    ----------
    found : list of (name, verdict, seeds)
        In the order of the report. `seeds` says in a word or two which seeds the verdict comes
        from; claims with "exploratory" seeds get a star.
    caption : str
    """
    width = print_width()
    columns = 2 if width and width.inches < 5 else min(4, -(-len(found) // ROWS))
    rows = -(-len(found) // columns)
    figure, (ax,) = panels(1, (2.5 * columns, 0.24 * rows + 0.9))
    if width:
        figure.set_figheight(0.19 * rows + 0.75)
    for i, (name, verdict, seeds) in enumerate(found):
        x, y = i // rows, -(i % rows)
        mark, colour = MARKS[verdict]
        ax.plot(x, y, mark, color=colour, markersize=8, markeredgewidth=2 if mark == "_" else 0.5)
        ax.annotate(
            f"{name}{'*' if seeds == 'exploratory' else ''}",
            (x, y),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=7 if width else 9,
        )
    for verdict, (mark, colour) in MARKS.items():
        count = sum(one == verdict for _, one, _ in found)
        if count:
            label = f"{count} {verdict}"
            ax.plot([], [], mark, color=colour, markersize=8, label=label, markeredgewidth=1.5)
    ax.set_xlim(-0.08, columns - 0.05)
    ax.set_ylim(-rows + 0.4, 0.6)
    ax.axis("off")
    figure.legend(*ax.get_legend_handles_labels(), loc="upper left", ncols=4)
    has_exploratory = any(seeds == "exploratory" for *_, seeds in found)
    star = "*: from exploratory seeds, still to be decided" if has_exploratory else ""
    write_below(figure, "; ".join(part for part in (caption, star) if part))
    return figure
