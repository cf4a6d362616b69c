"""``minires plot``"""

import argparse
from pathlib import Path

from ..types import PathLike
from .arguments import Commands, path, say


def add_to(commands: Commands) -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "plot",
        help="draw the figures of a run again, without training",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draw the figures of a run from its tables (metrics.csv, gradients.csv and "
        "others), "
        "also while it is still going on;\n"
        "of a run of claims, all figures and the report.",
        epilog="example:\n  minires plot runs/degradation-synthetic-quick",
    )
    command.set_defaults(run=run)
    command.add_argument("folder", type=path, metavar="DIR", help="the output folder of a run")


def run(args: argparse.Namespace) -> None:
    """Draw the figures of a run again."""
    draw(args.folder)


def draw(folder: PathLike) -> None:
    """Draw the figures of the run in `folder` and say where they are; of claims the report too."""
    from ..experiments import claims, degradation, single_net, sweep
    from ..experiments.records import read_config

    kind = read_config(folder).get("experiment")
    if kind == "claims":
        say("\n".join(claims.lines(claims.write_report(list(claims.CLAIMS.values()), folder))))
        say(f"written: {Path(folder) / 'report.md'}, {Path(folder) / 'report.html'}")
    else:
        drawn_by = {single_net.NAME: single_net, sweep.NAME: sweep}.get(str(kind), degradation)
        for figure in drawn_by.plot(folder):
            say(f"drawn: {figure}")
