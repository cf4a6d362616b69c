"""The exercises of the notebooks, in a file for each notebook, named after its number."""

from importlib import import_module
from pathlib import Path

from ...errors import unknown_name
from .kinds import Exercise

NOTEBOOKS = tuple(
    sorted(path.stem.removeprefix("n") for path in Path(__file__).parent.glob("n[0-9]*.py"))
)


def of(notebook: str) -> tuple[Exercise, ...]:
    """The exercises of a notebook such as "03", in order."""
    found: tuple[Exercise, ...] = import_module(f"{__name__}.n{notebook}").EXERCISES
    return found


def find(key: str) -> Exercise:
    """An exercise by its key, such as "04.dilation".

    Raises
    ------
    ConfigError
        If there is no such exercise; the message suggests the nearest.
    """
    known = {one.key: one for notebook in NOTEBOOKS for one in of(notebook)}
    if key not in known:
        raise unknown_name("exercise", "exercise", key, list(known))
    return known[key]
