"""The common parts of reports as HTML pages that contain all their pictures and styles.

A page is light or dark according to the settings of the reader's system, and fits narrow screens.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --text: #222; --page: #fff; --quiet: #666; --line: #e6e6e6;
  --link: #0868ac; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #d5dbe1; --page: #0d1117; --quiet: #9198a1; --line: #262c34; --link: #79c0ff; }}
}}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
h1 {{ line-height: 1.25; }} h2 {{ margin-top: 3rem; }} a {{ color: var(--link); }}
img {{ max-width: max(100%, 42rem); height: auto; }}
.small {{ color: var(--quiet); font-size: 0.9rem; }}
.verdict {{ display: inline-block; color: white; border-radius: 0.3rem; padding: 0 0.6rem; }}
.wide {{ display: block; overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
td, th {{ text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top;
  overflow-wrap: break-word; }}
td.number {{ white-space: nowrap; }}
tr + tr {{ border-top: 1px solid var(--line); }}
code {{ font-size: 0.9em; }} pre {{ overflow-x: auto; white-space: pre-wrap; }}
{style}
</style></head><body>
<main>
{body}
</main>
</body></html>
"""


def page(title: str, body: Iterable[str], style: str = "", head: str = "") -> str:
    """The whole page as HTML.

    Parameters
    ----------
    title : str
        As plain text.
    body : iterable of str
        Pieces of HTML.
    style : str
        Additional CSS. To be readable on light and dark pages, it should use the page's colours
        ``--text``, ``--quiet``, ``--line`` and ``--page``.
    head : str
        Additional HTML for the head of the page.
    """
    return PAGE.format(title=escape(title), body="\n".join(body), style=style, head=head)


def picture(image: bytes, words: str, kind: str = "png", dark: bytes | None = None) -> str:
    """An image as HTML, with a description in `words`, and optionally a version for dark pages.

    `image` and `dark` are the contents of files of the same `kind`, such as "png". On a narrow
    screen a large image stays large enough to be read, and scrolls sideways.
    """
    shown = f'<img alt="{escape(words)}" src="{_address(image, kind)}">'
    if dark is not None:
        source = f'media="(prefers-color-scheme: dark)" srcset="{_address(dark, kind)}"'
        shown = f"<picture><source {source}>{shown}</picture>"
    return f'<span class="wide" tabindex="0">{shown}</span>'


def _address(image, kind):
    return f"data:image/{kind};base64,{b64encode(image).decode()}"


def _cell(text):
    """A number with its range stays on one line; where there is no room, the table scrolls."""
    kind = ' class="number"' if len(text) <= 24 and any(map(str.isdigit, text)) else ""
    return f"<td{kind}>{escape(text)}</td>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain text as HTML. With an empty `head` it has no header."""
    lines = [f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"] if head else []
    lines += [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows]
    return f'<div class="wide" tabindex="0"><table>{"".join(lines)}</table></div>'
