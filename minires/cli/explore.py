"""``minires explore``"""

import argparse
from pathlib import Path

from .arguments import check_page, path
from .parser import Commands
from .printing import note, say

DESCRIPTION = """\
Make one HTML page from the records of runs, to look around in: error curves of
all nets and seeds, the gradient norm of every layer at every recorded step,
weight norms, and two runs side by side. The page needs no other file and no
connection. Runs of degradation, demo, train, finetune, sweeps and merge have
error curves and can be explored, even while they are still going on."""
EPILOG = """\
examples:
  minires explore runs/demo
  minires explore runs/lr-0.05 runs/lr-0.1 --out both.html"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "explore",
        help="a page to look around in runs: every net, seed, layer and step",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "folders", type=path, nargs="+", metavar="DIR", help="the output folder of a run"
    )
    command.add_argument(
        "--out",
        type=path,
        metavar="FILE",
        help="the page to write (default: explorer.html in the folder of the run, or for several "
        "runs in the current folder)",
    )


def run(args: argparse.Namespace) -> None:
    """Write the page."""
    from ..experiments import explorer

    usual = Path(args.folders[0] if len(args.folders) == 1 else "") / explorer.PAGE
    target = check_page(args.out, explorer.PAGE) if args.out else usual
    runs = explorer.write(args.folders, target)
    for one in runs:
        for line in one.notes:
            note(f"{one.path}: {line}")
    kinds = list(dict.fromkeys(one.kind for one in runs))
    if len(kinds) > 1:
        note(f"different kinds of run side by side: {', '.join(kinds)}; compare with care")
    say(f"written: {target}, {target.stat().st_size / 1000:,.0f} kB; open it in a browser")
