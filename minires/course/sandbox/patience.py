"""How long one request to a submission may take.

The limit is by the clock, since a submission that waits for ever computes nothing. On a machine
that is busy with other things the clock is unfair: the same honest training takes five times as
long. So a submission that had no processor to itself gets more time.
"""

import math
import time

import psutil

BUSY = 5  # times the limit, at most
STARVED = 0.8  # of one core: with less than that over the time, the machine was busy
WAITING = 0.02  # of one core: with less than that, it waits for something of its own
FIRST_LOOK = 1.0  # seconds: short requests, and most are, cost no look at the processes


class Patience:
    """The time that one request may take.

    Parameters
    ----------
    seconds : float
        The limit.
    deadline : float
        When everything must be done, by `time.monotonic`.
    pid : int
        Of the process that works on it. What it started counts as well, where it can be seen: not
        in a container.
    """

    def __init__(self, seconds: float, deadline: float, pid: int) -> None:
        self.seconds, self.deadline, self.pid = seconds, deadline, pid
        self.began = self.looked = time.monotonic()
        self.computed = math.nan
        self.end = min(self.began + seconds, deadline)

    def wait(self) -> float:
        """The seconds until `is_over` has to be asked."""
        until = self.end
        if math.isnan(self.computed):
            until = min(until, self.began + min(FIRST_LOOK, self.seconds / 4))
        return max(0.0, until - time.monotonic())

    def is_over(self) -> bool:
        """Whether the time is over. It becomes longer here for a process that was starved."""
        now = time.monotonic()
        if math.isnan(self.computed):
            self.looked, self.computed = now, processor_seconds(self.pid)
        if now < self.end:
            return False
        last = min(self.began + BUSY * self.seconds, self.deadline)
        share = (processor_seconds(self.pid) - self.computed) / max(now - self.looked, 1e-9)
        if now >= last or not WAITING < share < STARVED:
            return True
        missing = self.seconds - share * (now - self.began)
        if missing <= 0:
            return True
        self.end = min(now + max(missing, self.seconds / 10), last)
        return False

    def over(self) -> str:
        """What is said when the time is over."""
        if time.monotonic() >= self.deadline:
            return "was stopped: all together took too long"
        said = f"took longer than {self.seconds:g} seconds, and was stopped"
        taken = time.monotonic() - self.began
        if taken > 1.5 * self.seconds:
            said += f" after {taken:.0f}: the machine was busy"
        return said


def processor_seconds(pid: int) -> float:
    """What a process and its children have computed so far; 0 if it is gone."""
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
