"""Exhibits in a notebook: their code and their figures, displayed."""

from html import escape

from ..html_pieces import PRE
from ..pictures import show
from ..surface import surface
from . import drawing
from .exhibit import Exhibit, Findings

#: Colours that can be read on a light page and on a dark one.
SHADES = {
    " ": "",
    "-": "background: rgba(46, 160, 67, 0.2)",
    "+": "background: rgba(248, 81, 73, 0.2)",
}


def code(exhibit: Exhibit) -> None:
    """Show the code of an exhibit: "-" marks right lines, "+" the lines that replace them."""
    lines = exhibit.code()
    text = "\n".join(f"{mark} {line}" for mark, line in lines)
    if surface() in ("terminal", "none"):
        print(text)
        return
    from IPython.display import display

    shown = "\n".join(
        f'<span style="{SHADES[mark]}">{escape(f"{mark} {line}", quote=False)}</span>'
        for mark, line in lines
    )
    html = f'<pre style="{PRE}"><code>{shown}</code></pre>'
    display({"text/html": html, "text/plain": text}, raw=True)


def maps(exhibit: Exhibit, findings: Findings) -> None:
    """Show the numbers of an exhibit: right, with the mistake, and the difference."""
    picture = exhibit.picture
    show(picture.words(exhibit, findings), picture.draw(exhibit, findings))


def curves(findings: Findings) -> None:
    """Show the loss of a short training: right, and with the mistake."""
    show(drawing.words_on_curves(findings), drawing.curves(findings))
