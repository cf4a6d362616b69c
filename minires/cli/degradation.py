"""``minires degradation``"""

import argparse
from pathlib import Path

from ..experiments.presets import EXPECT, PRESETS, preset, sizes
from . import banner
from .arguments import at_least, path, positive_number
from .cluster_options import add_cluster, cluster_of
from .experiment_options import add_setting, add_workers, prepare
from .parser import Commands
from .printing import interrupted, note, say

OVERRIDING = ("dataset", "data", "device", "batch_size", "lr", "image_size", "train_size")
WIDTH = 79  # characters of a line in the help
TEXT = """\
The degradation experiment (He et al. 2015, section 4.2). Trains a plain and a
residual net of each depth and writes config.json, metrics.csv, gradients.csv,
updates.csv, degradation.png, gradients.png and report.html to the output
folder."""
EXAMPLES = """examples:
  minires degradation
  minires degradation --dataset cifar10 --data ~/cifar --seeds 3 \\
      --out runs/three-seeds
  minires degradation --seeds 30-59 --out runs/ours
  minires degradation --resume              go on after Ctrl-C
  minires degradation --seeds 5 --cluster slurm --partition short --time 120"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "degradation",
        help="train plain and residual nets, draw error curves and gradient norms",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires degradation [--preset NAME] [--dataset NAME] [OPTIONS ...]",
        description=TEXT,
        epilog=_presets() + EXAMPLES,
    )
    command.set_defaults(run=run)
    add_setting(command, PRESETS)
    command.add_argument(
        "--depths",
        type=at_least(1),
        nargs="+",
        default=(20, 56),
        metavar="N",
        help="depths 6n + 2, separated by spaces (default: 20 56)",
    )
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="new folder for the results (default: runs/degradation-DATASET-PRESET)",
    )
    command.add_argument(
        "--resume", action="store_true", help="go on with the run in the output folder"
    )
    add_workers(command)
    add_cluster(command)
    sizes = command.add_argument_group("overriding the preset")
    length = sizes.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs", type=at_least(1), metavar="N", help="passes through the training set"
    )
    length.add_argument("--iterations", type=at_least(1), metavar="N", help="steps of training")
    sizes.add_argument("--batch-size", type=at_least(1), metavar="N", help="images in each step")
    sizes.add_argument("--lr", type=positive_number, metavar="X", help="learning rate at the start")
    sizes.add_argument("--width", type=at_least(1), metavar="N", help="channels of the first stage")
    sizes.add_argument(
        "--image-size",
        type=at_least(1),
        metavar="N",
        help="pixels a side, a divisor of 32: 32, 16, 8",
    )
    sizes.add_argument("--train-size", type=at_least(1), metavar="N", help="training images")


def _presets():
    """The presets for the help: their sizes and, on the same line if it fits, what to expect."""
    lines = ["presets:"]
    for name in PRESETS:
        first = f"  {name:9} {sizes(name)}:"
        together = f"{first} {EXPECT[name]}"
        lines += [together] if len(together) <= WIDTH else [first, f"{'':12}{EXPECT[name]}"]
    return "\n".join([*lines, "", ""])


def run(args: argparse.Namespace) -> int:
    """Train, report and draw."""
    from ..experiments import degradation as experiment

    prepare(args)
    cluster = cluster_of(args, args.workers, args.threads, args.device)
    out = Path(args.out or f"runs/degradation-{args.dataset}-{args.preset}")
    if args.resume and not (out / "config.json").exists():
        say(f"minires: nothing to resume in {out}, starting anew")
    try:
        depths = tuple(dict.fromkeys(args.depths))
        if len(depths) < len(args.depths):
            note(f"--depths {' '.join(map(str, args.depths))}: each depth is trained once")
        experiment.run(
            _config(args),
            out,
            depths,
            args.seeds,
            resume=args.resume,
            workers=args.workers,
            cluster=cluster,
            on_start=None
            if args.cluster == "script"  # stdout is the script
            else lambda settings, cost: banner.show_start(
                *banner.of_degradation(settings, cost, args.device), out=out
            ),
        )
    except KeyboardInterrupt as stop:
        return interrupted(out, stop)
    if args.cluster == "script":
        return 0
    show(out)
    return 0


def show(out: Path) -> None:
    """Print the results of the run in `out`, draw its figures and write its page."""
    from ..experiments import degradation as experiment

    banner.show_errors("training error by epoch", experiment.errors_by_epoch(out))
    say("\n" + experiment.report(out))
    for figure in experiment.plot(out):
        say(f"drawn: {figure}")
    say(f"written: {experiment.write_page(out)}; open it in a browser")


def _config(args):
    """The preset, with the settings that the command line overrides."""
    given = {name: getattr(args, name) for name in OVERRIDING if getattr(args, name) is not None}
    if args.width is not None:
        given["net"] = {"width": args.width}
    if args.epochs is not None:
        given |= {"epochs": args.epochs, "iterations": None}
    if args.iterations is not None:
        given |= {"iterations": args.iterations, "epochs": None}
    return preset(args.preset, **given)
