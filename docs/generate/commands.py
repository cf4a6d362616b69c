"""The page of commands: what ``minires COMMAND --help`` says, of each."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from minires.cli import _parser

PAGE = "commands.md"
COLUMNS = "88"  # of the help texts


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Command, such as ``course grade``, -> its parser."""
    return dict(_of(_parser(), ""))


def _of(
    parser: argparse.ArgumentParser, above: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield f"{above}{name}", inner
                yield from _of(inner, f"{above}{name} ")


@contextmanager
def _width() -> Iterator[None]:
    """Within: help texts are as wide on every machine."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = COLUMNS
    try:
        yield
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    parts = [
        "# Commands",
        "Every command with its options, as `minires COMMAND --help` prints them. New here? Begin "
        "with [the first figure in three minutes](start.md). What an error of the command line "
        "means is on the page of [errors](errors.md#usage).",
    ]
    with _width():
        for name, parser in parsers().items():
            parts += [f"## minires {name}", f"```text\n{parser.format_help().rstrip()}\n```"]
    return {PAGE: "\n\n".join(parts) + "\n"}
