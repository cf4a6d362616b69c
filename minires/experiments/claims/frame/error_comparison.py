"""What most claims compare: the errors that nets end with."""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import TypeAlias

from .... import plot
from ....types import Figure, Row
from .claim import Training, on_trained
from .laboratory import Laboratory

Bar: TypeAlias = tuple[str, str, str, str]  # label, net, variant, colour

COLUMNS, TEXT = ("seed", "net", "variant", "train_error", "test_error"), ("net", "variant")


def measure(*trainings: Training) -> Callable[[Laboratory, int], list[Row]]:
    """A claim's ``measure``: the final errors, in percent, of nets trained for it; `trainings` are
    (net, variant).
    """

    @on_trained(*trainings)
    def final_errors(laboratory: Laboratory, seed: int) -> list[Row]:
        rows = []
        for net, variant in trainings:
            last = laboratory.metrics(net, seed, variant)[-1]
            rows.append(
                {
                    "net": net,
                    "variant": variant,
                    "train_error": last["train_error"],
                    "test_error": last["test_error"],
                }
            )
        return rows

    return final_errors


def of(
    rows: Sequence[Row], net: str, variant: str = "usual", column: str = "train_error"
) -> list[float]:
    """The errors of a net, one for each seed."""
    return [
        row[column]
        for row in sorted(rows, key=lambda row: row["seed"])
        if (row["net"], row["variant"]) == (net, variant)
    ]


def differences(
    rows: Sequence[Row], first: Training, second: Training, column: str = "train_error"
) -> list[float]:
    """The error of `first` minus that of `second`, each (net, variant), seed by seed: positive
    where `first` is worse.
    """
    return [a - b for a, b in zip(of(rows, *first, column), of(rows, *second, column), strict=True)]


def difference_of(
    first: Training, second: Training, column: str = "train_error"
) -> Callable[[Sequence[Row]], list[float]]:
    """A `Criterion`'s ``values``: the `differences` of two trainings."""
    return lambda rows: differences(rows, first, second, column)


def draw(
    *groups: tuple[str, Sequence[Bar]], column: str = "train_error"
) -> Callable[[Sequence[Row], str], Figure]:
    """A claim's ``draw``: a bar for the error of each net, and marks for the other error.

    Parameters
    ----------
    *groups : (title, list of (label, net, variant, colour))
        A panel each.
    column : {"train_error", "test_error"}
        What the bars are of: what the claim is about.
    """
    shown, other = ("training", "test") if column == "train_error" else ("test", "training")
    other_column = "test_error" if column == "train_error" else "train_error"

    @plot.styled
    def bars(rows: Sequence[Row], caption: str) -> Figure:
        widths = [len(entries) for _, entries in groups]
        figure, axes = plot.panels(
            len(groups), (max(5.4, 1.15 * sum(widths) + 1.2), 4.4), share_y=True, widths=widths
        )
        for ax, (title, entries) in zip(axes, groups):
            for i, (label, net, variant, colour) in enumerate(entries):
                values = of(rows, net, variant, column)
                others = of(rows, net, variant, other_column)
                ax.bar(i, mean(values), width=0.62, color=colour)
                ax.plot([i] * len(values), values, "o", color="black", markersize=3.5, zorder=4)
                ax.plot(
                    [i + 0.4] * len(others),
                    others,
                    "_",
                    color=plot.GREY,
                    markersize=9,
                    markeredgewidth=1.6,
                    zorder=4,
                )
                inside = mean(values) > 5  # percent: tall enough for a number
                ax.annotate(
                    f"{mean(values):.1f}",
                    (i, 0 if inside else max(values)),
                    xytext=(0, 4),
                    textcoords="offset points",
                    ha="center",
                    color="white" if inside else colour,
                    fontweight="bold",
                )
            ax.set_xticks(range(len(entries)), [label for label, *_ in entries])
            ax.set_title(title)
            ax.grid(axis="x", visible=False)
        axes[0].set_ylabel(f"{shown} error, %")
        plot.write_below(
            figure,
            f"{caption}; {plot.seeds(rows, 'dots: {} seeds, bars: their mean')}; grey "
            f"marks: {other} error",
        )
        return figure

    return bars
