"""Drawings as SVG: the residual block of He et al. 2015, figure 2, and the whole of ResNet-20.

The README, the documentation and the notebooks share these drawings. In the block a straight axis
leads from x through the layers to y. The shortcut is the one thick line beside it, and the addition
lies on the axis.
"""

from .svg import Picture

INK, QUIET, BLUE, ORANGE = "#222222", "#666666", "#0868ac", "#c84a00"
BLUES = "#dcebf7", "#b9d7ee", "#93c1e4"  # fills for the three stages
ORANGES = "#fdeedd", "#fbdcbb", "#f8c696"
THIN = "#333333", 1.5  # colour and width of the lines between blocks
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
WIDE, HIGH = 600, 400  # pixels, of the drawing of a block
LAYERS = ("3×3 convolution, batch norm", "3×3 convolution, batch norm")


def block(
    shortcut: bool = True,
    layers: tuple[str, str] = LAYERS,
    scale: str = "",
    note: str = ", unchanged",
) -> Picture:
    """Draw a block of two layers, with a shortcut or without one.

    Parameters
    ----------
    shortcut : bool
        False draws the block of a plain net.
    layers : (str, str)
        The texts in the two boxes.
    scale : str
        A factor of the shortcut, such as "α".
    note : str
        A remark about the shortcut, after the x.

    Returns
    -------
    Picture
    """
    total = f"F(x) + {scale}{'x'}" if shortcut else "F(x)"
    title = (
        "A residual block: x goes through two layers, which make F(x), and along the shortcut; "
        f"both are added to {total}, and ReLU follows"
        if shortcut
        else "A plain block: x goes through two layers, which make F(x), and ReLU follows"
    )
    down = [(28, 74), (118, 176), (220, 269 if shortcut else 372)]
    if shortcut:
        down.append((307, 372))
    parts = [
        *(_line(f"M250 {start} V{end}", "#333333", 2) for start, end in down),
        *(_box(top, text) for top, text in zip((76, 178), layers)),
        _text(262, 153, "ReLU"),
        _text(262, 345 if shortcut else 320, "ReLU"),
        _text(226, 38, "x", 20, italic=True, centred=True),
        _text(52, 155, "F(x)", 20, italic=True, centred=True),
        _text(226, 382, "y", 20, italic=True, centred=True),
        '<path d="M96 78 Q84 78 84 90 V138 Q84 149 76 149 Q84 149 84 160 V206 Q84 218 96 218" '
        f'fill="none" stroke="{QUIET}" stroke-width="1.5"/>',
    ]
    if shortcut:
        parts += [
            _line("M250 48 H424 Q444 48 444 68 V268 Q444 288 424 288 H271", BLUE, 3.5),
            f'<circle cx="250" cy="48" r="3.5" fill="{BLUE}"/>',
            f'<circle cx="250" cy="288" r="18" fill="#ffffff" stroke="{BLUE}" stroke-width="3"/>',
            f'<path d="M240 288 H260 M250 278 V298" stroke="{BLUE}" stroke-width="3"/>',
            _text(130, 295, total, 20, italic=True, centred=True),
            _text(458, 164, "the shortcut:", 18, colour=BLUE),
            _text(458, 188, f"{scale}x", 18, italic=True, colour=BLUE),
            _text(458 + 12 * (1 + len(scale)), 188, note, 18, colour=BLUE),
        ]
    return Picture(_page(WIDE, HIGH, title, parts), title)


