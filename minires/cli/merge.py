"""``minires merge``"""

import argparse

from .arguments import path
from .parser import Commands
from .plot import draw
from .printing import note, say

TEXT = """\
Pool runs that differ only in their seeds, such as the runs of a class or of
several labs: copy them into one new run, which can be drawn, reported and
resumed like any other. The old runs are not changed. Settings must be the same;
machines and versions may differ, and config.json says which computed what."""
EXAMPLES = """examples:
  minires degradation --seeds 0-9 --out anna        on one machine
  minires degradation --seeds 10-19 --out ben       on another
  minires merge anna ben --out both

  minires claims degradation --seeds 3-5 --out ours
  minires merge ours theirs --out all"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "merge",
        help="pool runs with the same settings and different seeds",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires merge RUN RUN [RUN ...] --out DIR",
        description=TEXT,
        epilog=EXAMPLES,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "runs", type=path, nargs="+", metavar="RUN", help="the output folder of a run"
    )
    command.add_argument(
        "--out", type=path, required=True, metavar="DIR", help="new folder for the pooled run"
    )


def run(args: argparse.Namespace) -> None:
    """Pool the runs, report and draw."""
    from ..experiments import degradation, pooling, sweep
    from ..experiments.records import read_config
    from ..experiments.seeds import in_words

    pooled = pooling.merge(args.runs, args.out)
    for line in pooled.notes:
        note(line)
    say(
        f"pooled: {len(args.runs)} runs, {in_words(pooled.seeds)} (n = {len(pooled.seeds)}), "
        f"settings {pooled.settings_hash}, in {args.out}\n"
    )
    reports = {"degradation": degradation.report, sweep.NAME: sweep.report}
    kind = read_config(args.out)["experiment"]
    if kind in reports:
        say(reports[kind](args.out))
    draw(args.out)
