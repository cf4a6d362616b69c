"""Links of the repository's texts, changed so that they work in the site as they do on GitHub.

A link to another text becomes a link to its page, and takes the page's title if its words are only
the text's file. A link to a picture becomes one to a copy of it. Any other file or folder of the
repository gets a page that shows it (`source_files.py`).
"""

import posixpath
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from .dark import twin
from .places import ROOT, pages, relative, source_page

RESULTS = ("results/", "benchmarks/results/")  # figures here are drawn for white pages
PICTURES = (".png", ".gif", ".svg", ".jpg")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
TWO_PICTURES = re.compile(
    r'<picture>\s*<source [^>]*srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]+)" src="(?P<light>[^"]+)">\s*</picture>'
)  # a picture for light pages and one for dark pages, as GitHub shows them
CODE = re.compile(r"^(```|~~~).*?^\1[ ]*$", re.DOTALL | re.MULTILINE)


class Rewritten(NamedTuple):
    """A text for the site, and what it needs."""

    text: str
    pictures: set[str]  # files of the repository
    sources: set[str]  # files and folders of the repository that it leads to
    broken: list[str]  # links to files that do not exist


def rewrite(text: str, file: str, page: str, made: Collection[str] = ()) -> Rewritten:
    """Change the links of a text. Code blocks stay as they are.

    Parameters
    ----------
    text : str
        Markdown.
    file : str
        The file of the repository that it comes from; its links are relative to that.
    page : str
        The page of the site that it becomes.
    made : collection of str
        Generated pages, which no file of the repository holds. Links to them stay as they are.
    """
    found = Rewritten("", set(), set(), [])
    text = TWO_PICTURES.sub(
        r"![\g<alt>](\g<light>){.only-light} ![\g<alt>](\g<dark>){.only-dark}", text
    )
    known = pages()

    def replace(match: re.Match[str]) -> str:
        is_picture, words, target = match.groups()
        path, _, anchor = target.partition("#")
        if ":" in path.split("/")[0] or not path:  # to another site, or within this page
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
            dark = twin(path) if is_picture and not has_class else None
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
    """The text with `change` applied to all of it except fenced blocks of code."""
    parts, end = [], 0
    for block in CODE.finditer(text):
        parts += [change(text[end : block.start()]), block.group()]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def to_source(path: str, page: str, words: str = "", line: int | None = None) -> str:
    """A link from `page` to the page that shows a file of the repository, as HTML.

    `words` are shown, by default the path. `line` is the line to scroll to.
    """
    anchor = f"#L-{line}" if line else ""
    shown = words or f"<code>{path}</code>"
    return f'<a href="{relative(source_page(path), page)}{anchor}">{shown}</a>'
