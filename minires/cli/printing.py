"""What commands print: lines that fit the terminal, notes, and what is saved after Ctrl-C."""

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

from ..drawing.terminal import in_colour
from ..names import printable
from ..starting import INTERRUPTED
from ..training.interrupt import StoppedAtOnce


def fitted(text: str, stream: Any = None) -> str:
    """The text with long lines broken between words to fit the terminal, if `stream` (by default
    stdout) is one. The parts of a line keep its indentation.
    """
    if not (stream or sys.stdout).isatty():
        return text
    width = max(40, shutil.get_terminal_size().columns)
    return "\n".join(
        line if len(line) <= width else _filled(line, width) for line in text.split("\n")
    )


def _filled(line, width):
    indent = " " * (len(line) - len(line.lstrip()))
    if line.startswith("-", len(indent)):  # an item of a list
        indent += "  "
    filled = textwrap.fill(
        line.replace(" %", "\N{NO-BREAK SPACE}%"),
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace("\N{NO-BREAK SPACE}%", " %")


def say(line: str) -> None:
    """Print lines that may contain names of files; control characters in names are made harmless.

    On a terminal, long lines are broken between words, and names of plain and residual nets are in
    their colours.
    """
    text = "\n".join(map(printable, line.split("\n")))
    print(in_colour(fitted(text), sys.stdout))


def say_damaged(out: Path) -> None:
    """Print where the list of damaged pictures is, if the folder of a run has one."""
    if (out / "damaged.csv").exists():
        say(f"written: {out / 'damaged.csv'}: the damaged pictures that were left out")


def note(line: str) -> None:
    """Print a note on stderr about something that the user may not have meant."""
    print(fitted(f"minires: note: {printable(line)}", sys.stderr), file=sys.stderr)


def interrupted(
    out: Path, stop: KeyboardInterrupt, again: str = "the same command and --resume"
) -> int:
    """Print what is saved of a run in the folder `out` after Ctrl-C, and the command that goes on
    with it. Returns the exit status.
    """
    saved = "everything so far is saved"
    if isinstance(stop, StoppedAtOnce):
        saved = "everything up to the last checkpoint is saved, but not what came after it,"
    saved += f" in {out}. Go on with {again}."
    if not (out / "config.json").exists():
        saved = "there was nothing to save yet."
    print("\n" + fitted(f"minires: interrupted; {printable(saved)}", sys.stderr), file=sys.stderr)
    return INTERRUPTED
