"""Read pickles without trusting them.

A pickle is a program: it may name any function on the machine ("a global") and call it. This reader hands out stand-ins for the
globals that a caller admits, and refuses every other.
"""

import io
import pickle
import pickletools

from ..errors import DataError


class Unpickler(pickle.Unpickler):
    """An unpickler that knows a few globals.

    Parameters
    ----------
    content : bytes
        The pickle; what comes after its end is left alone.
    where : str
        The file's name, for errors.
    admitted : dict
        (module, name) -> what stands in for it.
    harmless : str
        What a file of this kind holds, for the error about a global that is not admitted.
    todo : str
        What to do with a file that names another global.
    """

    def __init__(self, content, where, admitted, harmless, todo="do not use this file", **settings):
        super().__init__(io.BytesIO(content), **settings)
        self.where, self.admitted, self.harmless, self.todo = where, admitted, harmless, todo

    def find_class(self, module, name):
        if (module, name) not in self.admitted:
            raise DataError(self.where, "unsafe pickle", self.harmless, f"the global {module}.{name}", self.todo)
        return self.admitted[module, name]


def check_instructions(content):
    """Read the program without running it.

    `genops` stops at the first instruction whose argument is cut off, before memory is set aside for it. Memo slots
    are numbered in order, so a number above the length of the file only serves to make the memo eat all memory.

    Raises
    ------
    ValueError
        If an instruction is cut off or a memo slot is absurd.
    """
    for instruction, argument, _ in pickletools.genops(content):
        if instruction.name in ("BINPUT", "LONG_BINPUT", "PUT") and argument > len(content):
            raise ValueError(f"memo slot {argument} in a file of {len(content)} bytes")
