"""The common parts of the commands: types of arguments, shared options, and a parser that suggests
what the user may have meant.
"""

import argparse
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from .. import backend
from ..drawing.terminal import in_colour
from ..errors import OTHER_NAMES, ConfigError, nearest
from ..experiments.seeds import parse_seeds
from ..names import expanded, printable, shortened, shown
from ..starting import INTERRUPTED as INTERRUPTED
from ..training.interrupt import StoppedAtOnce

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


def add_setting(command: argparse.ArgumentParser, presets: Collection[str]) -> None:
    """Add the options that all experiments share: data, preset, seeds and device."""
    command.add_argument(
        "--dataset",
        type=OneOf("data set", ("synthetic", "cifar10")),
        default="synthetic",
        metavar="NAME",
        help="synthetic (drawn, needs no file; the default) or cifar10",
    )
    command.add_argument(
        "--data",
        type=path,
        metavar="DIR",
        help="folder or archive of CIFAR-10 (default: $MINIRES_DATA, ./data, the checkout's "
        "data, the user's cache)",
    )
    command.add_argument(
        "--preset",
        type=OneOf("preset", presets),
        default="quick",
        metavar="NAME",
        help=f"{', '.join(list(presets)[:-1])} or {list(presets)[-1]} (default: quick)",
    )
    command.add_argument(
        "--seeds",
        type=seeds,
        default=1,
        metavar="N",
        help="repeat with seeds 0 to N - 1, or with the given seeds: 30-59 (default: 1)",
    )
    command.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where to compute: cpu (the default), or gpu, an NVIDIA GPU through CuPy",
    )
    command.add_argument(
        "--tf32",
        action="store_true",
        help="on a GPU: round matrix products to 10 bits of mantissa, which is faster",
    )
    command.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads to compute with (default: all cores)",
    )


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add the option of commands that train several nets."""
    command.add_argument(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="processes that each train one net at a time (default: as many as cores and memory "
        "allow)",
    )


def add_transform(command: argparse.ArgumentParser) -> None:
    """Add the options of commands that prepare pictures for a trained net."""
    add = command.add_argument
    add(
        "--resize",
        type=at_least(1),
        metavar="N",
        help="pixels of the shorter side to which a picture is scaled before the crop (default: "
        "as in the training of the weights)",
    )
    add(
        "--crop",
        type=at_least(1),
        metavar="N",
        help="pixels of the square that is cut from the middle for the net (default: as in the "
        "training of the weights)",
    )
    add(
        "--mean",
        type=colour,
        nargs=3,
        metavar="X",
        help="mean of red, green and blue in training, each from 0 to 1 (default: as in the "
        "training of the weights)",
    )
    add(
        "--std",
        type=colour,
        nargs=3,
        metavar="X",
        help="standard deviations of red, green and blue (default: as in the training of the "
        "weights)",
    )


def add_damaged(command: argparse.ArgumentParser, what: str) -> None:
    """Add the option of commands that read folders of pictures. `what` says what the command does
    about damaged pictures.
    """
    command.add_argument(
        "--skip-damaged", action="store_true", help=f"leave out damaged pictures, and {what}"
    )


def prepare(args: argparse.Namespace) -> None:
    """Check the options of `add_setting`, and set up threads and device.

    Raises ConfigError if options do not go together, and DeviceError if the device cannot be used.
    """
    if args.data is not None and args.dataset == "synthetic":
        raise ConfigError(
            "--data",
            "the synthetic images are drawn, not read",
            "--data together with --dataset cifar10",
            "--dataset synthetic",
        )
    if args.threads is not None:
        backend.set_num_threads(args.threads)
    backend.check_device(args.device, "--device")
    if args.tf32:
        if args.device != "gpu":
            raise ConfigError(
                "--tf32",
                "only a GPU computes in TF32",
                "--tf32 together with --device gpu",
                f"--device {args.device}",
            )
        backend.allow_tf32()


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
        saved = "before anything was there to save."
    print("\n" + fitted(f"minires: interrupted; {printable(saved)}", sys.stderr), file=sys.stderr)
    return INTERRUPTED
