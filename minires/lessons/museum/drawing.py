"""The figures of an exhibit: its numbers, right and wrong, and two curves of training.

Most numbers are drawn as maps (`MAPS`), the size of a signal layer by layer as curves (`SIGNALS`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...course.compare import differs
from ...plot import panels, styled, theme
from ...types import Array, Figure
from .probes import NAIVE

if TYPE_CHECKING:
    from .exhibit import Exhibit, Findings


class Picture(NamedTuple):
    """A way to draw the numbers of an exhibit."""

    draw: Callable[["Exhibit", "Findings"], Figure]
    words: Callable[["Exhibit", "Findings"], str]  # for readers who do not see the figure


@styled
def maps(exhibit: "Exhibit", findings: "Findings") -> Figure:
    """Draw the numbers of the right code, the numbers of the wrong code, and the difference."""
    right, wrong = findings.right, findings.wrong
    first = "naive kernel" if exhibit.probe in NAIVE else "right"
    drawn = [(first, right), ("with the mistake", wrong)]
    if right.shape == wrong.shape:
        drawn.append(("difference", wrong - right))
    rows, columns = np.maximum(right.shape, wrong.shape)
    # Square cells for maps of pixels; stretched cells if the map would be a thin strip.
    is_wide = columns > 2 * rows
    figure, axes = panels(len(drawn), (7.4, 2.1 if is_wide else 2.7))
    limit = float(np.abs(right).max()) or 1.0
    shown: Any = None
    for ax, (title, values) in zip(axes, drawn):
        shown = ax.imshow(
            np.clip(np.nan_to_num(values), -1e30, 1e30),
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            aspect="auto" if is_wide else "equal",
        )
        ax.set_title(f"{title} {values.shape if right.shape != wrong.shape else ''}".rstrip())
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
    figure.colorbar(shown, ax=list(axes), shrink=0.8)
    return figure


def words_on_maps(exhibit: "Exhibit", findings: "Findings") -> str:
    """A description of the maps, for readers who do not see them."""
    right, wrong = findings.right, findings.wrong
    if right.shape != wrong.shape:
        return f"{exhibit.shows}: shape {right.shape} when right, {wrong.shape} with the mistake."
    share = share_wrong(right, wrong)
    return f"{exhibit.shows}, right, with the mistake, and the difference: {share:.0%} differ."


@styled
def signals(exhibit: "Exhibit", findings: "Findings") -> Figure:
    """Draw how large the signal is in each layer, with the right code and with the mistake."""
    figure, axes = panels(1, (6.4, 2.8))
    right, wrong = findings.right[0], findings.wrong[0]
    layers = np.arange(1, len(right) + 1)
    for values, family, name in ((right, "resnet", "right"), (wrong, "plain", "with the mistake")):
        colour = theme().shades[family][1]
        axes[0].semilogy(layers, 10.0**values, "o-", markersize=3, color=colour, label=name)
    axes[0].set_xlabel("layer")
    axes[0].set_ylabel("size of the signal")
    axes[0].legend()
    return figure


def words_on_signals(exhibit: "Exhibit", findings: "Findings") -> str:
    """A description of the signals, for readers who do not see them."""
    right, wrong = (10.0 ** float(part[0, -1]) for part in (findings.right, findings.wrong))
    return (
        f"{exhibit.shows}: {right:.2g} in the last layer when right, {wrong:.2g} with the mistake."
    )


MAPS, SIGNALS = Picture(maps, words_on_maps), Picture(signals, words_on_signals)


@styled
def curves(findings: "Findings") -> Figure:
    """Draw the loss of every step, with the right code and with the mistake."""
    figure, axes = panels(1, (6.4, 2.8))
    ax = axes[0]
    steps = np.arange(1, len(findings.right_losses) + 1)
    top = 1.6 * max(findings.right_losses[0], findings.wrong_losses[0])
    losses = np.array(findings.wrong_losses, float)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    blue, orange = theme().shades["resnet"][1], theme().shades["plain"][1]
    ax.plot(steps, findings.right_losses, color=blue, linewidth=2, label="right")
    ax.plot(
        steps,
        np.minimum(losses, 2 * top),
        "--",
        color=orange,
        linewidth=2,
        label="with the mistake",
    )
    ax.set_ylim(0, top)
    ax.set_xlabel("step")
    ax.set_ylabel("loss")
    ax.legend()
    return figure


def words_on_curves(findings: "Findings") -> str:
    """A description of the training curves, for readers who do not see them."""
    right, wrong = findings.right_losses, findings.wrong_losses
    return (
        f"The loss over {len(right)} steps: from {right[0]:.2f} to {right[-1]:.2f} when right, "
        f"from {wrong[0]:.2f} to {wrong[-1]:.2g} with the mistake."
    )


def share_wrong(right: Array, wrong: Array) -> float:
    """The share of numbers that differ by more than a millionth of the largest."""
    return float(differs(wrong, right, 1e-6).mean())
