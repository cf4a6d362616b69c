"""What the process that waits needs of a queue, whichever it is."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from .job import Job

WAITING, RUNNING, CANCELLED, GONE = "waiting", "running", "cancelled", "gone"


class State(NamedTuple):
    """What has become of a job."""

    kind: str  # WAITING, RUNNING, CANCELLED or GONE
    words: str  # the queue's: why it waits, or how it ended; none while it runs


class Queue(Protocol):
    """Where jobs go, and how they are doing. Jobs have numbers, which are text: ``12_3``."""

    #: Seconds until a file that a job has written is seen here.
    grace: float

    @property
    def room(self) -> float:
        """How many more jobs may be submitted now."""

    def submit(self, jobs: Sequence[Job]) -> list[str]:
        """The numbers of new jobs. Raises ConfigError if they are refused."""

    def states(self) -> dict[str, State] | None:
        """All jobs of the run that the queue remembers; None if it does not answer."""

    def result(self, number: str) -> Any:
        """What a job has returned; None if it has not."""

    def leave(self, numbers: Sequence[str]) -> str:
        """Go while these jobs are not done; what to tell the person."""