def twenty_layers(shortcut: bool = True) -> Picture:
    """Draw all layers of ResNet-20 or, without shortcuts, of plain-20.

    Each stage is a row, with the size of the maps and the number of channels. The drawing is narrow
    enough for a phone.

    Parameters
    ----------
    shortcut : bool
        Whether to draw ResNet-20 with its shortcuts, or plain-20.

    Returns
    -------
    Picture
    """
    colour = BLUE if shortcut else ORANGE
    parts = [_small(150, 14, 84, "conv 3×3", fill="#f3f4f6", stroke=QUIET, height=30)]
    parts += [_text(14, 26, "images, 3 channels", 12), _text(14, 42, "1 layer", 12, colour=QUIET)]
    parts.append(_line("M192 44 V60 H134 Q126 60 126 68 V118 Q126 126 134 126 H148", *THIN))
    fills = BLUES if shortcut else ORANGES
    stages = tuple(zip(("32 × 32", "16 × 16", "8 × 8"), (16, 32, 64), fills))
    for stage, (size, channels, fill) in enumerate(stages, 1):
        top = 102 * stage
        told = (f"stage {stage}", f"{size} pixels", f"{channels} channels")
        parts += [_text(14, top + 14 + 17 * i, text, 12) for i, text in enumerate(told)]
        parts.append(_text(14, top + 65, "6 layers", 12, colour=QUIET))
        for i in range(3):
            left = 150 + 104 * i
            dash = ' stroke-dasharray="5 4"' if stage > 1 and i == 0 else ""
            parts.append(_small(left, top, 84, "conv 3×3", "conv 3×3", fill=fill, stroke=colour))
            if i < 2:
                parts.append(_line(f"M{left + 84} {top + 24} H{left + 102}", *THIN))
            if not shortcut:
                continue
            parts.append(
                f'<path d="M{left - 10} {top + 24} V{top - 8} Q{left - 10} {top - 16} {left - 2} '
                f"{top - 16} H{left + 84} Q{left + 92} {top - 16} {left + 92} {top - 8} "
                f'V{top + 16}" fill="none" stroke="{BLUE}" stroke-width="2.5" '
                f'marker-end="url(#tip-{BLUE[1:]})"{dash}/>'
            )
        if stage < 3:
            parts.append(
                _line(
                    f"M442 {top + 24} H450 V{top + 56} Q450 {top + 64} 442 {top + 64} H134 "
                    f"Q126 {top + 64} 126 {top + 72} V{top + 118} Q126 {top + 126} "
                    f"134 {top + 126} H148",
                    *THIN,
                )
            )
    parts.append(_line("M442 330 H450 V390 Q450 398 442 398 H238", *THIN))
    parts.append(_small(150, 383, 84, "mean, linear", fill="#f3f4f6", stroke=QUIET, height=30))
    parts += [_text(14, 395, "10 classes", 12), _text(14, 411, "1 layer", 12, colour=QUIET)]
    if shortcut:
        legend = "blue: shortcuts; dashed where maps halve and channels double"
        parts.append(_text(14, 444, legend, 12, colour=BLUE))
    title = (
        f"{'ResNet' if shortcut else 'Plain'}-20 from top to bottom: one convolution, then three "
        "stages of three blocks with two convolutions each, then mean and a linear layer. "
        + ("A shortcut passes every block. " if shortcut else "")
        + "Maps have 32, 16 and 8 pixels a side, with 16, 32 and 64 channels."
    )
    return Picture(_page(470, 458 if shortcut else 428, title, parts), title)


def _page(width, height, title, parts):
    tips = "".join(
        f'<marker id="tip-{colour[1:]}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" '
        f'markerHeight="{size}" orient="auto"><path d="M0 1 L9 5 L0 9 Z" fill="{colour}"/></marker>'
        for colour, size in (("#333333", 8), (BLUE, 6))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" style="max-width: 100%; height: auto" font-family="{FONT}" role="img" '
        f'aria-label="{title}">\n<title>{title}</title>\n<defs>{tips}</defs>\n'
        f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _line(path, colour, width):
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'marker-end="url(#tip-{colour[1:]})"/>'
    )


def _box(top, text):
    return (
        f'<rect x="110" y="{top}" width="280" height="42" rx="7" fill="#f3f4f6" '
        f'stroke="{QUIET}" stroke-width="1.5"/>' + _text(250, top + 27, text, centred=True)
    )


def _small(left, top, width, *lines, fill, stroke, height=48):
    words = "".join(
        _text(left + width / 2, top + 20 + 17 * i, text, 12, centred=True)
        for i, text in enumerate(lines)
    )
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="1.5"/>{words}'
    )


def _text(x, y, text, size=17, *, italic=False, centred=False, colour=INK):
    slant = ' font-style="italic"' if italic else ""
    anchor = ' text-anchor="middle"' if centred else ""
    return (
        f'<text x="{x:g}" y="{y}" font-size="{size}" fill="{colour}"{slant}{anchor}>{text}</text>'
    )
