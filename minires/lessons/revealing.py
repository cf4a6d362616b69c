"""The answers to the questions of the notebooks, kept out of the cells that a student reads.

A line such as ``rows.reveal("36", "One for each output.")`` right below a question gives its answer
away. So `python -m notebooks` moves these lines, and the descriptions of the pictures beside them,
from the sources of the notebooks to the folder `answers`. In the notebook stands
``reveal("04.rows")``.
"""

import re
import sys
import tomllib
from functools import cache
from pathlib import Path

from ..errors import unknown_name

FOLDER = Path(__file__).parent / "answers"
KEY = re.compile(r"\d\d\.\w+")


def reveal(*keys: str) -> None:
    """Give the answers to questions of these notebooks, in the cell that works them out.

    In a notebook of your own, call the method `reveal` of what `predict` returns.

    Parameters
    ----------
    *keys : str
        The notebook and the name of the question's variable, such as "04.rows".

    Raises
    ------
    ConfigError
        If there is no such question.
    """
    names = sys._getframe(1).f_globals  # of the notebook: the answer is worked out from them
    for key in keys:
        exec(compile(_entry("reveal", key), f"<the answer to {key}>", "exec"), names)


def description(alt: str) -> str:
    """The words on a picture: from the folder `answers` if they are given by a key."""
    return " ".join(_entry("show", alt).split()) if KEY.fullmatch(alt) else alt


def _entry(kind: str, key: str) -> str:
    number, _, name = key.partition(".")
    known: dict[str, str] = _answers(number).get(kind, {})
    if name not in known:
        raise unknown_name(kind, "question", key, _keys(kind))
    return known[name]


@cache
def _answers(number: str) -> dict[str, dict[str, str]]:
    path = FOLDER / f"{number}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _keys(kind: str) -> list[str]:
    numbers = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return [f"{number}.{name}" for number in numbers for name in _answers(number).get(kind, ())]
