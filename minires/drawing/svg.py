"""Draw a graph of boxes and arrows as SVG, from top to bottom, in Python alone.

After Sugiyama, Tagawa and Toda 1981: put each box in a row below all boxes that point to it; order
the boxes of a row so that few arrows cross; move them sideways towards their neighbours. An arrow
across several rows goes through an invisible box in each of them, so that it runs around the
visible boxes.
"""

import re
from base64 import b64encode
from collections.abc import Hashable, Iterable, Mapping
from html import escape
from typing import NamedTuple

from ..errors import ConfigError
from ..names import expanded, shown
from ..types import PathLike
from .label_placement import spread_out

CHARACTER, LINE = 7.2, 15  # pixels: the width of an average letter, the height of a line of text
PADDING, APART, BELOW = 9, 22, 34  # pixels: inside a box, between boxes of a row, between rows
SWEEPS = 12  # how often the order and the places are improved
FILLS = {
    "operation": ("#e8f0f8", "#0868ac"),
    "value": ("#fdeedd", "#c84a00"),
    "group": ("#eeeeee", "#555555"),
}
MARKS = {  # of a box: how it stands out or recedes
    "": "",
    "current": 'stroke-width="3.5"',
    "pale": 'stroke-dasharray="4 3" fill-opacity="0.25" stroke-opacity="0.5"',
}


class Box(NamedTuple):
    """A box with a title in bold and further lines below it."""

    title: str
    lines: tuple[str, ...] = ()
    kind: str = "operation"  # one of FILLS, which has its colours; values have round corners
    mark: str = ""  # one of MARKS


class Picture:
    """An SVG that a notebook shows when it is the value of a cell.

    Attributes
    ----------
    svg : str
    title : str
        What the picture shows, in words.
    """

    def __init__(self, svg: str, title: str = "") -> None:
        self.svg, self.title = svg, title

    @property
    def width(self) -> int:
        """Its width in pixels, when it is neither enlarged nor shrunk."""
        found = re.search(r'width="(\d+)"', self.svg)
        return int(found[1]) if found else 0

    def _repr_svg_(self) -> str:
        return self.svg

    def _ipython_display_(self) -> None:
        # An image in HTML has words for readers who cannot see it, and is no wider than the page.
        # Jupyter shows it even in a notebook whose cells have not been run on this machine.
        from IPython.display import display

        display({"text/html": self.html(), "text/plain": repr(self)}, raw=True)

    def html(self) -> str:
        """The picture as an image in HTML, with its title as alternative text."""
        data = b64encode(self.svg.encode()).decode()
        return (
            f'<img alt="{escape(self.title)}" style="max-width: 100%; height: auto" '
            f'src="data:image/svg+xml;base64,{data}">'
        )

    # Jupyter shows this text instead of an SVG in a notebook that has not been run yet.
    def __repr__(self) -> str:
        return f"<a picture with {self.svg.count('<rect') - 1} boxes: run the cell to see it>"

    def save(self, path: PathLike) -> PathLike:
        """Write the picture to a file, and return the path."""
        with open(expanded(path), "w", encoding="utf-8") as file:
            file.write(self.svg)
        return path


def draw(
    boxes: Mapping[Hashable, Box], arrows: Iterable[tuple[Hashable, Hashable]], title: str = ""
) -> Picture:
    """Draw a graph.

    Parameters
    ----------
    boxes : dict
        Key -> `Box`.
    arrows : iterable of (key, key)
        The start and the end of each arrow. There must be no cycle. An arrow that is given twice is
        drawn once.
    title : str
        For screen readers; it is also shown when the mouse rests on the picture.

    Returns
    -------
    Picture

    Raises
    ------
    ConfigError
        If there is no box, an arrow begins or ends at a box that does not exist, or arrows form a
        cycle, which the message names.
    """
    arrows = list(dict.fromkeys((start, end) for start, end in arrows if start != end))
    if not boxes:
        raise ConfigError("svg.draw", "boxes", "one or more", "none", "draw what is not empty")
    for arrow in arrows:
        for key in arrow:
            if key not in boxes:
                raise ConfigError(
                    "svg.draw",
                    f"arrow from {shown(arrow[0])} to {shown(arrow[1])}",
                    "both among the keys of boxes",
                    f"no box {shown(key)}",
                    "add the box or leave the arrow out",
                )
    rows = _rows(boxes, arrows)
    if len(rows) < len(boxes):
        raise ConfigError(
            "svg.draw",
            "arrows",
            "no cycle, because every arrow points down",
            " -> ".join(map(shown, _cycle(rows, arrows))),
            "leave one of these arrows out",
        )
    layers, chains = _with_bends(rows, arrows)
    neighbours = _neighbours(chains)
    _order(layers, neighbours)
    sizes = {
        key: _size(boxes[key]) if key in boxes else (0, 0) for layer in layers for key in layer
    }
    x = _columns(layers, neighbours, sizes)
    y: dict[Hashable, float] = {}
    top: float = PADDING
    for layer in layers:
        height = max(sizes[key][1] for key in layer)
        y |= dict.fromkeys(layer, top + height / 2)
        sizes |= {key: (0, height) for key in layer if key not in boxes}
        top += height + BELOW
    left = min(x[key] - sizes[key][0] / 2 for key in x) - PADDING
    width = max(x[key] + sizes[key][0] / 2 for key in x) + PADDING - left
    height = top - BELOW + PADDING
    parts = [_arrow(chain, x, y, sizes) for chain in chains] + [
        _box(boxes[key], x[key], y[key], sizes[key]) for key in boxes
    ]
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.1f} 0 {width:.1f} {height:.1f}" font-family="DejaVu Sans, '
        f'Verdana, sans-serif" font-size="12" role="img" aria-label="{escape(title)}" '
        'style="max-width: 100%; height: auto">'
        f"<title>{escape(title)}</title>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#666666"/></marker></defs>'
        f'<rect x="{left:.1f}" y="0" width="{width:.1f}" height="{height:.1f}" fill="white"/>'
        + "".join(parts)
        + "</svg>",
        title,
    )


