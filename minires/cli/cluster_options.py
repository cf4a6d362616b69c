"""The options of commands that can train on a cluster."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .arguments import at_least

if TYPE_CHECKING:
    from ..experiments.scheduler import Cluster


def add_cluster(command: argparse.ArgumentParser) -> None:
    """Add the options to a command that trains several nets."""
    group = command.add_argument_group("on a cluster, with a job for each net")
    group.add_argument(
        "--cluster",
        metavar="KIND",
        help="slurm; or, to try it without one, local (processes on this machine) or debug (within "
        "this process); script only prints a script for sbatch",
    )
    group.add_argument(
        "--partition", metavar="NAME", help="partition of the cluster (default: SLURM's choice)"
    )
    group.add_argument(
        "--time",
        type=at_least(1),
        metavar="MINUTES",
        help="time limit of a job (default: 60); a training that needs longer saves, goes back "
        "into the queue and continues later",
    )
    group.add_argument(
        "--array-parallelism", type=at_least(1), metavar="N", help="at most N jobs at a time"
    )


def cluster_of(
    args: argparse.Namespace, workers: int | None, threads: int | None, device: str
) -> Cluster | None:
    """The cluster that the options name, or None.

    Raises
    ------
    ConfigError
        If options do not go together.
    """
    if args.cluster is None:
        for name in ("partition", "time", "array_parallelism"):
            if (value := getattr(args, name)) is not None:
                option = "--" + name.replace("_", "-")
                todo = "leave it out, or add --cluster slurm"
                what = "applies only to jobs of a cluster"
                raise ConfigError(option, what, "--cluster", str(value), todo)
        return None
    if workers is not None:
        todo = "leave out one of them; --array-parallelism limits jobs"
        raise ConfigError(
            "--workers", "cannot be combined with --cluster", "one of them", "both", todo
        )
    from ..experiments.scheduler import Cluster

    return Cluster(
        args.cluster,
        partition=args.partition,
        minutes=args.time,
        parallelism=args.array_parallelism,
        threads=threads or 1,
        gpu=device == "gpu",
    )
