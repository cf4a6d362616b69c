"""``minires doctor``"""

import argparse
import itertools
import json
import shutil
import sys
import textwrap

from ..drawing.terminal import has_colours
from .parser import Commands

COLOURS = {"good": "\033[32m", "optional": "\033[33m", "bad": "\033[31m"}
SIGNS = {"good": "ok", "optional": "--", "bad": "NO"}
WIDTH = 15  # of the column of names


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "doctor",
        help="check this installation and say what is missing",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Check Python, NumPy and its BLAS, threads, memory, disk, data sets, GPU and\n"
        "optional packages, and time one training step. Below each line that is not good\n"
        "is its cure. The exit status is 1 if something is missing that a run needs.",
    )
    command.set_defaults(run=run)
    command.add_argument("--json", action="store_true", help="print one JSON list instead")


def run(args: argparse.Namespace) -> int:
    """Make all checks and print their results."""
    from ..experiments.installation import BAD, check_all

    found = []
    for check in itertools.chain(check_all(), _grading()):
        found.append(check)
        if not args.json:
            print(_line(check), flush=True)
    if args.json:
        print(json.dumps([check._asdict() for check in found], indent=2))
    return 1 if any(check.state == BAD for check in found) else 0


def _grading():
    """Yield the check of the walls around submissions, or say which package it lacks."""
    try:
        from ..course.sandbox.installed import grading

        yield from grading()
    except ImportError as error:
        from ..experiments.installation import BAD, Check

        yield Check("grading", BAD, f"cannot be checked: {error}")


def _line(check):
    """The line for a check, with a coloured sign on a terminal, and below it the cure, if any."""
    sign = SIGNS[check.state]
    if has_colours(sys.stdout):
        sign = f"{COLOURS[check.state]}{sign}\033[0m"
    lines = [(f"{sign}  {check.name:<{WIDTH}}", check.found)]
    if check.cure is not None:
        lines.append((f"    {'':<{WIDTH}}-> ", check.cure))
    return "\n".join(first + _beside(first, text) for first, text in lines)


def _beside(first, text):
    """The text, broken to fit to the right of `first` if the output is a terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return text
    indent = 4 + WIDTH + 3 * first.endswith("-> ")
    width = max(40, shutil.get_terminal_size().columns - indent)
    return f"\n{'':{indent}}".join(textwrap.wrap(text, width, break_long_words=False))
