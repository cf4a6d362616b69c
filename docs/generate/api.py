"""The API reference: a page for each public module, with every public name, from the docstrings."""

import inspect
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from .docstrings import with_bars
from .places import ROOT, source_page

# The modules that users import from, in the order in which a reader meets them.
MODULES = {
    "minires": "The Tensor, loading and saving, gradient check",
    "minires.functional": "Differentiable functions of Tensors",
    "minires.nn": "Layers, losses and containers",
    "minires.nn.init": "Initial weights",
    "minires.optim": "SGD, Adam, schedules, clipping",
    "minires.models": "The nets of the paper, and changes to nets",
    "minires.training": "Settings of a run, the loop, predictions",
    "minires.data": "Data sets and loaders",
    "minires.data.datasets.protocol": "What a data set of your own must have",
    "minires.diagnostics": "What a net can be asked",
    "minires.kernels": "Choosing and swapping kernels",
    "minires.plot": "Figures",
    "minires.autograd": "The tape",
    "minires.distributed": "One training on several processes",
    "minires.experiments.degradation": "The experiment of the paper",
    "minires.experiments.single_net": "One net of any kind, trained and recorded",
    "minires.experiments.sweep": "Trainings that differ in settings or seeds",
    "minires.experiments.diagnosis": "What trained nets look like inside",
    "minires.experiments.claims": "Claims about deep nets, put to the test",
    "minires.experiments.pooling": "Runs of other seeds become one",
    "minires.experiments.records": "What a run leaves on disk, and reading it back",
    "minires.experiments.suspects": "What tells nets apart in recorded runs",
    "minires.experiments.explorer": "A page to look around in runs",
    "minires.lessons": "Guesses, exercises and hints in notebooks",
    "minires.lessons.museum": "A museum of mistakes",
    "minires.course": "Assignments that check themselves",
    "minires.backend": "Devices and threads",
    "minires.errors": "The classes of errors",
}
# Modules with an `__all__` that are not public, and why.
INTERNAL = {
    "minires.kernels.common": "kernels, which have pages of their own",
    "minires.kernels.cpu.im2col": "part of conv2d",
    "minires.kernels.cpu.winograd": "part of conv2d",
    "minires.course.sandbox": "the process that a submission runs in",
}


def public_names(module: ModuleType) -> list[str]:
    """The names of `__all__`, or without it the names that the module itself defines, except those
    with an underscore.
    """
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )


def pages() -> dict[str, str]:
    """Path in the source of the site -> text, in reStructuredText."""
    found = {f"api/{name}.rst": page(name) for name in MODULES}
    listed = "\n".join(f"   {name}" for name in MODULES)
    rows = "\n".join(f"* :doc:`{name} <{name}>`: {about}" for name, about in MODULES.items())
    text = (
        f"{_title('API reference')}\nEvery public name with its docstring. Shapes of arrays "
        "are written as ``(N, H, W, C)``. A name from PyTorch takes PyTorch's arguments.\n\n"
        f"{rows}\n\nThe kernels have :doc:`pages of their own </kernels/index>`.\n\n"
        f".. toctree::\n   :hidden:\n\n{listed}\n"
    )
    return {"api/index.rst": text, **found}


def page(name: str) -> str:
    """The page of one module: a list of its names, then the names that are described here."""
    module = import_module(name)
    names = public_names(module)
    own = [one for one in names if home(name, one) == name]
    entries = [_entry(name, one, getattr(module, one)) for one in own]
    rows = "\n".join(_row(home(name, one), one, getattr(module, one)) for one in names)
    return "\n".join(
        [
            _title(name),
            f".. automodule:: {name}\n",
            rows,
            "",
            f".. currentmodule:: {name}\n",
            *filter(None, entries),
        ]
    )


def home(module: str, name: str) -> str:
    """The module on whose page a name is described: the first one that has the same object under
    the same name.
    """
    value = getattr(import_module(module), name)
    for one in MODULES:
        if getattr(import_module(one), name, None) is value and name in public_names(
            import_module(one)
        ):
            return one
    return module


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n"


def _row(module: str, name: str, value: Any) -> str:
    """A line of the list at the top of a page. `module` is where the name is described."""
    full = f"{module}.{name}"
    if isinstance(value, ModuleType):
        page = value.__name__ if value.__name__ in MODULES else None
        return f"* :doc:`{name} <{page}>`: {MODULES[page]}" if page else f"* ``{name}``"
    text = first_sentence(value) if callable(value) else comment_above(module, name)
    return f"* :py:obj:`{name} <{full}>`: {text}"


def first_sentence(value: Any) -> str:
    """The first sentence of the docstring of a class or function, on one line."""
    text = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    return with_bars(re.split(r"(?<=[.:]) (?=[A-Z`])", text)[0])


def comment_above(module: str, name: str) -> str:
    """The comment ``#: ...`` above a constant, on one line. It stands where the constant is
    defined, which may be a part of `module`.

    Raises
    ------
    LookupError
        If the constant has no such comment.
    """
    value = getattr(import_module(module), name)
    for part, source in sorted(sys.modules.items()):
        if part.startswith(module) and getattr(source, name, None) is value:
            above = re.search(rf"((?:^#: .*\n)+){name}\b.* = ", inspect.getsource(source), re.M)
            if above:
                return with_bars(" ".join(above[1].replace("#:", "").split()))
    raise LookupError(f"{module}.{name}: no comment that starts with #: stands above it")


def _entry(module: str, name: str, value: Any) -> str:
    """The directive of Sphinx that documents one name. It is empty for a module, which has a page
    of its own.
    """
    if isinstance(value, ModuleType):
        return ""
    if isinstance(value, type):
        options = "   :members:\n   :show-inheritance:\n"
        return f".. autoclass:: {module}.{name}\n{options}"
    if callable(value):
        return f".. autofunction:: {module}.{name}\n"
    return f".. py:data:: {name}\n\n   {comment_above(module, name)}\n"


def source_link(module: str, name: str) -> str | None:
    """The link from a page of the reference to the line where a name is defined.

    Parameters
    ----------
    module, name : str
        Such as "minires.nn" and "Conv2d.forward".

    Returns
    -------
    str or None
        None if the name has no source in the package.
    """
    value: Any = import_module(module)
    for part in name.split("."):
        value = getattr(value, part, None)
    try:
        value = inspect.unwrap(value)
        file = inspect.getsourcefile(value)
        line = inspect.getsourcelines(value)[1]
    except (TypeError, OSError):
        return None
    if not file or not file.startswith(str(ROOT / "minires")):
        return None
    path = file[len(str(ROOT)) + 1 :].replace("\\", "/")
    return f"../{source_page(path)}#L-{line}"  # the reference is a folder of the site
