"""A setting for the length of a ``with`` block: in force for the code inside it, and for no other.

Some settings change what an operation means: whether it is recorded on the tape (`no_grad`), which
kernel computes it (`kernels.use`). A `Block` sets them, and the code around an operation decides:

- Threads and asyncio tasks have settings of their own, because these live in a `ContextVar`.
- A generator that is suspended inside a block sets nothing for the code that runs meanwhile.
- Blocks may be left in any order: leaving one takes away its own entry and touches no other.
- An exception leaves a block just as the end of its code does.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Self, TypeVar

COROUTINE = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
SUSPENDABLE = COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
# Modules that run a generator up to its ``yield`` for the sake of the blocks it enters on the way:
# @contextmanager does so for the code in a ``with`` block, a fixture of pytest for a test.
RUN_FOR_OTHERS = ("contextlib", "_pytest.fixtures")


#: A function that a block decorates.
Function = TypeVar("Function", bound=Callable[..., Any])


class Setting:
    """Something that blocks set. `name` is for error messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: ContextVar[tuple[_Entry, ...]] = ContextVar(name, default=())  # oldest first

    def values(self) -> list[Any]:
        """What the blocks around the running code set, outermost block first."""
        entries = self.entries.get()
        return [entry.value for entry in _around_here(entries)] if entries else []


class Block:
    """``with block:`` sets `setting` to `value` for the code inside; ``@block``, for each call.

    A block can be entered again while it is open, and in several threads at once.
    """

    def __init__(self, setting: Setting, value: Any) -> None:
        self._setting, self._value = setting, value
        self._open: list[_Entry] = []  # its entries that have not been left yet

    def __enter__(self) -> Self:
        entry = _Entry(self._value, _owner(sys._getframe(1)))
        self._open.append(entry)
        self._update(entry)
        return self

    def __exit__(self, *exception: object) -> None:
        if not self._open:
            raise RuntimeError(
                f"{self._setting.name}: a block that was not entered is left; write `with ...:`"
            )
        here, owner = self._setting.entries.get(), _owner(sys._getframe(1))
        # Several threads and generators may be inside: leave the latest entry of the one that asks.
        entry = max(reversed(self._open), key=lambda entry: (entry.owner is owner, entry in here))
        self._open.remove(entry)
        entry.leave()
        self._update()

    def _update(self, *new):
        """Add `new`, and drop entries that were left, be it in another thread or task."""
        entries = self._setting.entries
        entries.set((*(entry for entry in entries.get() if not entry.left), *new))

    def __call__(self, function: Function) -> Function:
        """`function` with this block around each call; of a generator function, around its code."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{self._setting.name}: an async generator function cannot be "
                "decorated; write the with block inside it"
            )
        inside: Any
        if inspect.iscoroutinefunction(function):

            async def inside(*args, **kwargs):
                with self:
                    return await function(*args, **kwargs)
        elif inspect.isgeneratorfunction(function):

            def inside(*args, **kwargs):
                with self:
                    return (yield from function(*args, **kwargs))
        else:

            def inside(*args, **kwargs):
                with self:
                    return function(*args, **kwargs)

        decorated: Any = functools.wraps(function)(inside)
        return decorated


class _Entry:
    """A block that was entered, and the frame of the generator it belongs to (None in plain code).

    Holding the frame does not keep the generator alive. When nobody refers to a suspended generator
    any more, Python closes it, and thereby it leaves its blocks.
    """

    __slots__ = ("value", "owner", "left")

    def __init__(self, value, owner):
        self.value, self.owner, self.left = value, owner, False

    def leave(self):
        self.left, self.owner = True, None

    def is_around_here(self):
        """Whether the running code is inside. Only a running generator has a caller."""
        return not self.left and (self.owner is None or self.owner.f_back is not None)


def _around_here(entries):
    """The entries of the blocks around the running code, outermost first.

    Of two blocks in one generator, or in plain code, the one entered later is the inner one. Of
    blocks in two generators, the inner one belongs to the generator that the other one resumed, and
    may well be the older: the call stack shows which it is.
    """
    found = [entry for entry in entries if entry.is_around_here()]
    if len(found) > 1 and len({entry.owner for entry in found}) > 1:
        height, frame = {}, sys._getframe(1)
        while frame is not None:
            height[frame] = -len(height)
            frame = frame.f_back
        outermost = -len(height)
        found.sort(key=lambda entry: height.get(entry.owner, outermost))  # ties keep their order
    return found


def _owner(frame):
    """The frame of the innermost generator or coroutine that a block entered here belongs to."""
    while frame is not None:
        if frame.f_code.co_flags & SUSPENDABLE and not _runs_for_others(frame):
            return frame
        frame = frame.f_back
    return None


def _runs_for_others(frame):
    """Whether a generator's blocks also hold for code that runs while the generator is suspended.

    They do where `contextlib` runs it. So do those of a coroutine in an asyncio task: a task has a
    context of its own, so only the task sees them, and the tasks and threads it starts inside.

    They do not for a generator that such a generator delegates to (``yield from``), nor for tasks
    that an async generator starts: write the with block in the outer function there.
    """
    if frame.f_code.co_flags & COROUTINE:
        return _module(frame) in RUN_FOR_OTHERS or _in_task()
    return frame.f_back is not None and _module(frame.f_back) in RUN_FOR_OTHERS


def _module(frame):
    return frame.f_globals.get("__name__")


def _in_task():
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.current_task() is not None
    except RuntimeError:  # no event loop runs in this thread
        return False
