"""SLURM's queue: jobs into it through submitit, and what has become of them from ``squeue``.

``sacct`` would say more, but needs a database that small clusters do not have.
"""

import io
import subprocess
import time
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from .files import read_result
from .job import Job
from .queue import CANCELLED, GONE, RUNNING, WAITING, State
from .settings import Cluster, refused

BETWEEN_LOOKS = 10.0  # seconds: the queue serves others too
#: SLURM's words for jobs that are still to run, or run. All others are for jobs that have ended.
STATES = {
    "PENDING": WAITING,
    "REQUEUED": WAITING,
    "REQUEUE_FED": WAITING,
    "REQUEUE_HOLD": WAITING,
    "SPECIAL_EXIT": WAITING,
    "RESV_DEL_HOLD": WAITING,
    "RUNNING": RUNNING,
    "CONFIGURING": RUNNING,
    "COMPLETING": RUNNING,
    "RESIZING": RUNNING,
    "SIGNALING": RUNNING,
    "STAGE_OUT": RUNNING,
    "STOPPED": RUNNING,
    "SUSPENDED": RUNNING,
    "CANCELLED": CANCELLED,
}


class Slurm:
    """The jobs of one run in SLURM's queue.

    Parameters
    ----------
    cluster : Cluster
    logs : Path
        Where submitit keeps its files.
    name : str
        What all jobs of this run are called in the queue, and no others.
    """

    grace = 30.0  # a network's file system may show a new file that late
    room = float("inf")

    def __init__(self, cluster: Cluster, logs: Path, name: str) -> None:
        self.cluster, self.logs, self.name = cluster, logs, name
        self.last, self.found = float("-inf"), dict[str, State]()

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """The numbers of new jobs: an array, if there are several.

        Raises ConfigError, in the words of ``sbatch``, if they are refused.
        """
        import submitit
        from submitit.core.utils import FailedJobError

        # A training may need its time limit any number of times: `Job` sees to it that each helps.
        executor = submitit.SlurmExecutor(self.logs, max_num_timeout=10**6)
        options: dict[str, Any] = {"partition": self.cluster.partition}
        if self.cluster.parallelism is not None:
            options["array_parallelism"] = self.cluster.parallelism
        if self.cluster.gpu:
            options["gpus_per_node"] = 1
        executor.update_parameters(
            job_name=self.name,
            time=max(1, round(self.cluster.limit)),
            cpus_per_task=self.cluster.threads,
            signal_delay_s=self.cluster.warning,
            **options,
        )
        try:
            with redirect_stderr(io.StringIO()):  # submitit prints what is raised, too
                submitted = executor.submit_array(jobs)
        except FailedJobError as error:
            raise refused(str(error)) from None
        self.last = float("-inf")
        return [job.job_id for job in submitted]

    def states(self) -> dict[str, State] | None:
        """All jobs that SLURM remembers, by number; None if it does not answer."""
        if time.monotonic() - self.last < BETWEEN_LOOKS:
            return self.found
        self.last = time.monotonic()
        command = ["squeue", "--me", "--noheader", "--array", "--states=all"]
        try:
            said = subprocess.run(
                [*command, f"--name={self.name}", "--format=%i|%T|%r"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        lines = [line.strip().split("|", 2) for line in said.stdout.splitlines() if "|" in line]
        self.found = {number: _state(state, reason) for number, state, reason in lines}
        return self.found

    def result(self, number: str) -> Any:
        """What the job has returned; None if it has not."""
        return read_result(self.logs, number)

    def leave(self, numbers: Sequence[str]) -> str:
        """Go, and let the jobs go on; what to tell the person."""
        running = sum(self.found.get(one, State(WAITING, "")).kind == RUNNING for one in numbers)
        return (
            f"in the cluster {running} jobs go on and {len(numbers) - running} wait; the same "
            "command (with --resume, if it has that option) finds them again; "
            f"squeue --me --name={self.name} lists them, scancel --me --name={self.name} ends them"
        )


def _state(word: str, reason: str) -> State:
    kind = STATES.get(word, GONE)
    return State(kind, {WAITING: reason, RUNNING: ""}.get(kind, word))
