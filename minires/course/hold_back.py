"""Hold back the library's own solution of an assignment, so that it cannot be called."""

import inspect
from importlib import import_module
from importlib.util import module_from_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import NoReturn

from ..errors import MiniresError, unknown_name

# The modules whose functions solve an assignment, or part of it; "module:one,other" names single
# functions.
MODULES = {
    "a1": (
        "autograd.tape",
        "autograd.tensor",
        "autograd.operators",
        "functional",
        "autograd.gradcheck",
        "kernels.shapes",
        "kernels.naive",
        "kernels.cpu",
        "kernels.common",
    ),
    "a2": (
        "autograd.gradcheck",
        "kernels.naive.conv",
        "kernels.cpu.conv",
        "kernels.cpu.columns",
        "kernels.cpu.plan",
        "kernels.cpu.im2col",
        "kernels.cpu.blocking",
        "kernels.cpu.winograd",
        "kernels.cpu.winograd_plan",
        "kernels.gpu.conv",
        "kernels.shapes:output_size",
    ),
    "a3": (
        "kernels.naive.normalization",
        "kernels.naive.activation",
        "kernels.cpu.normalization",
        "kernels.cpu.channels",
        "kernels.cpu.activation",
        "kernels.common.activation",
        "kernels.common.normalization",
        "kernels.gpu.normalization",
        "kernels.gpu.activation",
        "autograd.gradcheck",
    ),
    "a4": ("models", "nn.init"),
    "a5": (
        "experiments.degradation.verdict",
        "experiments.claims.frame.verdict",
        "experiments.claims.frame.error_comparison",
        "plot.curves",
        "plot.live",
    ),
    "a6": (
        "diagnostics.gradients",
        "diagnostics.signal_propagation",
        "diagnostics.update_sizes",
        "diagnostics.parts:norm,square_sum",
        "experiments.claims.frame.verdict",
        "experiments.claims.frame.laboratory",
        "experiments.claims.vanishing_at_initialisation",
    ),
}
# Some modules of minires still need a module that is held back, as nn.Conv2d draws its weights with
# nn.init. They get an unchanged copy, under the name in "module:name".
STILL_USED = {"nn.init": ("nn.conv:init", "nn.linear:init")}
PACKAGE = __package__.split(".")[0]
REASON = "is held back: it is what you write in this assignment"
_held_back: set[FunctionType] = set()  # functions that were emptied in this process


class HeldBackError(MiniresError, RuntimeError):
    """A call of a function that the current assignment asks students to write."""


def refuse(name: str, assignment: str) -> NoReturn:
    """Raise the error of a function whose body was removed from the source.

    Raises
    ------
    HeldBackError
    """
    raise HeldBackError(name, REASON, todo=_todo(name, assignment))


def _todo(name, assignment):
    kernel, _, half = name.rpartition(".")
    kernel = kernel.rpartition(".")[2]
    if half in ("forward", "backward"):  # the library's kernel was called, not the student's
        yours = f"{kernel}=({kernel}_forward, {kernel}_backward)"
        return f"train with yours: with mr.kernels.use({yours}):"
    return f"assignment {assignment.upper()} holds it back"


def start(assignment: str) -> None:
    """Hold back the functions of `MODULES` in this process: from here on, calling them is an error.

    The code is replaced in the functions themselves, so that it is gone wherever they were imported
    before. The checks do not need these functions: they compare with definitions of their own.

    Raises
    ------
    ConfigError
        If there is no such assignment.
    """
    if assignment not in MODULES:
        raise unknown_name("course.begin", "assignment", assignment, MODULES)
    for module, names in _entries(assignment):
        _leave_copy(module)
        for function in _functions(module, names):
            if function not in _held_back:
                _held_back.add(function)
                _empty(function, assignment)


def modules(assignment: str) -> list[ModuleType]:
    """Import and return the modules that an assignment holds back; a package stands for all modules
    in it.
    """
    return [module for module, _ in _entries(assignment)]


def _entries(assignment):
    """The modules that an assignment holds back, each with names in it, or None for all names."""
    found = []
    for entry in MODULES[assignment]:
        name, _, names = entry.partition(":")
        module = import_module(f"{PACKAGE}.{name}")
        found.append((module, names.split(",") if names else None))
        if hasattr(module, "__path__"):
            files = sorted(Path(module.__path__[0]).glob("*.py"))
            found += [
                (import_module(f"{module.__name__}.{path.stem}"), None)
                for path in files
                if path.stem != "__init__"
            ]
    return found


def _leave_copy(module):
    """Give the modules that still need this one an unchanged copy."""
    for use in STILL_USED.get(module.__name__.removeprefix(f"{PACKAGE}."), ()):
        user, name = use.split(":")
        user = import_module(f"{PACKAGE}.{user}")
        if getattr(user, name) is module:
            copy = module_from_spec(module.__spec__)
            module.__spec__.loader.exec_module(copy)
            setattr(user, name, copy)


def _functions(module, names=None):
    """Yield the functions that a module defines, or those in `names`, methods included."""
    chosen = vars(module).values() if names is None else [vars(module)[name] for name in names]
    seen, todo = (
        set(),
        [value for value in chosen if getattr(value, "__module__", None) == module.__name__],
    )
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, FunctionType):
            if value.__module__ == module.__name__:  # else it is a function that dataclasses made
                yield value
        elif isinstance(value, (staticmethod, classmethod)):
            todo.append(value.__func__)
        elif isinstance(value, property):
            todo += [part for part in (value.fget, value.fset, value.fdel) if part]
        elif isinstance(value, type) and value.__module__ == module.__name__:
            todo += vars(value).values()
        elif hasattr(value, "__wrapped__"):
            todo.append(value.__wrapped__)


def _empty(function, assignment):
    """Replace the code of a function by one that raises an error; its signature stays visible."""
    try:
        function.__signature__ = inspect.signature(function)
    except (TypeError, ValueError):
        pass
    todo = _todo(function.__qualname__, assignment)
    # Python requires as many free variables as the old code has.
    names = [f"free{i}" for i in range(len(function.__code__.co_freevars))]
    source = (
        "def outer():\n"
        + "".join(f"    {name} = None\n" for name in names)
        + "    def stub(*args, **kwargs):\n"
        + "".join(f"        {name}\n" for name in names)
        + "        raise "
        f"__import__('{__name__}').course.hold_back.HeldBackError({function.__qualname__!r}, "
        f"{REASON!r}, todo={todo!r})\n    return stub\n"
    )
    space = {}
    exec(source, space)
    function.__defaults__ = function.__kwdefaults__ = None
    function.__code__ = space["outer"]().__code__
