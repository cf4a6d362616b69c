"""The time limit of one request to a submission.

The clock on the wall counts, because a submission that waits forever uses no processor time. On a
busy machine this alone would be unfair: the same honest training may take five times as long. So a
submission that did not have a processor to itself gets more time.
"""

import math
import time

import psutil

BUSY = 5  # the longest time is this many times the limit
STARVED = 0.8  # share of a core: a process with less than this was on a busy machine
WAITING = 0.02  # share of a core: a process with less than this waits for something itself
FIRST_LOOK = 1.0  # seconds: shorter requests, which are most, need no look at the processes


class Patience:
    """The time that one request may take.

    Parameters
    ----------
    seconds : float
        The limit.
    deadline : float
        When everything must be done, by `time.monotonic`.
    pid : int
        The process that works on the request. Its children count too, except in a container, where
        they cannot be seen.
    """

    def __init__(self, seconds: float, deadline: float, pid: int) -> None:
        self.seconds, self.deadline, self.pid = seconds, deadline, pid
        self.began = self.looked = time.monotonic()
        self.computed = math.nan
        self.helped = 0.0  # seconds in which this process answered calls of that one
        self.end = min(self.began + seconds, deadline)

    def wait(self) -> float:
        """The seconds until the next call of `is_over` is due."""
        until = self.end
        if math.isnan(self.computed):
            until = min(until, self.began + min(FIRST_LOOK, self.seconds / 4))
        return max(0.0, until - time.monotonic())

    def is_over(self) -> bool:
        """Whether the time is over; for a process that got too little of a processor, extend it."""
        now = time.monotonic()
        if math.isnan(self.computed):
            self.looked, self.computed = now, self._used()
        if now < self.end:
            return False
        last = min(self.began + BUSY * self.seconds, self.deadline)
        share = (self._used() - self.computed) / max(now - self.looked, 1e-9)
        if now >= last or not WAITING < share < STARVED:
            return True
        missing = self.seconds - share * (now - self.began)
        if missing <= 0:
            return True
        self.end = min(now + max(missing, self.seconds / 10), last)
        return False

    def _used(self):
        """The seconds that were computed for the submission: by it, or here while it waited."""
        return processor_seconds(self.pid) + self.helped

    def over(self) -> str:
        """What a message says when the time is over, such as "took longer than 60 seconds, and was
        stopped".
        """
        if time.monotonic() >= self.deadline:
            return "was stopped: the whole submission took too long"
        said = f"took longer than {self.seconds:g} seconds, and was stopped"
        taken = time.monotonic() - self.began
        if taken > 1.5 * self.seconds:
            said += f" after {taken:.0f}: the machine was busy"
        return said


def processor_seconds(pid: int) -> float:
    """The processor time of a process and its children so far, in seconds; 0 if it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    total = 0.0
    for one in family:
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
