"""The glossary: words, what they mean in minires, and how other texts use them."""

import json
import re
import tomllib
from typing import Any

from .places import ROOT, read

TERMS = "docs/site/glossary.toml"
PAGE = "glossary.md"


def terms() -> list[dict[str, Any]]:
    """The entries of site/glossary.toml in alphabetical order."""
    return sorted(tomllib.loads(read(TERMS))["term"], key=lambda one: one["term"].lower())


def notebooks() -> dict[str, str]:
    """File name of a notebook -> the text of all its Markdown cells."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[path.name] = "\n".join(texts)
    return found


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    texts = notebooks()
    parts = [
        "# Glossary",
        "Texts on residual nets use the same words for different things, and different words for "
        "the same. Each entry says first what the word means in minires, then how others use it. "
        "The numbers are links to the notebooks in which it occurs.",
        "```{glossary}",
    ]
    entries = [_entry(one, texts) for one in terms()]
    return {PAGE: "\n\n".join([*parts[:2], "\n".join([parts[2], "", *entries, "```"])]) + "\n"}


def _entry(one: dict[str, Any], texts: dict[str, str]) -> str:
    """The entry of a term: its meaning, how others use it, and links to notebooks.

    `texts` are those of `notebooks`. A term that is written in several ways has an expression
    ``find`` for them.
    """
    pattern = one.get("find", rf"\b{re.escape(one['term'])}")
    used = [name for name, text in texts.items() if re.search(pattern, text)]
    lines = [one["here"]]
    lines += [f"- *{who}*: {what}" for who, what in (split(other) for other in one["others"])]
    if used:
        links = ", ".join(f"[{name.split('_')[0]}](notebooks/{name})" for name in used)
        lines.append(f"\nNotebooks: {links}")
    body = "\n".join(f"  {line}" for line in "\n".join([lines[0], "", *lines[1:]]).splitlines())
    return f"{one['term']}\n{body}\n"


def split(other: str) -> tuple[str, str]:
    """The two parts of a text such as "PyTorch: the same": who uses the word, and how."""
    who, _, what = other.partition(": ")
    return who, what
