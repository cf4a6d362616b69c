"""The command ``minires``: parse, call, print. A file for each command, which adds itself to the parser."""

import argparse
import sys

from .. import __version__
from ..errors import MiniresError
from . import claims, course, data, degradation, plot, predict, train
from .arguments import INTERRUPTED, Parser

COMMANDS = (degradation, claims, train, predict, plot, data, course)


def main(argv=None):
    """Run the command line `argv` (``sys.argv[1:]`` if None) and return the exit status: 0, 1 failed, 2 wrong usage, 130 Ctrl-C."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except MiniresError as error:
        print(f"minires: error: {error}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"minires: error: not enough memory: {error}; take fewer or smaller images, or a narrower net", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nminires: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser():
    parser = Parser(
        prog="minires", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Residual networks from scratch, in NumPy: train the nets of He et al. 2015 and see why depth needs shortcuts.",
        epilog="examples:\n  minires degradation                      four nets on drawn images, a few minutes\n"
               "  minires degradation --dataset cifar10    the same on CIFAR-10\n"
               "  minires plot runs/degradation-synthetic-quick")
    parser.add_argument("--version", action="version", version=f"minires {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return parser