def _rows(boxes, arrows):
    """Key -> row: each box is below all boxes that point to it.

    Boxes on a cycle, and below one, have no row. A box that nothing points to stands right above
    the first box that it points to.
    """
    inputs, outputs = {key: [] for key in boxes}, {key: [] for key in boxes}
    for start, end in arrows:
        inputs[end].append(start)
        outputs[start].append(end)
    rows, waiting = {}, {key: len(inputs[key]) for key in boxes}
    ready = [key for key in boxes if not waiting[key]]
    while ready:
        key = ready.pop(0)
        rows[key] = 1 + max((rows[other] for other in inputs[key]), default=-1)
        for other in outputs[key]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    if len(rows) < len(boxes):
        return rows
    for key in boxes:
        if not inputs[key] and outputs[key]:
            rows[key] = min(rows[other] for other in outputs[key]) - 1
    return rows


def _cycle(rows, arrows):
    """The keys along a cycle, from one of them back to it; boxes without a row lead to one."""
    before = {end: start for start, end in arrows if start not in rows and end not in rows}
    key, seen = next(iter(before)), []
    while key not in seen:  # backwards: every box without a row has one before it
        seen.append(key)
        key = before[key]
    return [*seen[seen.index(key) :], key][::-1]


def _with_bends(rows, arrows):
    """(layers, chains): the keys of each row, and for each arrow the keys that it goes through.

    The invisible boxes of an arrow, its bends, have the keys (start, end, row).
    """
    layers, chains = [[] for _ in range(max(rows.values()) + 1)], []
    for key, row in rows.items():
        layers[row].append(key)
    for start, end in arrows:
        bends = [(start, end, row) for row in range(rows[start] + 1, rows[end])]
        for bend in bends:
            layers[bend[2]].append(bend)
        chains.append([start, *bends, end])
    return [layer for layer in layers if layer], chains


def _neighbours(chains):
    """(above, below): key -> the keys in the next row that its arrows come from, and go to."""
    above, below = {}, {}
    for chain in chains:
        for start, end in zip(chain, chain[1:]):
            below.setdefault(start, []).append(end)
            above.setdefault(end, []).append(start)
    return above, below


def _order(layers, neighbours):
    """Sort each row, in place, by the mean place of each box's neighbours.

    Sweeps by the neighbours in the row above and in the row below take turns.
    """
    for sweep in range(SWEEPS):
        near = neighbours[sweep % 2]
        place = {key: i - (len(layer) - 1) / 2 for layer in layers for i, key in enumerate(layer)}
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            layer.sort(
                key=lambda key: _mean([place[other] for other in near.get(key, ())], place[key])
            )
            place |= {key: i - (len(layer) - 1) / 2 for i, key in enumerate(layer)}


def _columns(layers, neighbours, sizes):
    """Key -> x of its centre, which is as near to its neighbours as the rest of its row allows."""
    x = {}
    for layer in layers:
        x |= dict(zip(layer, _centres([0.0] * len(layer), [sizes[key][0] for key in layer])))
    for sweep in range(SWEEPS):
        near = neighbours[sweep % 2]
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = [_mean([x[other] for other in near.get(key, ())], x[key]) for key in layer]
            x |= dict(zip(layer, _centres(wanted, [sizes[key][0] for key in layer])))
    return x


def _centres(wanted, widths):
    """Centres for boxes of these widths, as close to `wanted` as possible without overlap."""
    return spread_out(
        wanted, [(width + following) / 2 + APART for width, following in zip(widths, widths[1:])]
    )


def _size(box):
    """(width, height) of a box in pixels."""
    return max(len(text) for text in (box.title, *box.lines)) * CHARACTER + 2 * PADDING, LINE * (
        1 + len(box.lines)
    ) + PADDING


def _box(box, x, y, size):
    (fill, stroke), (width, height) = FILLS[box.kind], size
    radius = height / 2 if box.kind == "value" else 4
    top = y - LINE * len(box.lines) / 2 + 4
    styles = [f'fill="{stroke}" font-weight="bold"', *['fill="#444444"'] * len(box.lines)]
    texts = "".join(
        f'<text x="{x:.1f}" y="{top + LINE * i:.1f}" text-anchor="middle" '
        f"{style}>{escape(text)}</text>"
        for i, (style, text) in enumerate(zip(styles, (box.title, *box.lines)))
    )
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{min(radius, 14):.1f}" '
        f'fill="{fill}" stroke="{stroke}"{MARKS[box.mark] and " " + MARKS[box.mark]}/>' + texts
    )


def _arrow(chain, x, y, sizes):
    """The SVG of an arrow from the lower edge of the first box to the upper edge of the last.

    It runs straight down past each row, and sideways only between two rows.
    """
    path = f"M{x[chain[0]]:.1f},{y[chain[0]] + sizes[chain[0]][1] / 2:.1f}"
    for start, end in zip(chain, chain[1:]):
        leave, arrive = y[start] + sizes[start][1] / 2, y[end] - sizes[end][1] / 2
        middle = (leave + arrive) / 2
        path += f" C{x[start]:.1f},{middle:.1f} {x[end]:.1f},{middle:.1f} {x[end]:.1f},{arrive:.1f}"
        if end != chain[-1]:
            path += f" V{arrive + sizes[end][1]:.1f}"
    return (
        f'<path d="{path}" fill="none" stroke="#666666" stroke-width="1.3" marker-end="url(#tip)"/>'
    )


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise
