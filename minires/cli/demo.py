"""``minires demo``"""

import argparse
from itertools import count
from pathlib import Path

from .arguments import path
from .degradation import show
from .parser import Commands
from .printing import interrupted, say

DESCRIPTION = """\
The degradation experiment at its smallest, in half a minute on two cores: four
nets, plain and residual, of 20 and 56 layers, on 4,000 drawn images of 8x8."""
BEFORE = """\
Four nets train on drawn images of 8x8 pixels: two plain ones, and their twins
with shortcuts. It takes about half a minute on two cores.
Results: {out}
"""
AFTER = """
Such a small run gives a first impression and measures nothing. To go on:
  minires degradation    the same with more images and epochs: a few minutes
  minires notebooks      the lessons, from a first derivative to ResNet-56
  minires claims --list  popular claims about depth, and how they are tested"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "demo",
        help="four nets, plain and residual, in half a minute: start here",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="new folder for the results (default: runs/demo, or runs/demo-2, ...)",
    )


def run(args: argparse.Namespace) -> int:
    """Train, report and draw."""
    from ..experiments import degradation as experiment
    from ..experiments.presets import PRESETS

    out = Path(args.out) if args.out else _new_folder()
    say(BEFORE.format(out=out))
    try:
        experiment.run(PRESETS["demo"], out, workers=None)
    except KeyboardInterrupt as stop:
        again = f"minires degradation --preset demo --out {out} --resume"
        return interrupted(out, stop, again)
    show(out)
    print(AFTER)
    return 0


def _new_folder():
    names = (f"runs/demo-{number}" if number > 1 else "runs/demo" for number in count(1))
    return next(out for out in map(Path, names) if not out.exists())
