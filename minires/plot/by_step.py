"""Figure of measures that tell plain-56 from plain-20, step by step, and of what they predict."""

from collections.abc import Mapping, Sequence

from ..types import Figure
from .style import panels, styled, write_below
from .themes import OTHERS, theme


@styled
def suspects(
    steps: Sequence[int],
    measured: Mapping[str, tuple[str, Mapping[str, Sequence[Sequence[float]]]]],
    correlations: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    by_chance: float,
    caption: str = "",
) -> Figure:
    """Draw measures of nets against the training step, with a line for each seed.

    The last panel shows how strongly the rank of a seed in each measure goes with the rank of its
    final error.

    Parameters
    ----------
    steps : list of int
        The training steps at which the measures were taken.
    measured : dict
        Title -> (label of the axis, net -> a list of values for each seed, one for each step).
    correlations : dict
        Name -> (steps, rank correlation at each of them).
    by_chance : float
        Correlations between -by_chance and by_chance are shaded, because chance alone can cause
        them.
    caption : str
    """
    figure, axes = panels(len(measured) + 1, (9.6, 7.6), rows=2)
    nets = list(dict.fromkeys(net for _, of in measured.values() for net in of))
    for ax, (title, (quantity, of)) in zip(axes, measured.items()):
        for net, seeds in of.items():
            colour = theme().colour(net, nets)
            for values in seeds:
                ax.plot(steps, values, color=colour, linewidth=1.1, alpha=0.8)
            ax.plot([], [], color=colour, linewidth=2.2, label=net)
        ax.set_yscale("log")
        _few_ticks(ax)
        _against_steps(ax, steps)
        ax.set_title(title)
        ax.set_ylabel(quantity)
    _correlations(axes[-1], steps, correlations, by_chance)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper right", ncols=len(nets))
    write_below(figure, caption)
    return figure


def _few_ticks(ax):
    """Set ticks at round numbers from 1 to 10 if the axis spans less than a factor of 20."""
    low, high = ax.get_ylim()
    if high < 20 * low:
        ticks = [tick for tick in (1, 2, 3, 5, 10) if low <= tick <= high]
        ax.set_yticks(ticks, [str(tick) for tick in ticks])


def _correlations(ax, steps, correlations, by_chance):
    colours = (*OTHERS[:3], theme().text)
    looks = zip(colours, ("-", (0, (5, 2)), (0, (1, 1.5)), "-"))
    for (name, (at, rho)), (colour, style) in zip(correlations.items(), looks, strict=True):
        width = 2.4 if colour == theme().text else 1.4
        ax.plot(at, rho, color=colour, linestyle=style, linewidth=width, label=name)
    ax.axhline(0, color=theme().quiet, linewidth=1)
    ax.axhspan(-by_chance, by_chance, color=theme().grid, linewidth=0, zorder=0)
    ax.set_ylim(-1.45, 1.05)  # with room for the names
    ax.set_yticks((-1, -0.5, 0, 0.5, 1))
    _against_steps(ax, steps)
    ax.set_title("which seeds will end badly?")
    ax.set_ylabel("rank correlation with the final error")
    ax.legend(loc="lower center", ncols=2)


def _against_steps(ax, steps):
    """Give the steps an axis that shows the first ones as clearly as the last."""
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    ax.set_xlim(0, max(steps))
    ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300) if tick <= max(steps)]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("training step")
