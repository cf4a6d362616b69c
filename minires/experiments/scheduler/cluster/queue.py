"""The interface of a queue of jobs, as the process that waits for them uses it."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from .job import Job

WAITING, RUNNING, CANCELLED, GONE = "waiting", "running", "cancelled", "gone"


class State(NamedTuple):
    """The state of a job in its queue."""

    kind: str  # WAITING, RUNNING, CANCELLED or GONE
    words: str  # in the queue's words, why it waits or how it ended; empty while it runs


class Queue(Protocol):
    """A queue of the jobs of one run. The number of a job is a string, such as ``12_3``."""

    #: Seconds until this process sees a file that a job has written.
    grace: float

    @property
    def room(self) -> float:
        """How many more jobs may be submitted now."""

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """Submit jobs, and return their numbers. Raises ConfigError if they are refused."""

    def states(self) -> dict[str, State] | None:
        """The state of every job of the run, by number; None if the queue does not answer."""

    def result(self, number: str) -> Any:
        """The (outcome, result) of a job, as `Job` returns it; None if it has not returned yet."""

    def leave(self, numbers: Sequence[str]) -> str:
        """Called when this process ends before these jobs. Returns a note for the screen."""
