"""A5: the degradation experiment."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...types import Array, Row
from . import Answer


def plain(function: Answer, *arguments: Any) -> Any:
    """What a function returns, with every kind of dictionary as a dict and every number of NumPy as
    one of Python.
    """
    return _plain(function(*arguments))


def _plain(value):
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (
            [_plain(item) for item in value]
            if isinstance(value, list)
            else tuple(_plain(item) for item in value)
        )
    return value.item() if isinstance(value, np.generic) else value


def read(read_rows: Answer, text: str) -> Any:
    """Give a table to a function that reads one."""
    return plain(read_rows, io.StringIO(text, newline=""))


def twins(
    twins: Answer,
    first: tuple[str, int, dict[str, Any]],
    second: tuple[str, int, dict[str, Any]],
    change: str | None,
    swapped: bool,
) -> Any:
    """Ask whether two nets are twins. Each is (family, depth, settings).

    The second net may be changed: "exchange" the last two numbers of its last array of weights,
    give it "one more" parameter, or have its last layer "renamed". If `swapped`, it is handed in
    first.
    """
    from minires import models, nn

    nets = [
        getattr(models, family)(depth, **settings) for family, depth, settings in (first, second)
    ]
    if change == "exchange":
        weights = [tensor for _, tensor in nets[1].named_parameters() if tensor.data.ndim > 1][
            -1
        ].data.reshape(-1)
        weights[-2:] = weights[-2:][::-1].copy()
    elif change == "one more":
        nets[1].fc.one_more = nn.Parameter(np.ones(3, np.float32))
    elif change == "renamed":
        nets[1].head = vars(nets[1]).pop("fc")
    return plain(twins, *(nets[::-1] if swapped else nets))


def streams(
    same_batches: Answer,
    batches: Sequence[tuple[Array, Array]],
    others: Sequence[tuple[Array, Array]],
    count: int,
) -> tuple[Any, list[int]]:
    """Ask whether two streams of (images, labels) are the same; and how many were taken of each."""
    pair = _Stream(batches), _Stream(others)
    return plain(same_batches, *pair, count), [stream.taken for stream in pair]


class _Stream:
    """Batches, one by one."""

    def __init__(self, batches):
        self.batches, self.taken = batches, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.taken += 1
        if self.taken > len(self.batches):
            raise StopIteration("this stream has no more batches")
        return tuple(part.copy() for part in self.batches[self.taken - 1])


def picture(error_curves: Answer, rows: Sequence[Row]) -> dict[str, Any]:
    """Let a function draw into Axes, and report what is there: the lines, and what is written."""
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.subplots()
    error_curves(ax, [dict(row) for row in rows])
    lines = []
    for line in ax.get_lines():
        x, y = (_numbers(data) for data in line.get_data(orig=False))
        lines.append(
            {
                "x": x,
                "y": y,
                "style": str(line.get_linestyle()),
                "colour": to_rgb(line.get_color()),
                "label": str(line.get_label()),
            }
        )
    legends = [legend for legend in (ax.get_legend(), *figure.legends) if legend is not None]
    written = [text.get_text() for legend in legends for text in legend.get_texts()] + [
        text.get_text() for text in (*ax.texts, *figure.texts)
    ]
    return {
        "lines": lines,
        "written": written,
        "x_label": ax.get_xlabel(),
        "y_label": ax.get_ylabel(),
        "y_range": ax.get_ylim(),
    }


def _numbers(data: Any) -> Array:
    try:
        return np.ma.filled(np.ma.asarray(data, dtype=float), np.nan).ravel()
    except (TypeError, ValueError):
        return np.empty(0)
