"""Measure, compare and draw the errors that nets end with, which is what most claims are about."""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any, TypeAlias

from .... import plot
from ....types import Figure, Row
from ...confidence import interval
from .claim import Training, on_trained
from .laboratory import Laboratory

Bar: TypeAlias = tuple[str, str, str, str]  # label, net, variant, colour

COLUMNS, TEXT = ("seed", "net", "variant", "train_error", "test_error"), ("net", "variant")


def measure(*trainings: Training) -> Callable[[Laboratory, int], list[Row]]:
    """Make the ``measure`` of a claim about final errors, in percent, of these (net, variant)."""

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
    """The final errors of one net in percent, one for each seed, in the order of the seeds."""
    return [
        row[column]
        for row in sorted(rows, key=lambda row: row["seed"])
        if (row["net"], row["variant"]) == (net, variant)
    ]


def differences(
    rows: Sequence[Row], first: Training, second: Training, column: str = "train_error"
) -> list[float]:
    """The error of `first` minus the error of `second`, each (net, variant), seed by seed.

    In percentage points; positive where `first` is worse. Raises ValueError if the two were not
    measured with the same number of seeds.
    """
    return [a - b for a, b in zip(of(rows, *first, column), of(rows, *second, column), strict=True)]


def difference_of(
    first: Training, second: Training, column: str = "train_error"
) -> Callable[[Sequence[Row]], list[float]]:
    """The `differences` of two trainings as a function of the rows: ``values`` of a `Criterion`."""
    return lambda rows: differences(rows, first, second, column)


def draw(
    *groups: tuple[str, Sequence[Bar]], column: str = "train_error"
) -> Callable[[Sequence[Row], str], Figure]:
    """Make the ``draw`` of a claim about final errors: a bar for each net, and grey marks for its
    error on the other set.

    Parameters
    ----------
    *groups : (title, list of (label, net, variant, colour))
        One panel for each group.
    column : {"train_error", "test_error"}
        The error that the bars show: the one that the claim is about. The marks show the other.
    """
    shown, other = ("training", "test") if column == "train_error" else ("test", "training")
    other_column = "test_error" if column == "train_error" else "train_error"

    @plot.styled
    def bars(rows: Sequence[Row], caption: str) -> Figure:
        widths = [len(entries) for _, entries in groups]
        figure, axes = plot.panels(
            len(groups), (max(5.4, 1.15 * sum(widths) + 1.2), 4.4), share_y=True, widths=widths
        )
        has_room = _has_room_for_numbers(figure, widths)
        for ax, (title, entries) in zip(axes, groups):
            for i, (label, net, variant, colour) in enumerate(entries):
                values = of(rows, net, variant, column)
                _bar(ax, i, values, colour, has_room)
                others = of(rows, net, variant, other_column)
                ax.plot(
                    [i + 0.4] * len(others),
                    others,
                    "_",
                    color=plot.GREY,
                    markersize=9,
                    markeredgewidth=1.6,
                    zorder=4,
                )
            ax.set_xticks(range(len(entries)), [label for label, *_ in entries])
            ax.set_title(title)
            ax.grid(axis="x", visible=False)
            guess(ax)
        axes[0].set_ylabel(f"{shown} error, %")
        plot.write_below(figure, f"{caption}; {_explained(rows)}; grey marks: {other} error")
        return figure

    return bars


def guess(ax: Any) -> None:
    """Draw the line at the error of guessing, and make the y axis reach above it."""
    ax.set_ylim(0, max(plot.guessing(ax) + 8, ax.get_ylim()[1]))


def _bar(ax, place, values, colour, has_room):
    """Draw the mean as a bar with its number, the confidence interval as a line, seeds as dots."""
    middle = mean(values)
    ax.bar(place, middle, width=0.62, color=colour)
    if len(values) > 1:
        low, high = interval(values)
        ax.plot([place - 0.16] * 2, [max(0, low), high], color="black", linewidth=1.4, zorder=4)
    ax.plot([place] * len(values), values, "o", color="black", markersize=3.5, zorder=4)
    inside = min(values) > 25  # percent: tall enough for a number below the dots
    highest = max(values) if len(values) == 1 else max(*values, high)
    ax.annotate(
        f"{middle:.1f}",
        (place, 0 if inside else highest),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        color="white" if inside else colour,
        fontweight="bold",
        rotation=0 if has_room else 90,
    )


def _has_room_for_numbers(figure, widths):
    """Whether a bar is wide enough for its number. On a screen it always is; in print it takes
    about 0.3 inches.
    """
    width = plot.print_width()
    if width is None:
        return True
    in_a_row = max(widths) if width.columns(len(widths)) == 1 else sum(widths)
    return 0.8 * figure.get_figwidth() / in_a_row * 0.62 > 0.3


def _explained(rows):
    """A sentence on what the bars, lines and dots show."""
    count = len({row["seed"] for row in rows})
    if count == 1:
        return "n = 1 seed"
    return f"bars: mean of n = {count} seeds, lines: its 95 % confidence interval, dots: seeds"
