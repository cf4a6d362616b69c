"""Where a lesson is shown, in a live notebook, on a page or in a terminal, and showing it there."""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

#: "widgets": a live notebook; "page": a notebook that a program runs, whose outputs are read later;
#: "terminal": plain Python; "none": a script, where nobody reads along.
Surface: TypeAlias = Literal["widgets", "page", "terminal", "none"]


def shell() -> Any:
    """IPython's shell, or None outside of IPython."""
    interactive = sys.modules.get("IPython")  # a notebook has already imported it
    return interactive.get_ipython() if interactive else None


def surface() -> Surface:
    """Where this process shows its output.

    A front end with a person at it lets cells ask for input. Programs that run a notebook, such as
    ``jupyter nbconvert --execute`` and nbclient, do not; so answers are folded there, and nothing
    waits for a guess. The environment variable MINIRES_STATIC=1 has the same effect.
    """
    kernel = getattr(shell(), "kernel", None)
    if kernel is not None:
        nobody = os.environ.get("MINIRES_STATIC") or not getattr(kernel, "_allow_stdin", False)
        return "page" if nobody or find_spec("ipywidgets") is None else "widgets"
    return "terminal" if sys.stdin is not None and sys.stdin.isatty() else "none"


def display_with_handle(bundle: Mapping[str, Any]) -> Any:
    """Display content, given by MIME type, and return the handle that can update it."""
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    handle.display(bundle, raw=True)
    return handle
