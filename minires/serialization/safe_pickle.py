"""Read pickles without trusting them.

A pickle is a program. It can name any function on the machine ("a global", in pickle's words) and
call it. This reader replaces the few globals that a caller allows by harmless ones of our own, and
refuses all others.
"""

import io
import pickle
import pickletools
from collections.abc import Mapping
from typing import Any

from ..errors import DataError


class Unpickler(pickle.Unpickler):
    """An unpickler that knows only the globals it is given.

    Parameters
    ----------
    content : bytes
        The pickle; anything behind its end is ignored.
    where : str
        The file's name, for errors.
    allowed : dict
        (module, name) -> what the pickle gets when it names this global.
    expected : str
        What a file of this kind holds, for the error about a global that is not allowed.
    todo : str
        What to do with a file that names another global.
    **settings
        As for `pickle.Unpickler`.
    """

    def __init__(
        self,
        content: bytes,
        where: str,
        allowed: Mapping[tuple[str, str], Any],
        expected: str,
        todo: str = "do not use this file",
        **settings: Any,
    ) -> None:
        super().__init__(io.BytesIO(content), **settings)
        self.where, self.allowed, self.expected, self.todo = where, allowed, expected, todo

    def find_class(self, module: str, name: str) -> Any:
        """The replacement for a global. Raises DataError for one that is not allowed."""
        if (module, name) not in self.allowed:
            raise DataError(
                self.where, "unsafe pickle", self.expected, f"the global {module}.{name}", self.todo
            )
        return self.allowed[module, name]


def check_instructions(content: bytes) -> None:
    """Read through the program without running it.

    `pickletools.genops` stops at the first instruction whose argument is cut off, before memory is
    reserved for that argument. Memo slots are numbered in order, so a number above the length of
    the file can have only one purpose: to make the memo fill all memory.

    Raises
    ------
    ValueError
        If an instruction is cut off or a memo slot is absurd.
    """
    argument: Any  # of the instructions below a number
    for instruction, argument, _ in pickletools.genops(content):
        if instruction.name in ("BINPUT", "LONG_BINPUT", "PUT") and argument > len(content):
            raise ValueError(f"memo slot {argument} in a file of {len(content)} bytes")
