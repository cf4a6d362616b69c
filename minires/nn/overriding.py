"""Other computations for single modules of a net, for the length of a ``with`` block.

This is how a net is taken apart without being changed: a block that passes on its shortcut alone, a branch whose output is scaled
or taken off the tape. What is overridden is kept in a context variable. Other threads and tasks that use the same net at the same
time see none of it, and there is nothing to undo in the net itself.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class _Override(NamedTuple):
    computations: dict       # module -> a function of its inputs
    outputs: dict            # module -> a function of its output


_overrides = ContextVar("overrides", default=())             # those of all `with` blocks around, the innermost last


@contextmanager
def overridden(computations=(), outputs=()):
    """Within: some modules compute something else, or something else is done with what they computed.

    Parameters
    ----------
    computations : dict of Module -> callable, optional
        The function is called with the module's inputs in place of its ``forward``. Of several ``with`` blocks the innermost counts.
    outputs : dict of Module -> callable, optional
        The function is called with the module's output, after its hooks, and returns the Tensor that takes its place. Of several
        ``with`` blocks all count, the outermost first.
    """
    override = _Override(dict(computations), dict(outputs))
    _overrides.set((*_overrides.get(), override))
    try:
        yield
    finally:
        _overrides.set(tuple(other for other in _overrides.get() if other is not override))


def computation_of(module):
    """The function that a call of `module` runs here: its own step, unless `overridden` put another in its place."""
    for override in reversed(_overrides.get()):
        if module in override.computations:
            return override.computations[module]
    return module._compute


def changes_of(module):
    """The functions that `overridden` wants `module`'s output to go through, in order."""
    return [override.outputs[module] for override in _overrides.get() if module in override.outputs]


def is_overridden(module):
    """Whether a ``with overridden(...)`` around here concerns `module`."""
    return any(module in functions for override in _overrides.get() for functions in override)
