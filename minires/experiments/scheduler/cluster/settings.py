"""The settings of a cluster: its kind, and the resources of a job."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from ....checks import integer
from ....errors import ConfigError, unknown_name

KINDS = ("slurm", "local", "debug", "script")
SECONDS_BEFORE_LIMIT = 90  # time for a training to finish its step and save


@dataclass(frozen=True)
class Cluster:
    """Where jobs run, and with which resources.

    Parameters
    ----------
    kind : {"slurm", "local", "debug", "script"}
        "slurm" submits jobs to SLURM's queue. "local" runs them as processes on this machine, and
        "debug" within this process. "script" only prints a script for ``sbatch``.
    partition : str, optional
        The partition of the cluster; by default SLURM chooses it.
    minutes : float, optional
        The time limit of a job, by default an hour. A training that needs more time saves, goes
        back into the queue and continues later.
    parallelism : int, optional
        The largest number of jobs at a time.
    threads : int
        Threads of each job, which asks for as many cores.
    gpu : bool
        Whether each job asks for a GPU.

    Raises
    ------
    ConfigError
        If a setting is impossible, or has no use for this kind of cluster.
    """

    kind: str
    partition: str | None = None
    minutes: float | None = None
    parallelism: int | None = None
    threads: int = 1
    gpu: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("--cluster", "cluster", self.kind, KINDS)
        if self.kind not in ("slurm", "script"):
            _no_use("--partition", self.partition, "--cluster slurm or script", self.kind)
        if self.kind == "debug":
            _no_use("--time", self.minutes, "--cluster slurm, local or script", self.kind)
            _no_use("--array-parallelism", self.parallelism, "slurm, local or script", self.kind)
        if self.minutes is not None and not self.minutes > 0:
            raise ConfigError("--time", "minutes", "a number above 0", str(self.minutes))
        if self.parallelism is not None:
            integer("--array-parallelism", "jobs at a time", self.parallelism)

    @property
    def limit(self) -> float:
        """The time limit of a job in minutes, by default an hour."""
        return 60 if self.minutes is None else self.minutes

    @property
    def warning(self) -> int:
        """How many seconds before its time limit a job gets the signal to save."""
        return int(min(SECONDS_BEFORE_LIMIT, 15 * self.limit))

    def check(self) -> None:
        """Check whether jobs can be submitted from this machine, before anything is written.

        Raises
        ------
        ModuleNotFoundError
            If submitit is not installed.
        ConfigError
            If there is no SLURM on this machine, or if it would refuse such jobs. The error quotes
            ``sbatch``.
        """
        if self.kind == "script":
            return
        import submitit as submitit

        if os.name != "posix":
            raise ConfigError("--cluster", "jobs need signals", "Linux or macOS", os.name)
        if self.kind != "slurm":
            return
        if shutil.which("sbatch") is None:
            raise ConfigError(
                "--cluster slurm",
                "sbatch was not found",
                "a machine from which jobs are submitted",
                "none of SLURM's programs",
                "log in there, or use --workers to train on this machine",
            )
        command = ["sbatch", "--test-only", f"--time={max(1, round(self.limit))}", "--wrap=true"]
        if self.partition is not None:
            command.append(f"--partition={self.partition}")
        tried = subprocess.run(command, capture_output=True, text=True)
        # Other failures do not matter: if all machines are down now, jobs wait in the queue.
        if tried.returncode and "nvalid" in tried.stderr:
            raise refused(tried.stderr)


def _no_use(option: str, value: Any, expected: str, kind: str) -> None:
    if value is not None:
        raise ConfigError(option, "has no use here", expected, f"--cluster {kind}")


def refused(words: str) -> ConfigError:
    """The ConfigError for jobs that ``sbatch`` refuses, with its own words."""
    lines = [line.strip().removeprefix("sbatch: ") for line in words.strip().splitlines()]
    what = " ".join(lines) or "it gives no reason"
    return ConfigError("sbatch", what, todo="sinfo lists the partitions and their limits")
