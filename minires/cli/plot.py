"""``minires plot``"""

import argparse
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..types import PathLike
from .arguments import OneOf, path
from .parser import Commands
from .printing import say


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "plot",
        help="draw the figures of a run again, without training",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draw the figures of a run from its tables (metrics.csv and others), even\n"
        "while it is still going on. The reports of claims, degradation and diagnose are\n"
        "also written again.",
        epilog="examples:\n  minires plot runs/degradation-synthetic-quick\n"
        "  minires plot --dark runs/degradation-synthetic-quick\n"
        "  minires plot runs/degradation-synthetic-quick --also pdf svg\n"
        "  minires plot runs/degradation-synthetic-quick --width one-column --also pdf",
    )
    command.set_defaults(run=run)
    command.add_argument("folder", type=path, metavar="DIR", help="the output folder of a run")
    command.add_argument(
        "--dark",
        action="store_true",
        help="draw the figures of degradation for a dark page or slide, as NAME-dark.png",
    )
    command.add_argument(
        "--also",
        nargs="+",
        type=OneOf("format", ("pdf", "svg")),
        default=(),
        metavar="KIND",
        help="also write each figure as vector graphics, for a paper or slide: pdf, svg, or both",
    )
    command.add_argument(
        "--width",
        type=OneOf("width", ("one-column", "two-column")),
        metavar="WIDTH",
        help="draw for a paper, with letters of 7 to 9 points, as NAME-WIDTH.png: one-column (3.5 "
        "inches) or two-column (7.16)",
    )


def run(args: argparse.Namespace) -> None:
    """Draw the figures of a run again."""
    from .. import plot

    with plot.also_as(*args.also):
        if args.dark and args.width:
            raise ConfigError("--dark", "cannot be combined with --width", "one of them", "both")
        if args.dark:
            draw_dark(args.folder)
        elif args.width:
            draw_for_print(args.folder, args.width)
        else:
            draw(args.folder)
    if args.also:
        say(f"also written for each figure: {', '.join(f'.{kind}' for kind in args.also)}")


def draw_dark(folder: PathLike) -> None:
    """Draw the figures of a degradation run with light colours on a dark background.

    Raises ConfigError if the folder holds a run of another kind.
    """
    from .. import plot
    from ..experiments import degradation
    from ..experiments.records import read_config

    kind = str(read_config(folder).get("experiment", "degradation"))
    if kind != "degradation":
        todo = "leave --dark out"
        raise ConfigError("--dark", "cannot draw this run", "a run of degradation", kind, todo)
    with plot.use_theme(plot.DARK):
        for figure in degradation.plot(folder):
            say(f"drawn: {figure}")


def draw_for_print(folder: PathLike, width: str) -> None:
    """Draw the figures of the run in `folder` in the size of a column of a paper. Reports are not
    written again.
    """
    from .. import plot
    from ..experiments import claims, diagnosis
    from ..experiments.records import read_config, save_figures

    kind = str(read_config(folder).get("experiment", "degradation"))
    with plot.use_width(width):
        if kind == "claims":
            drawn = claims.draw_figures(list(claims.CLAIMS.values()), folder)
        elif kind == diagnosis.NAME:
            drawn = save_figures(diagnosis.figures(folder), folder)
        else:
            drawn = _drawn_by(kind).plot(folder)
    for figure in drawn:
        say(f"drawn: {figure}")


def _drawn_by(kind: str) -> Any:
    """The experiment whose ``plot`` draws the figures of a run of this kind."""
    from ..experiments import degradation, evaluation, lr_search, single_net, sweep

    others = {one.NAME: one for one in (single_net, sweep, evaluation, lr_search)}
    return others.get(kind, degradation)


def draw(folder: PathLike) -> None:
    """Draw the figures of the run in `folder`, write its report again, if it has one, and print
    where they are.
    """
    from ..experiments import claims, degradation, diagnosis
    from ..experiments.records import read_config

    kind = read_config(folder).get("experiment")
    if kind == "claims":
        say("\n".join(claims.lines(claims.write_report(list(claims.CLAIMS.values()), folder))))
        say(f"written: {Path(folder) / 'report.md'}, {Path(folder) / 'report.html'}")
    elif kind == diagnosis.NAME:
        *figures, page = diagnosis.draw(folder)
        for figure in figures:
            say(f"drawn: {figure}")
        say(f"written: {page}; open it in a browser")
    else:
        drawn_by = _drawn_by(str(kind))
        for figure in drawn_by.plot(folder):
            say(f"drawn: {figure}")
        if drawn_by is degradation:
            say(f"written: {degradation.write_page(folder)}; open it in a browser")
