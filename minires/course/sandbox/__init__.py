"""A submission's code, run in a process of its own, out of reach of the checks, of other
submissions and of the disk.
"""

from .remote import Crashed, Submission, TimedOut

__all__ = ["Crashed", "Submission", "TimedOut"]
