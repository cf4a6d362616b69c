"""Other computations for single modules of a net, for the length of a ``with`` block.

This is how a net is taken apart without being changed: a block that passes on its shortcut alone, a
branch whose output is scaled or taken off the tape. Other threads and tasks that use the same net
see none of it (see `kernels.scope`), and there is nothing to undo in the net itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..kernels.scope import Block, Setting

if TYPE_CHECKING:
    from .module import Module

_blocks = Setting("overridden")

Functions: TypeAlias = "Mapping[Module, Callable[..., Any]]"


class Override(NamedTuple):
    """What one ``with overridden(...)`` asks for."""

    computations: dict[Module, Callable[..., Any]]  # module -> a function of its inputs
    outputs: dict[Module, Callable[..., Any]]  # module -> a function of its output


class overridden(Block):
    """Within: some modules compute something else, or their output is changed.

    Parameters
    ----------
    computations : dict of Module -> callable, optional
        The function is called with the module's inputs instead of its ``forward``. Of several
        ``with`` blocks the innermost counts.
    outputs : dict of Module -> callable, optional
        The function is called with the module's output, after its hooks, and returns the Tensor
        that takes its place. Of several ``with`` blocks all count, the outermost first.
    """

    def __init__(
        self, computations: Functions | tuple[()] = (), outputs: Functions | tuple[()] = ()
    ) -> None:
        super().__init__(_blocks, Override(dict(computations), dict(outputs)))


def computation_of(module: Module) -> Callable[..., Any]:
    """The function that a call of `module` runs here: its own, or the innermost override."""
    for override in reversed(overrides()):
        if module in override.computations:
            return override.computations[module]
    return module._compute


def changes_of(module: Module) -> list[Callable[..., Any]]:
    """The functions that `overridden` wants `module`'s output to go through, in order."""
    return [override.outputs[module] for override in overrides() if module in override.outputs]


def is_overridden(module: Module) -> bool:
    """Whether a ``with overridden(...)`` around here concerns `module`."""
    return any(module in functions for override in overrides() for functions in override)


def overrides() -> list[Override]:
    """The overrides in force here, the innermost last."""
    found: list[Override] = []
    for value in _blocks.values():
        found = found + [value] if isinstance(value, Override) else value
    return found


def as_overridden(overrides: list[Override]) -> Block:
    """A block in which the overrides that `overrides` returned elsewhere are in force, alone."""
    return Block(_blocks, overrides)
