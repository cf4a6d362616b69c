"""``minires train`` and ``minires finetune``: train one net of any kind on any data set."""

import argparse
import textwrap
from dataclasses import replace

from .. import backend
from ..errors import ConfigError
from ..models import registry
from ..names import LONGEST, expanded, shortened
from ..training.config import ALL, FOLDER, HEAD
from . import banner
from .cluster_options import cluster_of
from .parser import Commands
from .printing import interrupted, say, say_damaged
from .run_options import add_settings, config_of

FINETUNE = {"dataset": FOLDER, "train": HEAD}  # defaults of `finetune` that differ from `train`
WIDTH = 80  # columns of the list of nets in the help
TRAIN_TEXT = """\
Train a net, and write to the output folder its settings (config.json), tables
(metrics.csv, gradients.csv, updates.csv, confusion.csv), checkpoint, weights
and figures."""
TRAIN_EXAMPLES = """examples:
  minires train --model resnet-20 --dataset cifar10
  minires train --model residual_mlp-20 --image-size 16 --net width=128
  minires train --model resnet18 --dataset folder --data photographs
  minires train --config settings.toml --lr 0.05
  minires train --seeds 3 --sweep lr=0.05,0.1 net.width=8,16
  mpiexec -n 4 python -m mpi4py -m minires train --dataset cifar10

A settings file is TOML with the same names, and the net's own in a table:
  model = "resnet-20"
  batch_size = 64
  [net]
  width = 8"""
FINETUNE_TEXT = """\
Start from the weights of a trained net, and teach it the classes of a folder
of photographs, which has a subfolder for each class, or train/ and val/ with
such subfolders. By default only a new last layer is trained, on features that
are computed once (a linear probe): minutes without a GPU. The results are those
of minires train. Folders need not be tidy: a line says what is left out."""
FINETUNE_EXAMPLES = """examples:
  minires finetune --weights resnet18-f37072fd.pth --data photos
  minires finetune --weights resnet18-f37072fd.pth --data photos \\
      --train layer4 --epochs 5
  minires predict mine.jpg \\
      --weights runs/resnet18-photos-head/weights.safetensors"""


def add_to(commands: Commands) -> None:
    """Add both commands to the parser."""
    command = commands.add_parser(
        "train",
        help="train one net of any kind, on any data set",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires train [--model NAME] [--dataset NAME] [SETTINGS ...]",
        description=TRAIN_TEXT,
        epilog=_nets() + TRAIN_EXAMPLES,
    )
    command.set_defaults(run=run)
    add_settings(command, {})
    command = commands.add_parser(
        "finetune",
        help="teach a trained net the classes of your photographs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minires finetune --weights FILE --data FOLDER [SETTINGS ...]",
        description=FINETUNE_TEXT,
        epilog=_nets() + FINETUNE_EXAMPLES,
    )
    command.set_defaults(run=run)
    add_settings(command, FINETUNE)


