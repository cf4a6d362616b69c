"""Jobs without a cluster: as processes on this machine, or within this process."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from .... import backend
from ....amounts import counted
from .files import read_result
from .job import Job
from .queue import GONE, RUNNING, State
from .settings import Cluster


class Local:
    """A `Queue` of processes on this machine, run by submitit with time limits as on a cluster.

    Parameters
    ----------
    cluster : Cluster
    logs : Path
        The folder for submitit's files.
    numbers : list of str
        Numbers of jobs from an earlier start, which may still run.
    """

    grace = 0.0

    def __init__(self, cluster: Cluster, logs: Path, numbers: Sequence[str]) -> None:
        self.cluster, self.logs = cluster, logs
        # number -> submitit's job; None for jobs of an earlier start
        self.jobs: dict[str, Any] = dict.fromkeys(numbers)

    @property
    def room(self) -> float:
        """How many more jobs may start now."""
        running = sum(state.kind == RUNNING for state in self.states().values())
        return (self.cluster.parallelism or backend.available_cores()) - running

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """Start jobs, and return their numbers, which are the ids of their processes."""
        import submitit

        executor = submitit.LocalExecutor(self.logs, max_num_timeout=10**6)
        executor.update_parameters(
            timeout_min=self.cluster.limit, signal_delay_s=self.cluster.warning
        )
        submitted = {job.job_id: job for job in map(executor.submit, jobs)}
        self.jobs |= submitted
        return list(submitted)

    def states(self) -> dict[str, State]:
        """The state of every job, by number."""
        return {
            number: State(RUNNING, "")
            if (_is_job(number) if job is None else job.state == "RUNNING")
            else State(GONE, "its process ended")
            for number, job in self.jobs.items()
        }

    def result(self, number: str) -> Any:
        """The job's (outcome, result); None if it has not returned yet."""
        return read_result(self.logs, number)

    def leave(self, numbers: Sequence[str]) -> str:
        """End the jobs, which save after their step. Returns a note for the screen."""
        alive = [one for one in numbers if self.states()[one].kind == RUNNING]
        for process in alive:
            with suppress(OSError):
                os.kill(int(process), signal.SIGTERM)
        while any(self.states()[one].kind == RUNNING for one in alive):
            time.sleep(0.1)
        return counted(
            len(alive),
            "job on this machine has saved and ended",
            "jobs on this machine have saved and ended",
        )


def _is_job(number: str) -> bool:
    """Whether there is a process with this id, and submitit has started it."""
    try:
        return any("submitit" in word for word in psutil.Process(int(number)).cmdline())
    except psutil.Error:
        return False


class Debug:
    """A `Queue` that runs jobs within this process, one at a time, for debugging.

    Parameters
    ----------
    logs : Path
        The folder for submitit's files.
    """

    grace = 0.0

    def __init__(self, logs: Path) -> None:
        self.logs, self.jobs = logs, dict[str, Any]()

    @property
    def room(self) -> float:
        """How many more jobs may start now."""
        return 1 - len(self.jobs)

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """Make jobs, and return their names. A job runs when its result is read."""
        import submitit

        executor = submitit.DebugExecutor(self.logs)
        self.jobs = {job.job_id: job for job in map(executor.submit, jobs)}
        return list(self.jobs)

    def states(self) -> dict[str, State]:
        """The state of every job, by name."""
        return dict.fromkeys(self.jobs, State(RUNNING, ""))

    def result(self, number: str) -> Any:
        """Run the job now, and return its (outcome, result)."""
        return self.jobs.pop(number).result()

    def leave(self, numbers: Sequence[str]) -> str:
        """Returns a note for the screen. No job is left behind."""
        return "the job of this process has saved"
