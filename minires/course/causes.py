"""In a notebook, find out whether a mistake comes from an earlier task whose check failed too."""

import dis
from collections.abc import Sequence
from types import CodeType, FunctionType
from typing import Any

READ_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_wrong: set[str] = set()  # functions whose check failed and has not passed since


def failed(answers: Sequence[Any]) -> str:
    """Note that these answers are wrong, and name the wrong functions that they use.

    Returns a sentence for the message, or "" if they use none.
    """
    own = {answer.__name__ for answer in answers if isinstance(answer, FunctionType)}
    causes = set().union(*(_uses(answer) for answer in answers)) & _wrong - own
    _wrong.update(own)
    if not causes:
        return ""
    is_wrong, it = ("is", "it") if len(causes) == 1 else ("are", "them")
    return (
        f" (This uses {listed(sorted(causes))}, which {is_wrong} not right yet. Mend {it} first.)"
    )


def listed(names: Sequence[str]) -> str:
    """Names as a list in words: "a", "a and b", "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def passed(answers: Sequence[Any]) -> None:
    """Note that these answers are right."""
    _wrong.difference_update(getattr(answer, "__name__", "") for answer in answers)


def _uses(answer: Any) -> set[str]:
    """The names of functions that an answer calls, directly or through others of the notebook."""
    found: set[str] = set()
    todo = list(vars(answer).values()) if isinstance(answer, type) else [answer]
    while todo:
        function = todo.pop()
        if isinstance(function, FunctionType) and function.__module__ == "__main__":
            for name in _globals(function.__code__) - found:
                found.add(name)
                todo.append(function.__globals__.get(name))
    return found


def _globals(code: CodeType) -> set[str]:
    """The global names that code reads, also in functions inside it.

    Attributes do not count: of ``np.pad`` only ``np``.
    """
    reads = {one.argval for one in dis.get_instructions(code) if one.opname in READ_GLOBAL}
    inner = [_globals(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return reads.union(*inner)
