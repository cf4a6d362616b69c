"""Links of a text, made to lead somewhere in the site as they do on a forge.

A link to another text leads to its page, and if it names only the text's file, it takes the title
of the page. A link to a picture leads to a copy of it, and one to any other file or folder of the
repository to a page that shows it (`source_files.py`).
"""

import posixpath
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from .dark import of as dark_of
from .places import ROOT, pages, relative, source_page

RESULTS = ("results/", "benchmarks/results/")  # their figures are drawn for white pages
PICTURES = (".png", ".gif", ".svg", ".jpg")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
TWO_PICTURES = re.compile(
    r'<picture>\s*<source [^>]*srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]+)" src="(?P<light>[^"]+)">\s*</picture>'
)  # for a light and a dark page, as a forge wants them
CODE = re.compile(r"^(```|~~~).*?^\1[ ]*$", re.DOTALL | re.MULTILINE)


class Rewritten(NamedTuple):
    """A text for the site, and what it needs."""

    text: str
    pictures: set[str]  # files of the repository
    sources: set[str]  # files and folders of the repository that it leads to
    broken: list[str]  # links that lead nowhere


def rewrite(text: str, file: str, page: str, made: Collection[str] = ()) -> Rewritten:
    """The text of the repository's `file`, with its links as the page `page` needs them.

    Code blocks stay as they are, and so do links to pages that are `made`, which no file holds.
    """
    found = Rewritten("", set(), set(), [])
    text = TWO_PICTURES.sub(
        r"![\g<alt>](\g<light>){.only-light} ![\g<alt>](\g<dark>){.only-dark}", text
    )
    known = pages()

    def replace(match: re.Match[str]) -> str:
        is_picture, words, target = match.groups()
        path, _, anchor = target.partition("#")
        if ":" in path.split("/")[0] or not path:  # another site, or a place on this page
            return match.group()
        if posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) in made:
            return match.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        anchor = anchor and f"#{anchor}"
        if not (ROOT / path).exists():
            found.broken.append(target)
            return match.group()
        if path in known:
            if path.startswith(("docs/", "data/")) and words in (path, Path(path).name):
                words = _heading(path)  # a site shows pages, not files
            return f"{is_picture}[{words}]({relative(known[path], page)}{anchor})"
        if path.endswith(PICTURES):
            found.pictures.add(path)
            shown = f"{is_picture}[{words}]({relative(f'files/{path}', page)})"
            has_class = match.string[match.end() : match.end() + 1] == "{"
            dark = dark_of(path) if is_picture and not has_class else None
            if dark is None:
                is_plot = is_picture and not has_class and path.endswith(".png")
                return f"{shown}{{.plot}}" if is_plot and path.startswith(RESULTS) else shown
            if (ROOT / dark).exists():
                found.pictures.add(dark)
            other = f"![{words}]({relative(f'files/{dark}', page)})"
            return f"{shown}{{.only-light}} {other}{{.only-dark}}"
        found.sources.add(path)
        return f'<a href="{relative(source_page(path), page)}{anchor}">{words}</a>'

    return found._replace(text=outside_code(text, lambda part: LINK.sub(replace, part)))


def _heading(path: str) -> str:
    """The title of a text of the repository."""
    return (ROOT / path).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with `change` made to all of it but the fenced blocks of code."""
    parts, end = [], 0
    for block in CODE.finditer(text):
        parts += [change(text[end : block.start()]), block.group()]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def to_source(path: str, page: str, words: str = "", line: int | None = None) -> str:
    """A link from `page` to the page that shows a file of the repository, as HTML."""
    anchor = f"#L-{line}" if line else ""
    shown = words or f"<code>{path}</code>"
    return f'<a href="{relative(source_page(path), page)}{anchor}">{shown}</a>'
