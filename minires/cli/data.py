"""``minires data``"""

import argparse

from .arguments import OneOf, path
from .parser import Commands
from .printing import say


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "data",
        help="download a data set",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Download CIFAR-10 (170 MB) from the first mirror that works, check it, and\n"
        "keep it in the user's cache. An interrupted download goes on where it stopped.",
        epilog="examples:\n  minires data cifar10\n  minires data cifar10 --data data",
    )
    command.set_defaults(run=run)
    command.add_argument(
        "name", type=OneOf("data set", ("cifar10",)), metavar="NAME", help="cifar10"
    )
    command.add_argument(
        "--data",
        type=path,
        metavar="DIR",
        help="folder for the files (default: $MINIRES_DATA, or else the user's cache)",
    )


def run(args: argparse.Namespace) -> None:
    """Download the data set."""
    from ..data import fetch_cifar10

    say(f"ready: {fetch_cifar10(args.data)}")
