"""What each option of a choice changes in an assignment: texts and model solutions.

There is a file for each assignment. A change is (cell, old, new): the cell of that name holds `old`
exactly once, and `new` replaces it. In prose the line breaks may differ. Options without an entry
are those of the shared notebook.
"""

from collections.abc import Mapping

from . import a1, a2, a3, a4, a5, a6
from .change import Change

CHANGES = {
    "a1": a1.CHANGES,
    "a2": a2.CHANGES,
    "a3": a3.CHANGES,
    "a4": a4.CHANGES,
    "a5": a5.CHANGES,
    "a6": a6.CHANGES,
}


def changes(assignment: str, variant: Mapping[str, str]) -> list[Change]:
    """The changes that a variant makes in an assignment.

    Parameters
    ----------
    assignment : str
        Such as "a2".
    variant : dict
        Name of a choice -> option, as `choices.variant` returns it.
    """
    table = CHANGES[assignment]
    return [change for item in variant.items() for change in table.get(item, ())]