def _nets():
    """The nets to choose from, for the help: those of any depth by their rule, then the others."""
    by_rule: dict[str, list[str]] = {}
    for family in registry.OF_ANY_DEPTH:
        rule = f"of any depth {registry.depth_rule(family)}"
        by_rule.setdefault(rule, []).append(registry.examples(family)[0])
    by_rule["for large images"] = list(registry.OF_ONE_DEPTH)
    lines = [
        textwrap.fill(
            f"{rule}: {', '.join(names)}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        for rule, names in by_rule.items()
    ]
    return "\n".join(["nets:", *lines, "", ""])


def run(args: argparse.Namespace) -> int:
    """Train, report and draw."""
    from ..distributed import join

    world = join()
    config = config_of(args, quiet=world.rank > 0)
    if args.usual and config.weights is None:
        raise ConfigError(
            "finetune",
            "no weights to start from",
            "a file of a trained net",
            "none",
            "name it with --weights; to start without weights, use minires train",
        )
    if args.seeds != 1 or args.sweep:
        return _train_several(args, config, world)
    return _train_one(args, config, world)


def _train_one(args, config, world):
    from ..experiments import single_net
    from ..experiments.model_setup import complete
    from ..serialization.weights import open_weights

    cluster_of(args, args.workers, config.threads, config.device)
    if args.cluster is not None:
        todo = "leave it out, or train several nets"
        raise ConfigError("--cluster", "a job for each net", "--seeds or --sweep", "one net", todo)
    if config.threads is not None:
        backend.set_num_threads(config.threads)
    file = open_weights(config.weights) if config.weights is not None else None
    config = complete(config, file)
    out = expanded(config.out or f"runs/{_run_name(config)}{'-lr' * args.find_lr}")
    if args.find_lr:
        return _find_lr(args, config, out, file, world)
    if args.resume and world.rank == 0 and not (out / "config.json").exists():
        say(f"minires: nothing to resume in {out}, starting anew")
    try:
        single_net.run(
            config,
            out,
            resume=args.resume,
            file=file,
            world=world,
            on_start=lambda settings: banner.show_start(*banner.of_one_net(settings), out=out),
        )
    except KeyboardInterrupt as stop:
        if world.rank:
            raise
        return interrupted(out, stop)
    if world.rank:
        return 0
    banner.show_errors("error by epoch", single_net.errors_by_epoch(out))
    say("\n" + single_net.report(out))
    say(f"written: {out / 'weights.safetensors'}")
    say_damaged(out)
    for figure in single_net.plot(out):
        say(f"drawn: {figure}")
    return 0


def _find_lr(args, config, out, file, world):
    """Test learning rates instead of training."""
    from ..experiments import lr_search

    if args.resume or world.size > 1:
        got = "--resume" if args.resume else f"{world.size} processes"
        what = "is a short test by itself"
        raise ConfigError("--find-lr", what, "one process, without --resume", got)
    lr_search.run(config, out, file=file)
    say(lr_search.report(out))
    say(f"written: {out / 'lr_finder.csv'}")
    for figure in lr_search.plot(out):
        say(f"drawn: {figure}")
    return 0


def _train_several(args, config, world):
    from ..experiments import scheduler, sweep
    from ..experiments.model_setup import complete
    from ..serialization.weights import open_weights

    if args.find_lr:
        todo = "leave out --seeds and --sweep"
        what = "tests the learning rates of one net"
        raise ConfigError("--find-lr", what, "one net", "several", todo)
    if world.size > 1:
        raise ConfigError(
            "mpiexec",
            "each net of --seeds and --sweep is trained by one process",
            "one process",
            str(world.size),
            "start without mpiexec; --workers trains several nets at a time",
        )
    if config.threads is not None:
        backend.set_num_threads(config.threads)
    if isinstance(args.seeds, list) and args.seed is not None:
        raise ConfigError(
            "--seeds", "two choices of seeds", "--seed, or seeds such as 30-59", "both"
        )
    cluster = cluster_of(args, args.workers, config.threads, config.device)
    # A job of a cluster trains one net, and --workers are the processes that decode photographs.
    workers = scheduler.check_workers(config.workers) if cluster is None else None
    runs = sweep.configs(config, dict(args.sweep or ()), args.seeds)
    if config.out is None:
        file = open_weights(config.weights) if config.weights is not None else None
        config = replace(config, out=f"runs/{_run_name(complete(config, file))}-sweep")
    out = expanded(config.out)
    if args.resume and not (out / "config.json").exists():
        say(f"minires: nothing to resume in {out}, starting anew")
    try:
        sweep.run(
            runs,
            out,
            resume=args.resume,
            workers=workers,
            cluster=cluster,
            on_start=None
            if args.cluster == "script"  # stdout is the script
            else lambda settings: banner.show_start(*banner.of_sweep(settings), out=out),
        )
    except KeyboardInterrupt as stop:
        return interrupted(out, stop)
    if args.cluster == "script":
        return 0
    say("\n" + sweep.report(out))
    say(f"written: {out / 'sweep.csv'}")
    for figure in sweep.plot(out):
        say(f"drawn: {figure}")
    return 0


def _run_name(config):
    """The name of a run: the net, the data and, if it is not the whole net, the part that is
    trained.
    """
    dataset = config.dataset
    if dataset == FOLDER and config.data:
        dataset = shortened(expanded(config.data).resolve().name, LONGEST // 2)
    model = shortened(config.model, LONGEST // 2)
    return "-".join([model, dataset] + [config.train] * (config.train != ALL))
