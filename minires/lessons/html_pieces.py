"""Small pieces of HTML that need neither scripts nor style sheets: GitHub, nbviewer and a page
exported from Jupyter show them alike.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

QUESTION = (
    "border-left: 4px solid #0868ac; padding: 0.3em 0 0.3em 0.9em; margin: 0.5em 0; max-width: 44em"
)
PRE = (  # on a narrow screen a table scrolls instead of wrapping
    "white-space: pre; overflow-x: auto; margin: 0.3em 0; font-size: 0.9em; font-family: monospace"
)
CODE = r"`([^`]+)`"
MARKS = (
    (r"\*\*([^*]+)\*\*", r"<b>\1</b>"),
    (r"\*([^*\s][^*]*)\*", r"<i>\1</i>"),
)


def inline(text: str) -> str:
    """Text with `code`, **bold** and *slanted* parts as HTML."""
    # Code is set aside first, because a star in it is a multiplication.
    codes: list[str] = []

    def aside(found: re.Match[str]) -> str:
        codes.append(f"<code>{found[1]}</code>")
        return f"\0{len(codes) - 1}\0"

    html = re.sub(CODE, aside, escape(text, quote=False))
    for pattern, replacement in MARKS:
        html = re.sub(pattern, replacement, html)
    return re.sub("\0(\\d+)\0", lambda found: codes[int(found[1])], html)


def paragraphs(text: str) -> str:
    """Text as HTML. Empty lines separate paragraphs, and an indented paragraph is code."""
    parts = [part for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    return "".join(
        code(part) if part.startswith("    ") else f"<p>{inline(part.strip())}</p>"
        for part in parts
    )


def code(text: str) -> str:
    """Lines of code as HTML, without their common indent."""
    lines = text.strip("\n").split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    whole = "\n".join(line[indent:] for line in lines)
    return f'<pre style="{PRE}"><code>{escape(whole, quote=False)}</code></pre>'


def folded(summary: str, content: str, is_open: bool = False) -> str:
    """Content that opens with a click on its summary; both are HTML."""
    return (
        f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n{content}\n</details>"
    )


def framed(content: str) -> str:
    """Content with the bar of a question at its left."""
    return f'<div style="{QUESTION}">{content}</div>'


def from_outputs(printed: str, outputs: Iterable[Mapping[str, Any]]) -> str:
    """What a cell printed and displayed, as HTML.

    Parameters
    ----------
    printed : str
    outputs : iterable of dict
        Each with `data`, from MIME type to content, and `metadata`.
    """
    parts = [f'<pre style="{PRE}">{escape(printed, quote=False)}</pre>'] if printed.strip() else []
    parts += [_one(output.get("data", {}), output.get("metadata", {})) for output in outputs]
    return "\n".join(part for part in parts if part)


def _one(data, metadata):
    if "text/html" in data:
        return _text(data["text/html"])
    if "image/svg+xml" in data:
        return _text(data["image/svg+xml"])
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            known = metadata.get(kind, {})
            words = escape(str(known.get("alt", "a figure")))
            width = f' width="{known["width"]}"' if "width" in known else ""
            return (
                f'<img alt="{words}"{width} style="display: block; max-width: 100%; height: auto" '
                f'src="{address(data[kind], kind)}">'
            )
    plain = _text(data.get("text/plain", ""))
    return f'<pre style="{PRE}">{escape(plain, quote=False)}</pre>' if plain else ""


def address(image: bytes | str, kind: str) -> str:
    """The data address of an image, from its bytes or from base64 text."""
    text = b64encode(image).decode() if isinstance(image, bytes) else image.replace("\n", "")
    return f"data:{kind};base64,{text}"


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
