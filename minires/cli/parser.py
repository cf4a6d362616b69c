"""The parser of the commands: it suggests what the user may have meant."""

import argparse
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from ..errors import OTHER_NAMES, nearest
from ..names import printable, shortened, shown
from .printing import fitted

#: The type of what ``add_subparsers`` returns.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest option or command for one that does not exist.

    It does not accept abbreviated options, since an abbreviation may become ambiguous when options
    are added.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, shortened if it is very long, and exit with status 2."""
        line = f"{self.prog}: error: {printable(shortened(message, 1000))}"
        self.print_usage(sys.stderr)
        self.exit(2, fitted(line, sys.stderr) + "\n")

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            near = nearest(value, action.choices)
            raise argparse.ArgumentError(
                None,
                f"unknown command {shown(value)}: expected one of {', '.join(action.choices)}"
                + (f"; did you mean {near!r}?" if near else ""),
            )

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        if not (self.allow_abbrev or self._subparsers):
            self._suggest(
                word for word in (sys.argv[1:] if args is None else args) if word.startswith("--")
            )  # before argparse complains about a missing required option
        namespace, unknown = super().parse_known_args(args, namespace)
        self._suggest(unknown)
        if unknown and not self._subparsers:  # here, so that the usage is that of this command
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown

    def _suggest(self, words: Iterable[str]) -> None:
        """Report an error for the first word that is nearly an option."""
        options = {
            option.lstrip("-"): option
            for action in self._actions
            for option in action.option_strings
        }
        others = {
            other.replace("_", "-"): options[own.replace("_", "-")]
            for other, own in OTHER_NAMES.items()
            if own.replace("_", "-") in options
        }
        every = others | options
        for word in words:
            name = word.partition("=")[0]
            if word.startswith("-") and name not in options.values():
                near = get_close_matches(name.lstrip("-"), every, n=1, cutoff=0.7)
                if near:
                    self.error(f"unknown option {word}; did you mean {every[near[0]]}?")
