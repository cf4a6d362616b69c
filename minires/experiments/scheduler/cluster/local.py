"""The same machinery without a cluster: jobs as processes of this machine, or within this one."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from .... import backend
from .files import read_result
from .job import Job
from .queue import GONE, RUNNING, State
from .settings import Cluster


class Local:
    """Jobs as processes of this machine, through submitit: with time limits, as on a cluster.

    Parameters
    ----------
    cluster : Cluster
    logs : Path
        Where submitit keeps its files.
    numbers : list of str
        Jobs of an earlier run, which may still be there.
    """

    grace = 0.0

    def __init__(self, cluster: Cluster, logs: Path, numbers: Sequence[str]) -> None:
        self.cluster, self.logs = cluster, logs
        self.jobs: dict[str, Any] = dict.fromkeys(numbers)  # jobs that began here are submitit's

    @property
    def room(self) -> float:
        """How many more jobs may begin."""
        running = sum(state.kind == RUNNING for state in self.states().values())
        return (self.cluster.parallelism or backend.available_cores()) - running

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """The numbers of new jobs: those of their processes."""
        import submitit

        executor = submitit.LocalExecutor(self.logs, max_num_timeout=10**6)
        executor.update_parameters(
            timeout_min=self.cluster.limit, signal_delay_s=self.cluster.warning
        )
        submitted = {job.job_id: job for job in map(executor.submit, jobs)}
        self.jobs |= submitted
        return list(submitted)

    def states(self) -> dict[str, State]:
        """All jobs, by number."""
        return {
            number: State(RUNNING, "")
            if (_is_job(number) if job is None else job.state == "RUNNING")
            else State(GONE, "its process ended")
            for number, job in self.jobs.items()
        }

    def result(self, number: str) -> Any:
        """What the job has returned; None if it has not."""
        return read_result(self.logs, number)

    def leave(self, numbers: Sequence[str]) -> str:
        """End the jobs, which save after their step; what to tell the person."""
        alive = [one for one in numbers if self.states()[one].kind == RUNNING]
        for process in alive:
            with suppress(OSError):
                os.kill(int(process), signal.SIGTERM)
        while any(self.states()[one].kind == RUNNING for one in alive):
            time.sleep(0.1)
        return f"{len(alive)} jobs of this machine have saved and ended"


def _is_job(number: str) -> bool:
    """Whether there is a process of that number, and it is one of submitit's."""
    try:
        return any("submitit" in word for word in psutil.Process(int(number)).cmdline())
    except psutil.Error:
        return False


class Debug:
    """Jobs within this process, one at a time: there a debugger can look at one that fails.

    Parameters
    ----------
    logs : Path
        Where submitit keeps its files.
    """

    grace = 0.0

    def __init__(self, logs: Path) -> None:
        self.logs, self.jobs = logs, dict[str, Any]()

    @property
    def room(self) -> float:
        """How many more jobs may begin."""
        return 1 - len(self.jobs)

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """The names of new jobs."""
        import submitit

        executor = submitit.DebugExecutor(self.logs)
        self.jobs = {job.job_id: job for job in map(executor.submit, jobs)}
        return list(self.jobs)

    def states(self) -> dict[str, State]:
        """All jobs, by name."""
        return dict.fromkeys(self.jobs, State(RUNNING, ""))

    def result(self, number: str) -> Any:
        """What the job returns: it is done now."""
        return self.jobs.pop(number).result()

    def leave(self, numbers: Sequence[str]) -> str:
        """Nothing is left behind; what to tell the person."""
        return "the job of this process has saved"
