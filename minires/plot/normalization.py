"""A drawing of batch norm: the three ways in which one input affects the outputs."""

from ..checks import is_integer
from ..errors import ConfigError
from ..types import Figure
from .style import panels, styled, write_below
from .themes import GREY, OTHERS, SHADES

ITSELF, MEAN, VARIANCE = OTHERS[0], OTHERS[1], OTHERS[2]  # a colour for each way
DIGITS = "₀₁₂₃₄₅₆₇₈₉"
LEAST, MOST = 2, 6  # inputs; with more of them the drawing cannot be read


@styled
def batch_norm_ways(inputs: int = 4, chosen: int = 2) -> Figure:
    """Draw how one input of a batch norm affects the outputs.

    It does so in three ways: directly, through the mean, and through the variance.

    Parameters
    ----------
    inputs : int
        How many inputs of one channel are drawn, as boxes.
    chosen : int
        The input whose ways are coloured, counted from 1.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        If there is no such input, or there are too many to be read.
    """
    if not is_integer(inputs, LEAST, MOST):
        raise ConfigError("plot.batch_norm_ways", "inputs", f"{LEAST} to {MOST}", repr(inputs))
    if not is_integer(chosen, 1, inputs):
        raise ConfigError("plot.batch_norm_ways", "chosen", f"1 to {inputs}", repr(chosen))
    figure, (ax,) = panels(1, (7.6, 0.75 * inputs + 1.4))
    rows = [inputs - i for i in range(1, inputs + 1)]  # the heights of the boxes, from the top
    middle = {"mean": rows[0] + 0.55, "variance": rows[-1] - 0.55}
    for i, y in enumerate(rows, 1):
        for statistic in middle.values():
            if i != chosen:
                _arrow(ax, (0.5, y), (3.0, statistic), "#cccccc", 0.9)
            colour = MEAN if statistic == middle["mean"] else VARIANCE
            _arrow(ax, (4.4, statistic), (6.5, y), colour, 1.6)
    start = (0.5, rows[chosen - 1])
    _arrow(ax, start, (3.0, middle["mean"]), MEAN, 2.4)
    _arrow(ax, start, (3.0, middle["variance"]), VARIANCE, 2.4)
    _arrow(ax, start, (6.5, rows[chosen - 1]), ITSELF, 2.8)
    ax.text(3.7, rows[chosen - 1] + 0.12, "1 itself", color=ITSELF, ha="center", weight="bold")
    for i, y in enumerate(rows, 1):
        strength = 0.9 if i == chosen else 0.35
        _box(ax, 0, y, f"x{DIGITS[i]}", SHADES["resnet"][0], strength)
        _box(ax, 7.0, y, f"x̂{DIGITS[i]}", SHADES["resnet"][0], strength)
    for number, (name, place) in enumerate(middle.items(), 2):
        _box(ax, 3.7, place, f"{number} {name}", MEAN if name == "mean" else VARIANCE, 0.3, 0.7)
    ax.set_xlim(-0.7, 7.7)
    ax.set_ylim(rows[-1] - 0.95, rows[0] + 0.95)
    ax.axis("off")
    write_below(
        figure,
        f"Coloured: all ways from x{DIGITS[chosen]} to the outputs. Through mean and variance it "
        "reaches every one of them.",
    )
    return figure


def _arrow(ax, start, end, colour, width):
    ax.annotate(
        "",
        end,
        xytext=start,
        arrowprops={"arrowstyle": "->", "color": colour, "linewidth": width},
        zorder=1,
    )


def _box(ax, x, y, text, colour, strength, half=0.5):
    from matplotlib.colors import to_rgb
    from matplotlib.patches import FancyBboxPatch

    pale = [1 - strength * (1 - part) for part in to_rgb(colour)]
    ax.add_patch(
        FancyBboxPatch(
            (x - half, y - 0.22),
            2 * half,
            0.44,
            boxstyle="round,pad=0.02",
            facecolor=pale,
            edgecolor=GREY,
            linewidth=0.8,
            zorder=2,
        )
    )
    ax.text(x, y, text, ha="center", va="center", color="#111111", zorder=3)
