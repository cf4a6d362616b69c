"""The page of the explorer: the numbers, and the scripts that draw them, in a single HTML file.

Names in records may contain anything, even HTML. They are put into the page only as JSON, which no
browser runs, and the scripts write them as text. As a second line of defence, the page has a
content security policy: the browser runs only the script with the given digest, and loads nothing.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from ... import checks
from ...errors import ConfigError
from ...names import as_text, expanded
from ...serialization.files import replace_text
from ...types import PathLike
from .. import html_page
from .folders import Run, read
from .numbers import data, run_names

#: The usual name of the page.
PAGE = "explorer.html"
#: The scripts in an order in which each uses only scripts before it.
SCRIPTS = (
    "numbers.js",
    "view.js",
    "drawing.js",
    "curves.js",
    "layers.js",
    "maps.js",
    "tables.js",
    "controls.js",
    "main.js",
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(runs: Sequence[Run]) -> str:
    """The page about these runs, as HTML.

    Raises DataError if the records of a run contradict each other.
    """
    script = '(() => {\n"use strict";\n' + "\n".join(map(_web, SCRIPTS)) + "})();"
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{POLICY}; script-src 'sha256-{digest}'"
    title = f"Explorer: {', '.join(run_names(runs))}"
    body = [
        _web("explorer.html"),
        f'<script type="application/json" id="numbers">{_as_json(runs)}</script>',
        f"<script>{script}</script>",
    ]
    head = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
    return html_page.page(title, body, _web("explorer.css"), head)


def _as_json(runs):
    text = json.dumps(data(runs), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c")


def _web(name: str) -> str:
    return (files(__package__) / "web" / name).read_text(encoding="utf-8")


def write(folders: Sequence[PathLike], path: PathLike) -> list[Run]:
    """Write a page about the runs in these folders to the file `path`, and return the runs.

    Raises
    ------
    ConfigError
        If `folders` is a single folder, one is given twice, or its kind of run has no error curves.
    DataError
        If a folder holds no run, no finished epoch yet, or damaged records.
    CheckpointError
        If the page cannot be written.
    """
    places: dict[Path, PathLike] = {}
    folders = checks.paths("explore", "folders", folders)
    for folder in folders:
        place = expanded(folder).resolve()
        if place in places:
            raise ConfigError(
                "explore",
                "the same folder twice",
                "different runs",
                f"{as_text(places[place])} and {as_text(folder)}",
                "name each folder once",
            )
        places[place] = folder
    runs = [read(folder) for folder in folders]
    replace_text(expanded(path), html(runs))
    return runs
