"""Take apart what a student's functions return."""

from typing import Any

from ....types import Array
from ...across import Answer
from ...calling import call
from ...compare import expect_tuple


def forward_of(
    function: Answer, *arrays: Array, name: str = "batch_norm_forward", **settings: Any
) -> Any:
    """Call a student's forward and return y and the cache.

    Raises
    ------
    WrongAnswer
        If it stops, changes its arrays, or returns anything but two things.
    """
    return expect_tuple(name, call(function, *arrays, name=name, **settings), 2, "y and the cache")


def only_one(got: Any) -> Any:
    """The gradient itself, whether a student returned it alone or as a tuple of one."""
    return got[0] if isinstance(got, (tuple, list)) and len(got) == 1 else got
