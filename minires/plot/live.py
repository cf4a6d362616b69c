"""A picture that is replaced by a newer one, and error curves that grow while a net trains."""

import re
from typing import TYPE_CHECKING, Any

from ..names import printable
from ..types import Figure, Row
from .saving import on_screen
from .style import panels, styled, write_below
from .themes import OTHERS, SHADES

if TYPE_CHECKING:
    from ..training.trainer import Trainer


class LivePicture:
    """A picture in a notebook that each new figure replaces, without flicker."""

    def __init__(self) -> None:
        self._display: Any = None

    def show(self, figure: Figure, alt: str, text: str) -> None:
        """Show a figure, where the last one stood if there was one.

        Parameters
        ----------
        figure : Figure
        alt : str
            What it shows, in words, for readers who cannot see it.
        text : str
            What a front end without pictures shows.
        """
        from IPython.display import display

        png, size = on_screen(figure, 80)
        data = {"image/png": png, "text/plain": text}
        words = {"image/png": {"alt": alt, **size}}
        if self._display is None:
            self._display = display(data, metadata=words, raw=True, display_id=True)
        else:
            self._display.update(data, metadata=words, raw=True)


class LiveCurves:
    """A callback that draws training and test error after each epoch.

    In a notebook it updates one picture; elsewhere it prints a line of text. Give it to one
    `Trainer` or several: ``callbacks=[live], progress=False``. The trainers' names tell the nets
    apart. Plain nets are orange, residual ones blue, deeper ones darker.

    Parameters
    ----------
    caption : str
        The text below the picture.
    """

    def __init__(self, caption: str = "") -> None:
        self.caption = caption
        self.rows: dict[str, list[Row]] = {}
        self._picture = LivePicture()

    def after_epoch(self, trainer: "Trainer", row: Row) -> None:
        """Add a row of the trainer's history, and draw. A `Trainer` calls this after each epoch."""
        self.rows.setdefault(trainer.name, []).append(row)
        if in_notebook():
            self._picture.show(self.figure(), self._in_words(), "training and test error by epoch")
        else:
            print(
                f"{printable(trainer.name)}, epoch {row['epoch']:g}: training error "
                f"{row['train_error']:.1f} %, "
                f"test error {row['test_error']:.1f} %",
                flush=True,
            )

    @styled
    def figure(self) -> Figure:
        """The picture as it is now."""
        figure, (ax,) = panels(1, (7.2, 4.2))
        for name, rows in self.rows.items():
            # Matplotlib leaves labels that begin with "_" out of the legend.
            colour, shown = self._colour(name), printable(name).lstrip("_") or "net"
            epochs = [row["epoch"] for row in rows]
            ax.plot(
                epochs,
                [row["train_error"] for row in rows],
                "o-",
                color=colour,
                markersize=3.5,
                linewidth=2.2,
                label=f"{shown}, training",
            )
            ax.plot(
                epochs,
                [row["test_error"] for row in rows],
                color=colour,
                linewidth=1.4,
                linestyle=(0, (4, 2)),
                marker="o",
                markersize=2.5,
                label=f"{shown}, test",
            )
        ax.set_xlabel("epoch")
        ax.set_ylabel("error, %")
        ax.set_xlim(left=0)
        for text in ax.legend().get_texts():
            text.set_parse_math(False)  # a "$" in a name does not begin a formula
        write_below(figure, self.caption)
        return figure

    def _colour(self, name: str) -> str:
        """The colour of a net: deeper nets of a family get darker shades, as far as there are any.

        Nets that belong to no family get other colours.
        """
        family = name.split("-")[0]
        alike = [
            other
            for other in self.rows
            if other.split("-")[0] == family or not {family, other.split("-")[0]} & {*SHADES}
        ]
        if family not in SHADES:
            return OTHERS[alike.index(name) % len(OTHERS)]
        alike.sort(key=lambda other: [int(number) for number in re.findall(r"\d+", other)])
        return (
            SHADES[family][1]
            if len(alike) == 1
            else SHADES[family][min(alike.index(name), len(SHADES[family]) - 1)]
        )

    def _in_words(self) -> str:
        """What the picture shows, in words for readers who cannot see it."""
        ends = [
            f"{printable(name)} goes from {rows[0]['train_error']:.0f} and "
            f"{rows[0]['test_error']:.0f} to {rows[-1]['train_error']:.0f} and "
            f"{rows[-1]['test_error']:.0f}"
            for name, rows in self.rows.items()
        ]
        return f"Training and test error in percent against epochs: {', '.join(ends)}."


def in_notebook() -> bool:
    """Whether this code runs in a notebook, where pictures can be shown."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
