"""Run a submission's code in a process of its own, away from the checks, other submissions and the
disk.
"""

from .remote import Crashed, Submission, TimedOut

__all__ = ["Crashed", "Submission", "TimedOut"]
