"""``minires claims``"""

import argparse
import sys
from functools import partial
from pathlib import Path

from ..errors import ConfigError, unknown_name
from ..names import printable
from ..starting import INTERRUPTED
from . import banner
from .arguments import at_least, path
from .cluster_options import add_cluster, cluster_of
from .experiment_options import add_setting, add_workers, prepare
from .parser import Commands
from .printing import say

DESCRIPTION = """\
Test popular claims about deep nets. Each claim is measured; a table, a figure
and a verdict that follows from the numbers go into a report (report.md and
report.html). All claims take about 50 minutes a seed on two cores. Results and
trained nets in the output folder are used again, so an interrupted run goes on
with the same command, and more claims or seeds can be added to it."""

AS_STATED = 0  # --decide without a number: as many seeds as each claim states


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "claims",
        help="test popular claims about deep nets",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires claims [NAME ...] [--dataset NAME] [--seeds N] [OPTIONS ...]",
        description=DESCRIPTION,
        epilog="examples:\n  minires claims --list\n  minires claims degradation aftermath "
        "--dataset cifar10\n  minires claims --seeds 3\n  minires claims longer --decide",
    )
    command.set_defaults(run=run)
    command.add_argument("names", nargs="*", metavar="NAME", help="which claims (default: all)")
    command.add_argument("--list", action="store_true", help="show the claims and stop")
    command.add_argument(
        "--decide",
        type=_number_of_seeds,
        nargs="?",
        const=AS_STATED,
        metavar="N",
        help="measure with N fresh seeds, most from 100 on, which nobody had seen when the claims "
        "were written; if a claim has such seeds, its verdict depends on them alone (default: as "
        "many as each claim states, see --list)",
    )
    add_setting(command, ("quick", "standard"))
    add_workers(command)
    add_cluster(command)
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="folder for the results (default: runs/claims-DATASET-PRESET)",
    )


def _number_of_seeds(text):
    """The number after --decide. The error explains the likely mistake: the name of a claim after
    --decide would be taken for the number.
    """
    try:
        return at_least(1)(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; names of claims go before it") from None


def run(args: argparse.Namespace) -> int:
    """Measure the claims and write the report, or list them."""
    from ..experiments import claims as laboratory
    from ..experiments.claims.frame.registration import deciding_seeds

    if args.list:
        for claim in laboratory.CLAIMS.values():
            say(f"{claim.name}\n    {claim.statement}\n    ({claim.source})")
            for criterion in claim.criteria:
                say(f"    - {criterion}")
            first = claim.first_deciding_seed
            say(f"    decided by {claim.deciding_seeds} seeds, from {first} on")
        return 0
    for name in args.names:
        if name not in laboratory.CLAIMS:
            raise unknown_name("claims", "claim", name, laboratory.CLAIMS)
    if args.decide is not None and args.seeds != 1:
        raise ConfigError(
            "--decide", "which seeds?", "--decide, which takes fresh ones, or --seeds", "both"
        )
    prepare(args)
    cluster = cluster_of(args, args.workers, args.threads, args.device)
    out = Path(args.out or f"runs/claims-{args.dataset}-{args.preset}")
    chosen = [
        claim for name, claim in laboratory.CLAIMS.items() if name in args.names or not args.names
    ]
    seeds = args.seeds
    if args.decide is not None:
        seeds = partial(deciding_seeds, count=args.decide or None)
    if args.cluster != "script":
        banner.show_start(*banner.of_claims(chosen, args), out=out)
    try:
        findings = laboratory.run(
            chosen,
            out,
            args.dataset,
            args.preset,
            seeds,
            args.data,
            args.device,
            progress=args.cluster != "script",
            workers=args.workers,
            cluster=cluster,
        )
    except KeyboardInterrupt:
        print(
            f"\nminires: interrupted; the measurements so far, and the last checkpoint of each "
            f"net, are in {printable(str(out))}. Go on with the same command.",
            file=sys.stderr,
        )
        return INTERRUPTED
    if args.cluster == "script":
        return 0
    say("\n" + "\n".join(laboratory.lines(findings)))
    say(f"written: {out / 'report.md'}, {out / 'report.html'}")
    return 0
