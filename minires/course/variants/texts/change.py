"""What a change of an assignment is."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: The name of a cell, a text in it, and the text that replaces it.
Change: TypeAlias = tuple[str, str, str]
#: (name of a choice, option) -> what the option changes.
Changes: TypeAlias = Mapping[tuple[str, str], Sequence[Change]]
