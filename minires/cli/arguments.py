"""The types of arguments: each reads the words of an option, or says what was expected."""

import argparse
import math
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, nearest
from ..experiments.seeds import parse_seeds
from ..names import expanded, shown


@dataclass(eq=False)  # argparse hashes it
class OneOf:
    """The type of an argument that must be one of the `known` words. The error suggests the
    nearest one.
    """

    kind: str
    known: Collection[str]

    def __call__(self, text: str) -> str:
        if text not in self.known:
            near = nearest(text, self.known)
            raise argparse.ArgumentTypeError(
                f"unknown {self.kind} {shown(text)}: expected one of {', '.join(self.known)}"
                + (f"; did you mean {near!r}?" if near else "")
            )
        return text


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least `least`, such as 5000 or 5_000."""

    def parse(text: str) -> int:
        try:
            value = int(text.replace("_", ""))
        except ValueError:
            value = None
        if value is None or value < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {least}, got {shown(text)}"
            )
        return value

    return parse


def seeds(text: str) -> int | list[int]:
    """The type of ``--seeds``: a number of seeds (3), or the seeds themselves (30-59, or 0-2,7)."""
    found = parse_seeds(text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least 1, or seeds such as 30-59, got {shown(text)}"
        )
    return found


def positive_number(text: str) -> float:
    """The type of an argument that is a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a finite number above 0, got {shown(text)}")
    return value


def number(text: str) -> int | float:
    """The type of an argument that is a finite number."""
    value = literal(text)
    if isinstance(value, (bool, str)):
        raise argparse.ArgumentTypeError(f"expected a number, got {shown(text)}")
    return value


def colour(text: str) -> int | float:
    """The type of an argument that is an amount of red, green or blue, from 0 to 1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {shown(text)}")
    return value


def path(text: str) -> str:
    """The type of an argument that is a path. ``~`` stands for the home folder, even in
    ``--out=~/runs``, where the shell does not replace it.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got ''")
    return str(expanded(text))


def check_page(name: str, usual: str) -> Path:
    """The path of an HTML page to be written, given with ``--out``.

    `usual` is a name that the error suggests for a page. Raises ConfigError if `name` is a folder,
    does not end in .html or .htm, or lies in a folder that does not exist or cannot be written.
    """
    target = Path(name)
    if target.is_dir():
        raise ConfigError("--out", "this is a folder", "a file", str(target), f"add /{usual}")
    if target.suffix not in (".html", ".htm"):
        raise ConfigError("--out", "not the name of a page", "a name that ends in .html", name)
    if not os.access(target.parent, os.W_OK):
        raise ConfigError(
            "--out",
            "cannot write here",
            "a file in a folder that is there",
            str(target),
            "create the folder first, or choose another",
        )
    return target


def own_setting(text: str) -> tuple[str, int | float | bool | str]:
    """The type of ``--net``: a setting of a net, NAME=VALUE, as (name, value)."""
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, such as width=8, got {shown(text)}")
    return name.replace("-", "_"), literal(value)


def swept(text: str) -> tuple[str, list[int | float | bool | str]]:
    """The type of ``--sweep``: a setting and its values, NAME=VALUE,VALUE, as (name, values)."""
    name, sign, values = text.partition("=")
    if not sign or not name or not all(values.split(",")):
        raise argparse.ArgumentTypeError(
            f"expected NAME=VALUE,VALUE, such as lr=0.05,0.1, got {shown(text)}"
        )
    return name.replace("-", "_"), [literal(value) for value in values.split(",")]


def literal(text: str) -> int | float | bool | str:
    """The value of a text: a finite number, or True or False, or else the text itself."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return {"true": True, "false": False}.get(text, text)
