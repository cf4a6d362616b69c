"""The picture of verdicts on the front page: the first claims of the list, each with its verdict.
``python -m docs.generate.front_page`` draws it from the records.
"""

import textwrap
from html import escape

from minires.experiments.claims import CLAIMS

from .places import ROOT
from .recorded_claims import recorded
from .verdicts import PREDICTED

PICTURE = "docs/pictures/investigate.svg"
CLAIMS_SHOWN = 9
#: Outcome -> colour of its badge. White letters on it have a contrast of over 4.5.
BADGES = {
    "supported": "#1a7f4b",
    "contradicted": "#b3261e",
    "undecided": "#666666",
    PREDICTED: "#666666",
}
WIDTH, MARGIN, LINE, GAP = 745, 18, 20, 13  # pixels
CLAIM, STATEMENT, BADGE = MARGIN, 180, 605  # where each column begins
LETTERS_OF_A_CLAIM, LETTERS_OF_A_STATEMENT = 19, 48  # as many fit into a line of a column
INK, LINK, RULE = "#222222", "#0b5394", "#dddddd"
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"


def first_verdicts() -> str:
    """The picture, as SVG."""
    known = {one.claim.name: one.verdict.outcome for one in recorded()}
    shown = {name: known.get(name, PREDICTED) for name in list(CLAIMS)[:CLAIMS_SHOWN]}
    parts, top = [], MARGIN
    for name, outcome in shown.items():
        names = textwrap.wrap(name, LETTERS_OF_A_CLAIM)
        lines = textwrap.wrap(CLAIMS[name].statement, LETTERS_OF_A_STATEMENT)
        parts += [_text(CLAIM, top + LINE * i, text, LINK) for i, text in enumerate(names)]
        parts += [_text(STATEMENT, top + LINE * i, text, INK) for i, text in enumerate(lines)]
        parts.append(_badge(top, outcome))
        top += LINE * max(len(names), len(lines)) + GAP
        parts.append(f'<path d="M{MARGIN} {top - GAP / 2:g} H{WIDTH - MARGIN}" stroke="{RULE}"/>')
    title = "; ".join(f"{name}: {outcome}" for name, outcome in shown.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" style="max-width: 100%; height: auto" font-family="{FONT}" '
        f'font-size="15" role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f'<rect width="{WIDTH}" height="{top}" rx="10" fill="#ffffff"/>\n'
        + "\n".join(parts[:-1])  # no rule below the last one
        + "\n</svg>\n"
    )


def _text(x, top, text, colour):
    return f'<text x="{x}" y="{top + 15}" fill="{colour}">{escape(text)}</text>'


def _badge(top, outcome):
    width = 12 + 9 * len(outcome)
    return (
        f'<rect x="{BADGE}" y="{top - 2}" width="{width}" height="23" rx="5" '
        f'fill="{BADGES[outcome]}"/><text x="{BADGE + width / 2:g}" y="{top + 15}" '
        f'fill="#ffffff" text-anchor="middle">{outcome}</text>'
    )


if __name__ == "__main__":
    (ROOT / PICTURE).write_text(first_verdicts(), encoding="utf-8")
