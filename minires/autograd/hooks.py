"""Hooks: functions that someone else's computation calls, and how to take them off again."""

from collections.abc import Callable
from itertools import count
from typing import Any, Self

from ..errors import ConfigError

_numbers = count()


class RemovableHandle:
    """What registering a hook returns: ``handle.remove()`` takes that hook off again.

    Or register it for the length of a block::

        with layer.register_forward_hook(note):
            net(images)

    Parameters
    ----------
    hooks : dict
        The hooks of a Tensor or a module, called in the order in which they were added.
    hook : callable
        Is added to them. The same function may be there several times, each with its own handle.
    """

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        if not callable(hook):
            raise ConfigError("hook", "what to register", "a function", f"a {type(hook).__name__}")
        self._hooks, self._number = hooks, next(_numbers)
        hooks[self._number] = hook

    def remove(self) -> None:
        """Take the hook off. Calling it again does nothing."""
        self._hooks.pop(self._number, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
