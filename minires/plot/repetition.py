"""A drawing of broadcasting: a row that is repeated, and the gradient that is added up."""

import numpy as np

from ..errors import ConfigError, ShapeError
from ..types import Array, Figure
from .style import panels, styled
from .themes import GREY, SHADES

PALE, STRONG = 0.25, 0.8  # a number that was repeated, and one that is held in memory
MOST = 6  # rows and columns; with more of them the numbers cannot be read


@styled
def broadcasting(x: Array, b: Array, dy: Array) -> Figure:
    """Draw the sum of a matrix and a row, and how the gradient of the row comes back.

    The row is repeated for every row of the matrix. So its gradient is the sum over all rows of the
    gradient that arrives.

    Parameters
    ----------
    x : ndarray of shape (rows, columns)
        Up to 6 rows and 6 columns of short numbers, such as small integers.
    b : ndarray of shape (columns,)
        What is added to each row of x.
    dy : ndarray of shape (rows, columns)
        The gradient that arrives at y = x + b.

    Returns
    -------
    matplotlib.figure.Figure
        Four tables beside one another: x, b repeated, y, and dy with db below it.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    ConfigError
        If the tables are too large to be read.
    """
    x, b, dy = np.asarray(x), np.asarray(b), np.asarray(dy)
    if x.ndim != 2 or dy.shape != x.shape or b.shape != x.shape[1:]:
        raise ShapeError(
            "plot.broadcasting",
            "shapes",
            "x and dy (rows, columns), b (columns,)",
            f"x {x.shape}, b {b.shape}, dy {dy.shape}",
        )
    rows, columns = x.shape
    if not (0 < rows <= MOST and 0 < columns <= MOST):
        raise ConfigError("plot.broadcasting", "x", f"1 to {MOST} rows and columns", f"{x.shape}")
    figure, axes = panels(4, (3 * columns, 0.75 * rows + 1))
    _table(axes[0], x, f"x  {x.shape}")
    _table(axes[1], np.tile(b, (rows, 1)), f"b  {b.shape}, repeated", pale_from=1)
    _table(axes[2], x + b, f"y = x + b  {x.shape}")
    _table(axes[3], dy, f"dy  {dy.shape}")
    _table(axes[3], dy.sum(axis=0)[None], f"db  {b.shape}", top=rows + 1.3)
    for ax in axes:
        ax.set_xlim(-0.1, columns + 0.7)
        ax.set_ylim(rows + 2.4, -0.8)
        ax.set_aspect("equal")
        ax.axis("off")
    for ax, sign in zip(axes, "+=", strict=False):
        ax.text(columns + 0.4, rows / 2, sign, fontsize=16, ha="center", va="center")
    arrow = {"arrowstyle": "->", "color": GREY}
    for j in range(columns):
        axes[3].annotate("", (j + 0.5, rows + 0.65), xytext=(j + 0.5, rows), arrowprops=arrow)
    return figure


def _table(ax, numbers, title, top=0.0, pale_from=MOST):
    """Numbers in boxes, the first row at height `top`; rows from `pale_from` on pale."""
    from matplotlib.patches import Rectangle

    box = {"edgecolor": "white", "linewidth": 2, "facecolor": SHADES["resnet"][0]}
    for (i, j), number in np.ndenumerate(numbers):
        strength = PALE if i >= pale_from else STRONG
        ax.add_patch(Rectangle((j, top + i), 1, 1, alpha=strength, **box))
        ax.text(j + 0.5, top + i + 0.5, f"{number:g}", ha="center", va="center")
    ax.text(0, top - 0.2, title, fontweight="bold")
