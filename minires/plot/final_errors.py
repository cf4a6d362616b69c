"""Figures of final errors of nets with several depths and seeds: each seed, and against depth."""

from collections.abc import Mapping, Sequence
from statistics import mean

from ..types import Figure, Row
from .error_of_guessing import come_near_guessing, guessing
from .labels import label_ends
from .rows import nets_by_depth, seeds
from .style import panels, styled, write_below
from .themes import SHADES, theme

QUANTITIES = (("train_error", "training error"), ("test_error", "test error"))
NAMES = {"plain": "plain nets", "resnet": "residual nets"}


@styled
def every_seed(
    finals: Sequence[Row],
    caption: str = "",
    intervals: Mapping[tuple[str, str], tuple[float, float]] | None = None,
) -> Figure:
    """Draw the final errors of each net, a dot for each seed: training (left) and test (right).

    Parameters
    ----------
    finals : list of dict
        A row for each net and seed, with net, seed, train_error and test_error (percent).
    caption : str
    intervals : dict, optional
        (net, quantity) -> the ends of the mean's confidence interval, drawn as a bar beside the
        dots.
    """
    nets = nets_by_depth(finals)
    figure, axes = panels(2, (9.6, 4.4), share_y=True)
    for ax, (quantity, title) in zip(axes, QUANTITIES):
        for place, net in enumerate(nets):
            of_net = sorted((row["seed"], row[quantity]) for row in finals if row["net"] == net)
            errors = [error for _, error in of_net]
            colour = theme().colour(net, nets)
            # Dots stand side by side, in the order of the seeds, so that equal ones are visible.
            step = 0.4 / max(1, len(errors) - 1)
            x = [place - 0.2 + step * i for i in range(len(errors))] if len(errors) > 1 else [place]
            ax.plot(x, errors, "o", color=colour, markersize=4.5)
            middle = mean(errors)
            ax.plot([place - 0.28, place + 0.28], [middle] * 2, color=colour, linewidth=1.2)
            if intervals and (net, quantity) in intervals:
                ends = intervals[net, quantity]
                ax.plot([place + 0.34] * 2, ends, color=colour, linewidth=3, solid_capstyle="butt")
            # Beside its line: above the dots it would look like the number of the highest.
            ax.annotate(
                f"{middle:.1f}",
                (place - 0.28, middle),
                xytext=(-3, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                color=colour,
                fontsize=9,
                fontweight="bold",
            )
        ax.set_title(title)
        ax.set_xticks(range(len(nets)), nets)
        ax.set_xlim(-0.7, len(nets) - 0.4)
        ax.grid(axis="x", visible=False)
        ax.margins(y=0.12)
    axes[0].set_ylabel("error at the end, %")
    bar = "; thick bar: 95 % confidence interval of the mean" if intervals else ""
    write_below(figure, f"{caption}; a dot: a seed; line and number: their mean{bar}")
    return figure


@styled
def errors_by_depth(finals: Sequence[Row], caption: str = "", classes: int | None = None) -> Figure:
    """Draw final error against depth, for plain and residual nets: where does depth begin to hurt?

    Parameters
    ----------
    finals : list of dict
        As for `every_seed`.
    caption : str
    classes : int, optional
        How many classes the images have. With it a line shows the error of guessing, if the errors
        come near it.

    Returns
    -------
    matplotlib.figure.Figure
        Training error on the left, test error on the right. Lines are means over the seeds; bands
        reach from the lowest to the highest seed.
    """
    from matplotlib.ticker import NullLocator

    figure, axes = panels(2, (9.6, 4.4), share_y=True)
    errors, all_ends = [row[quantity] for row in finals for quantity, _ in QUANTITIES], []
    for ax, (quantity, title) in zip(axes, QUANTITIES):
        ends = []
        for family in SHADES:
            groups: dict[int, list[float]] = {}
            for row in finals:
                if row["net"].split("-")[0] == family:
                    depth = int(row["net"].split("-")[1])
                    groups.setdefault(depth, []).append(row[quantity])
            if not groups:
                continue
            depths, colour = sorted(groups), theme().shades[family][1]
            middle = [mean(groups[depth]) for depth in depths]
            ax.plot(depths, middle, "o-", color=colour, linewidth=2.2, markersize=5)
            low, high = ([f(groups[depth]) for depth in depths] for f in (min, max))
            ax.fill_between(depths, low, high, color=colour, alpha=0.18, linewidth=0)
            ends.append((middle[-1], NAMES[family], colour, depths[-1]))
        ax.set_title(title)
        ax.set_xlabel("layers")
        ax.set_xscale("log")  # depths are chosen by their ratios
        ax.set_xticks(sorted({int(row["net"].split("-")[1]) for row in finals}))
        ax.xaxis.set_major_formatter("{x:.0f}")
        ax.xaxis.set_minor_locator(NullLocator())
        ax.grid(axis="x", visible=False)
        if classes and come_near_guessing(errors, classes):
            guessing(ax, classes, "left")  # the errors of shallow nets are lower
        all_ends.append(ends)
    for ax, ends in zip(axes, all_ends):  # when the common limits of both are known
        label_ends(ax, ends)
    axes[0].set_ylabel("error at the end, %")
    write_below(figure, f"{caption}; {seeds(finals)}")
    return figure
