"""Build the notebooks from their sources: ``python -m notebooks [NAME ...]``.

The sources are Python files in ``notebooks/src``, in the percent format that jupytext reads: edit
these. Each is turned into a notebook, run from a clean kernel, and written beside with what it put
out, so that it can be read without being run.
"""

import argparse
import base64
import configparser
import io
import os
import re
import sys
import time
from pathlib import Path
from unittest import mock

import jupytext
import nbformat
from nbclient import NotebookClient

from . import answers

FOLDER = Path(__file__).parent
LIMIT = 500_000  # bytes of a notebook, pictures and all
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
#: Tags of cells that readers do not see. They are run, and then left out of the notebook: "guard"
#: holds the prose to the numbers, "guard-full" does so at full size only; "fast" makes sizes
#: smaller, and is run by the tests alone.
GUARD, GUARD_FULL, FAST = "guard", "guard-full", "fast"
#: The tag of text that gives an answer away: readers open it after their guess.
ANSWER = "answer"
FOLDED = "<details><summary><b>What this shows</b> (guess first, then open)</summary>"
EMBEDDED = re.compile(r"(data:image/png;base64,)([A-Za-z0-9+/=]+)")
FIND = """\
# Finds minires: installed, or in the folder above this one.
import importlib.util, sys

if importlib.util.find_spec("minires") is None:
    sys.path.insert(0, "..")
"""
# There may be a folder of the name (a clone of an earlier run): Python then finds a package without
# an origin.
INSTALL = """\
# Finds minires; on Colab, fetches it first, and leaves NumPy, CuPy and Matplotlib as they are.
import importlib.util, os, subprocess, sys

spec = importlib.util.find_spec("minires")
if spec is None or spec.origin is None:
    if "google.colab" in sys.modules:
        if not os.path.isdir("/content/minires"):
            clone = ["git", "clone", "--quiet", "--depth", "1", "{url}", "/content/minires"]
            subprocess.run(clone, check=True)
        needed = ["tqdm", "pooch", "safetensors", "threadpoolctl", "filelock"]
        needed += ["platformdirs", "joblib", "psutil"]
        missing = [name for name in needed if importlib.util.find_spec(name) is None]
        if missing:
            pip = [sys.executable, "-m", "pip", "install", "--quiet"]
            subprocess.run(pip + missing, check=True)
        os.chdir("/content/minires/notebooks")
    sys.path.insert(0, "..")
"""


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m notebooks",
        description="Build and run the notebooks, and write them with their outputs.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="which, by the start of the name, such as 03 (default: all)",
    )
    args = parser.parse_args(arguments)
    chosen = [
        source
        for source in sources()
        if not args.names or source.stem.startswith(tuple(args.names))
    ]
    if not chosen:
        parser.error(
            f"no notebook begins with {' or '.join(args.names)}: there are "
            f"{', '.join(source.stem for source in sources())}"
        )
    for source in chosen:
        started = time.perf_counter()
        answers.write(source)
        notebook = execute(build(source, with_hidden=True))
        text = as_text(notebook)
        path = FOLDER / f"{source.stem}.ipynb"
        path.write_text(text, encoding="utf-8")
        print(
            f"{path.name}: {time.perf_counter() - started:.0f} s, "
            f"{len(text.encode()) / 1000:.0f} kB",
            flush=True,
        )
        if len(text.encode()) > LIMIT:
            sys.exit(
                f"{path.name} is larger than {LIMIT / 1000:.0f} kB: draw smaller or fewer pictures"
            )


def sources():
    """The sources, in order."""
    return sorted((FOLDER / "src").glob("[0-9]*.py"))


