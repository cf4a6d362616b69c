"""SLURM's queue: submitit submits jobs to it, and ``squeue`` tells their states.

``sacct`` would tell more, but needs a database that small clusters do not have.
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

BETWEEN_LOOKS = 10.0  # seconds between two calls of ``squeue``, which loads SLURM for everybody
#: SLURM's words for jobs that wait, run or were cancelled. All other words mean that a job is gone.
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
        The folder for submitit's files.
    name : str
        The name of all jobs of this run in the queue, which no other jobs have.
    """

    grace = 30.0  # a network file system may take this long to show a new file
    room = float("inf")

    def __init__(self, cluster: Cluster, logs: Path, name: str) -> None:
        self.cluster, self.logs, self.name = cluster, logs, name
        self.last = float("-inf")  # when ``squeue`` was last called
        self.found: dict[str, State] | None = {}  # what it said then; None if it did not answer

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """Submit jobs, as an array if there are several, and return their numbers.

        Raises ConfigError, with the words of ``sbatch``, if they are refused.
        """
        import submitit
        from submitit.core.utils import FailedJobError

        # A training may reach its time limit any number of times: `Job` fails if that did not help.
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
            with redirect_stderr(io.StringIO()):  # submitit also prints the error that it raises
                submitted = executor.submit_array(jobs)
        except FailedJobError as error:
            raise refused(str(error)) from None
        self.last = float("-inf")
        return [job.job_id for job in submitted]

    def states(self) -> dict[str, State] | None:
        """The state of every job that SLURM remembers, by number; None if it does not answer."""
        if time.monotonic() - self.last < BETWEEN_LOOKS:
            return self.found
        self.last, self.found = time.monotonic(), None
        command = ["squeue", "--me", "--noheader", "--array", "--states=all"]
        try:
            output = subprocess.run(
                [*command, f"--name={self.name}", "--format=%i|%T|%r"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        lines = [line.strip().split("|", 2) for line in output.stdout.splitlines() if "|" in line]
        self.found = {number: _state(state, reason) for number, state, reason in lines}
        return self.found

    def result(self, number: str) -> Any:
        """The job's (outcome, result); None if it has not returned yet."""
        return read_result(self.logs, number)

    def leave(self, numbers: Sequence[str]) -> str:
        """Returns a note for the screen. The jobs continue without this process."""
        if self.found is None:
            jobs = f"{len(numbers)} jobs go on or wait (squeue does not answer)"
        else:
            states = [self.found.get(one, State(WAITING, "")).kind for one in numbers]
            running = states.count(RUNNING)
            jobs = f"{running} jobs go on and {len(numbers) - running} wait"
        return (
            f"in the cluster {jobs}; the same "
            "command (with --resume, if it has that option) finds them again; "
            f"squeue --me --name={self.name} lists them, scancel --me --name={self.name} ends them"
        )


def _state(word: str, reason: str) -> State:
    kind = STATES.get(word, GONE)
    return State(kind, {WAITING: reason, RUNNING: ""}.get(kind, word))
