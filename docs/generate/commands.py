"""The page of commands, with the help text of each."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from minires.cli import _parser

PAGE = "commands.md"
WIDTH = "88"  # characters in a line of a help text


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Command, such as ``course grade`` -> its parser."""
    return dict(_subcommands(_parser(), ""))


def _subcommands(
    parser: argparse.ArgumentParser, above: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands below a parser, each before its own subcommands. `above` begins their names."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield f"{above}{name}", inner
                yield from _subcommands(inner, f"{above}{name} ")


@contextmanager
def _fixed_width() -> Iterator[None]:
    """Within: help texts have the same width on every machine."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
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
        "with [the first figure in three minutes](start.md). The page of [errors](errors.md#usage) "
        "explains what an error of the command line means.",
    ]
    with _fixed_width():
        for name, parser in parsers().items():
            parts += [f"## minires {name}", f"```text\n{parser.format_help().rstrip()}\n```"]
    return {PAGE: "\n\n".join(parts) + "\n"}
