"""On which cluster tasks are done, and what a job may take there."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from ....checks import integer
from ....errors import ConfigError, unknown_name

KINDS = ("slurm", "local", "debug", "script")
SECONDS_BEFORE_LIMIT = 90  # in which a training finishes its step and saves


@dataclass(frozen=True)
class Cluster:
    """Where jobs go.

    Parameters
    ----------
    kind : {"slurm", "local", "debug", "script"}
        SLURM's queue; the same machinery with processes of this machine ("local"), or within this
        process ("debug"); or only print a script for ``sbatch``.
    partition : str, optional
        The part of the cluster, by default SLURM's own default.
    minutes : float
        A job's time limit. A training that needs longer goes on in the queue, from where it is.
    parallelism : int, optional
        At most so many jobs of an array at a time.
    threads : int
        Of each job, and the cores that it asks for.
    gpu : bool
        Each job asks for a GPU.

    Raises
    ------
    ConfigError
        For settings that cannot be met, or that this kind has no use for.
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
        """Minutes after which a job has to give way; an hour if nothing else was asked for."""
        return 60 if self.minutes is None else self.minutes

    @property
    def warning(self) -> int:
        """Seconds before its end at which a job is told to save."""
        return int(min(SECONDS_BEFORE_LIMIT, 15 * self.limit))

    def check(self) -> None:
        """See whether jobs can be submitted from here, before anything is written.

        Raises
        ------
        ModuleNotFoundError
            If submitit is not installed.
        ConfigError
            If there is no SLURM here, or it would refuse such jobs: in the words of ``sbatch``.
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
                "log in there, or take --workers to train on this machine",
            )
        command = ["sbatch", "--test-only", f"--time={max(1, round(self.limit))}", "--wrap=true"]
        if self.partition is not None:
            command.append(f"--partition={self.partition}")
        tried = subprocess.run(command, capture_output=True, text=True)
        # That all machines are down now is no reason not to wait for them in the queue.
        if tried.returncode and "nvalid" in tried.stderr:
            raise refused(tried.stderr)


def _no_use(option: str, value: Any, expected: str, kind: str) -> None:
    if value is not None:
        raise ConfigError(option, "has no use here", expected, f"--cluster {kind}")


def refused(words: str) -> ConfigError:
    """An error in the words of ``sbatch``."""
    lines = [line.strip().removeprefix("sbatch: ") for line in words.strip().splitlines()]
    what = " ".join(lines) or "it gives no reason"
    return ConfigError("sbatch", what, todo="sinfo lists the partitions and their limits")
