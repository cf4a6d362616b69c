"""Probes for A5, the degradation experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...types import Array, Row
from ..across import Answer, beside, contents, hold_result, items, set_values


def plain(function: Answer, *arguments: Any) -> Any:
    """Call a function, and return its result in plain types: dict, list, tuple, and Python's
    numbers.
    """
    return _plain(function(*arguments))


def _plain(value):
    value = contents(value)
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
    """Have a student's function read a table from an open file."""
    return plain(read_rows, beside(read_rows, "io").StringIO(text, newline=""))


def twins(
    twins: Answer,
    first: tuple[str, int, dict[str, Any]],
    second: tuple[str, int, dict[str, Any]],
    change: str | None,
    swapped: bool,
) -> Any:
    """Have a student's function judge whether two nets are twins. Each is (family, depth,
    settings).

    The second net may be changed: "exchange" the last two numbers of its last array of weights,
    give it "one more" parameter, or have its last layer "renamed". If `swapped`, the second net is
    the first argument.
    """
    models, nn = beside(twins, "minires.models"), beside(twins, "minires.nn")
    nets = [
        getattr(models, family)(depth, **settings) for family, depth, settings in (first, second)
    ]
    if change == "exchange":
        tensor = [tensor for tensor in items(nets[1].parameters()) if tensor.ndim > 1][-1]
        weights = tensor.data.copy()
        weights.reshape(-1)[-2:] = weights.reshape(-1)[-2:][::-1].copy()
        set_values(tensor, "data", weights)
    elif change == "one more":
        nets[1].fc.one_more = nn.Parameter(np.ones(3, np.float32))
    elif change == "renamed":
        nets[1].head = nets[1].fc
        beside(twins, "builtins").delattr(nets[1], "fc")
    return plain(twins, *(nets[::-1] if swapped else nets))


def streams(
    same_batches: Answer,
    batches: Sequence[tuple[Array, Array]],
    others: Sequence[tuple[Array, Array]],
    count: int,
) -> tuple[Any, list[int]]:
    """Have a student's function compare two streams of (images, labels).

    Returns its answer, and how many batches it took from each stream.
    """
    taken = [0, 0]

    def stream(number, batches):
        def take():
            taken[number] += 1
            if taken[number] > len(batches):
                raise StopIteration("this stream has no more batches")
            return tuple(part.copy() for part in batches[taken[number] - 1])

        return beside(same_batches, "minires.course.things").Stream(take)

    pair = stream(0, batches), stream(1, others)
    return plain(same_batches, *pair, count), taken


def picture(error_curves: Answer, rows: Sequence[Row]) -> dict[str, Any]:
    """Let a student's function draw on Axes, and report the lines, labels and texts there."""
    from matplotlib.colors import to_rgb

    figure = beside(error_curves, "matplotlib.figure").Figure()
    ax = figure.subplots()
    error_curves(ax, [dict(row) for row in rows])
    lines = []
    for line in items(ax.get_lines()):
        x, y = (_numbers(hold_result(get, orig=False)) for get in (line.get_xdata, line.get_ydata))
        lines.append(
            {
                "x": x,
                "y": y,
                "style": str(line.get_linestyle()),
                "colour": to_rgb(line.get_color()),
                "label": str(line.get_label()),
            }
        )
    legends = [one for one in (ax.get_legend(), *items(figure.legends)) if one is not None]
    texts = [text for legend in legends for text in items(legend.get_texts())]
    texts += [*items(ax.texts), *items(figure.texts)]
    written = [text.get_text() for text in texts]
    return {
        "lines": lines,
        "written": written,
        "x_label": ax.get_xlabel(),
        "y_label": ax.get_ylabel(),
        "y_range": ax.get_ylim(),
    }


def _numbers(data: Answer) -> Array:
    """The numbers of a line, with nan for masked ones; an empty array if they are no numbers."""
    ma = beside(data, "numpy.ma")
    try:
        return np.ravel(ma.filled(hold_result(ma.asarray, data, dtype="float64"), np.nan))
    except Exception:  # no numbers: either process may say so
        return np.empty(0)
