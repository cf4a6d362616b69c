"""Files and folders of the repository as plain pages, so that links to them work without a server.

Sphinx does not make these pages, and its search leaves them out, because the source is longer than
all texts together. Their colours are those of the site's theme, light or dark as on the reader's
system.
"""

import posixpath
from collections.abc import Collection, Iterable
from functools import cache
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.styles import get_all_styles

from .places import ROOT, read, relative, source_page

LEXERS = {".py": "python", ".cu": "cuda", ".toml": "toml", ".sh": "bash", ".json": "json"}
LIBRARY = (".py", ".cu")  # every such file of the package has a page
TEXTS = (*LEXERS, ".csv", ".md", ".txt")
MOST_CHARACTERS = 200_000  # shown of one file; tables can be longer
# The style of the site's theme, and one of Pygments for where the theme is not installed.
STYLES = {
    "light": ("a11y-high-contrast-light", "friendly"),
    "dark": ("a11y-high-contrast-dark", "monokai"),
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --link: #0a4bff; }}
body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif; }}
nav, main {{ padding: 0.6em 1em; overflow-x: auto; }}
pre {{ font-size: 14px; line-height: 24px; }}
a {{ color: var(--link); }}
td.linenos a {{ color: inherit; display: inline-block; opacity: 0.75; padding-right: 1em;
  text-decoration: none; }}
h1 {{ font-size: 1.1em; font-family: monospace; overflow-wrap: anywhere; }}
{light}
@media (prefers-color-scheme: dark) {{ :root {{ --link: #8ab4ff; }} {dark} }}
</style></head><body>
<nav aria-label="Path"><a href="{home}">minires</a> / {crumbs}</nav>
<main tabindex="0"><h1>{title}</h1>{body}</main></body></html>
"""


def library_files() -> list[str]:
    """Every Python and CUDA file of the package, as a path from the top of the repository."""
    paths = (path for path in (ROOT / "minires").rglob("*") if path.suffix in LIBRARY)
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def pages(wanted: Iterable[str]) -> dict[str, str]:
    """Path in the site -> HTML.

    Parameters
    ----------
    wanted : iterable of str
        Files and folders of the repository. The text files of these folders get pages too, and so
        do all folders above.
    """
    every = set(wanted)
    for path in [path for path in every if (ROOT / path).is_dir()]:
        every |= {f"{path}/{file.name}" for file in (ROOT / path).iterdir() if file.suffix in TEXTS}
    for path in list(every):
        while path := posixpath.dirname(path):
            every.add(path)
    return {source_page(path): html(path, every) for path in sorted(every)}


def html(path: str, shown: Collection[str] = ()) -> str:
    """The page of one file or folder. A folder links to those of its entries that are in `shown`,
    because they have a page.
    """
    place = source_page(path)
    up = "../" * place.count("/")
    body = _folder(path, shown) if (ROOT / path).is_dir() else _file(path)
    light, dark = (_colours(theme) for theme in STYLES)
    return PAGE.format(
        title=escape(path),
        home=f"{up}index.html",
        crumbs=_crumbs(path, up),
        body=body,
        light=light,
        dark=dark,
    )


def _crumbs(path: str, up: str) -> str:
    """The path of a file, with its folders as links. `up` leads to the top of the site."""
    parts = path.split("/")
    links = [
        f'<a href="{up}{source_page("/".join(parts[: i + 1]))}">{escape(part)}</a>'
        for i, part in enumerate(parts[:-1])
    ]
    return " / ".join([*links, escape(parts[-1])])


def _file(path: str) -> str:
    """The text of a file with colours and line numbers."""
    file = ROOT / path
    name = LEXERS.get(file.suffix)
    text = read(path)
    cut = len(text) > MOST_CHARACTERS
    text = text[:MOST_CHARACTERS]
    lexer = get_lexer_by_name(name) if name and not cut else TextLexer()
    shown = highlight(text, lexer, _formatter("light"))
    return shown + ("<p>This page shows only the beginning of the file.</p>" * cut)


def _folder(path: str, shown: Collection[str]) -> str:
    """The entries of a folder; those with a page are links."""
    entries = []
    for entry in sorted((ROOT / path).iterdir()):
        if entry.name.startswith((".", "__pycache__")):
            continue
        inside = entry.relative_to(ROOT).as_posix()
        name = escape(entry.name) + "/" * entry.is_dir()
        if inside in shown:
            name = f'<a href="{relative(source_page(inside), source_page(path))}">{name}</a>'
        entries.append(f"<li>{name}</li>")
    return f"<ul>{''.join(entries)}</ul>"


@cache
def _formatter(theme: str) -> HtmlFormatter:
    """Makes HTML whose lines have the anchors L-1, L-2, ..., for links to a line."""
    known = set(get_all_styles())
    style = next(name for name in STYLES[theme] if name in known)
    return HtmlFormatter(
        style=style, linenos="table", lineanchors="L", anchorlinenos=True, wrapcode=True
    )


@cache
def _colours(theme: str) -> str:
    """The CSS of a theme."""
    formatter = _formatter(theme)
    page = formatter.style.background_color
    text = "#f8f8f2" if theme == "dark" else "#1b1b1b"
    return f"body {{ background: {page}; color: {text}; }} {formatter.get_style_defs('.highlight')}"