def build(source, with_hidden=False):
    """The notebook of a source, without outputs: a badge and a cell that finds minires, then the
    cells of the source, without answers; those that readers do not see only if asked for.
    """
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code" and not hidden(cell)]
    left, _ = answers.taken_out([cell["source"] for cell in code], source.stem[:2])
    for cell, without_answers in zip(code, left):
        cell["source"] = without_answers
    url = repository()
    first = [
        nbformat.v4.new_code_cell((INSTALL.replace("{url}", url) if url else FIND).rstrip("\n"))
    ]
    if url:
        colab = "https://colab.research.google.com"
        page = url.replace("https://github.com/", f"{colab}/github/")
        badge = (
            f"[![Open in Colab]({colab}/assets/colab-badge.svg)]"
            f"({page}/blob/main/notebooks/{source.stem}.ipynb)"
        )
        first.insert(0, nbformat.v4.new_markdown_cell(badge))
    # The title comes first.
    notebook.cells = [notebook.cells[0], *first, *notebook.cells[1:]]
    for i, cell in enumerate(notebook.cells):
        if ANSWER in cell["metadata"].get("tags", ()):
            cell["source"] = f"{FOLDED}\n\n{cell['source']}\n\n</details>"
        cell["id"] = f"cell-{i:03d}"
        cell["metadata"] = {"tags": hidden(cell)} if hidden(cell) else {}
    if not with_hidden:
        notebook.cells = [cell for cell in notebook.cells if not hidden(cell)]
    notebook["metadata"] = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def hidden(cell):
    """The tags for which readers do not see a cell."""
    known = (GUARD, GUARD_FULL, FAST)
    return [tag for tag in cell["metadata"].get("tags", ()) if tag in known]


def repository():
    """Where minires can be fetched from, for Colab: ``url`` in setup.cfg, if it is on GitHub; else
    None.
    """
    settings = configparser.ConfigParser()
    settings.read(FOLDER.parent / "setup.cfg", encoding="utf-8")
    url = settings.get("metadata", "url", fallback="")
    return url.rstrip("/") if url.startswith("https://github.com/") else None


def execute(notebook, fast=False, timeout=600, dataset="synthetic"):
    """Run all cells in a clean kernel, in the folder of the notebooks.

    Parameters
    ----------
    notebook : NotebookNode
    fast : bool
        Sets ``MINIRES_FAST``, by which notebooks take smaller nets and fewer steps, and runs the
        cells that make sizes smaller; without it, the guards that need full sizes are run.
    dataset : str
        Sets ``MINIRES_DATASET``: what is committed shows drawn images, whether or not photographs
        are at hand.
    timeout : float
        Seconds for a cell.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    left_out = GUARD_FULL if fast else FAST
    notebook.cells = [cell for cell in notebook.cells if left_out not in hidden(cell)]
    settings = {"MINIRES_FAST": "1" if fast else "", "MINIRES_DATASET": dataset}
    with mock.patch.dict(os.environ, settings):
        NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            resources={"metadata": {"path": str(FOLDER)}},
        ).execute()
    return notebook


def as_text(notebook):
    """The notebook as its file holds it, without what differs from run to run or is of no use to a
    reader.
    """
    notebook.cells = [cell for cell in notebook.cells if not hidden(cell)]
    count = 0
    for cell in notebook.cells:
        cell["metadata"] = {}
        if cell["cell_type"] == "code" and cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
            for output in cell["outputs"]:
                if "execution_count" in output:
                    output["execution_count"] = count
        for output in cell.get("outputs", ()):
            output.pop("transient", None)
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = _smaller(data["image/png"])
            if "text/html" in data:  # folded results hold their pictures
                data["text/html"] = EMBEDDED.sub(
                    lambda found: found[1] + _smaller(found[2]), "".join(data["text/html"])
                )
            if "metadata" in output:
                output["metadata"] = _of_a_picture(output["metadata"])
    notebook["metadata"] = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    return nbformat.writes(notebook) + "\n"


def _of_a_picture(metadata):
    """Of an output's metadata only what is said of a picture: the size to show it with, and words
    for readers who do not see it.
    """
    known = metadata.get("image/png", {})
    kept = {key: known[key] for key in ("alt", "width", "height") if key in known}
    return {"image/png": kept} if kept else {}


def _smaller(png):
    """A picture (PNG in base 64) with at most 256 colours, which is several times smaller where it
    was drawn by Matplotlib.
    """
    from PIL import Image

    picture, reduced = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), io.BytesIO()
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        reduced, format="PNG", optimize=True
    )
    text = base64.b64encode(reduced.getvalue()).decode()
    return min(text, png.replace("\n", ""), key=len)


if __name__ == "__main__":
    main()
