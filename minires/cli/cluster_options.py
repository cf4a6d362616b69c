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
    group = command.add_argument_group("on a cluster, a job for each net")
    group.add_argument(
        "--cluster",
        metavar="KIND",
        help="slurm; local (processes of this machine, for trying it) or debug (within this "
        "process); script only prints a script for sbatch",
    )
    group.add_argument(
        "--partition", metavar="NAME", help="part of the cluster (default: the cluster's own)"
    )
    group.add_argument(
        "--time",
        type=at_least(1),
        metavar="MINUTES",
        help="time limit of a job (default: 60); what needs longer goes on in the queue",
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
        For options that do not go together.
    """
    if args.cluster is None:
        for name in ("partition", "time", "array_parallelism"):
            if (value := getattr(args, name)) is not None:
                option = "--" + name.replace("_", "-")
                todo = "leave it out, or add --cluster slurm"
                raise ConfigError(option, "only jobs have one", "--cluster", str(value), todo)
        return None
    if workers is not None:
        todo = "leave out one of them; --array-parallelism limits jobs"
        raise ConfigError(
            "--workers", "a cluster's jobs are no workers of this machine", "one way", "both", todo
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
