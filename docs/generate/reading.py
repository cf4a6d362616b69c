"""The page with an order in which to read the source, and how long that takes."""

import re
import tomllib
from typing import Any

from .links import to_source
from .places import read

STEPS = "docs/site/reading.toml"
PAGE = "reading.md"
LINES_A_MINUTE = 15  # for a reader who wants to understand them; a guess, as the page says


def steps() -> list[dict[str, Any]]:
    """The steps of site/reading.toml: each has a ``title``, a reason ``why``, and ``files``."""
    return tomllib.loads(read(STEPS))["step"]


def lines(path: str) -> int:
    """The number of lines of a file that are not empty."""
    return sum(bool(line.strip()) for line in read(path).splitlines())


def minutes(count: int) -> int:
    """How long so many lines take to read, rounded to five minutes, and at least five."""
    return max(5, 5 * round(count / LINES_A_MINUTE / 5))


def summary(path: str) -> str:
    """The first sentence of a file's docstring, or of the comment at the top of a CUDA file."""
    text = read(path)
    if path.endswith(".cu"):
        head = []
        for line in text.splitlines():
            if not line.startswith("//"):
                break
            head.append(line.removeprefix("//").strip())
        text = " ".join(head)
    else:
        text = " ".join(text.split('"""')[1].split("\n\n")[0].split())
    return re.split(r"(?<!et al)\. ", text)[0].rstrip(".").replace("|", "\\|")


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    known = steps()
    total = sum(minutes(lines(path)) for step in known for path in step["files"])
    parts = [
        "# Reading order of the source",
        f"{sum(len(step['files']) for step in known)} files, from a formula to the experiment: "
        f"about {total / 60:.0f} hours in all, at {LINES_A_MINUTE} lines a minute. That speed is a "
        "guess, and you will be faster where you skip or know PyTorch. Each step builds on "
        "the ones before it, and you can stop after any of them.",
    ]
    for number, step in enumerate(known, 1):
        spent = sum(minutes(lines(path)) for path in step["files"])
        rows = [
            f"| {to_source(path, PAGE, _short(path))} | {summary(path)} | {lines(path)} | "
            f"{minutes(lines(path))} |"
            for path in step["files"]
        ]
        parts += [
            f"## {number}. {step['title']}: {spent} minutes",
            step["why"],
            "\n".join(
                ["| file | what it is | lines | minutes |", "| --- | --- | ---: | ---: |", *rows]
            ),
        ]
    parts.append(
        "The map in [Contributing](contributing.md) shows where everything else is, and "
        "[Kernels](kernels/index.md) shows each kernel in all its versions."
    )
    return {PAGE: "\n\n".join(parts) + "\n"}


def _short(path: str) -> str:
    return f"<code>{path.removeprefix('minires/')}</code>"
