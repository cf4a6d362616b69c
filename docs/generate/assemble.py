"""The source of the site: the texts of the repository, the made pages, and what they show."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import (
    api,
    claims,
    commands,
    dark,
    error_pages,
    explorer,
    glossary,
    kernels,
    nets,
    reading,
    source_files,
    speed,
)
from .links import rewrite
from .places import ROOT, pages, read
from .recorded_claims import pictures as claim_pictures

MADE = (api, claims, commands, error_pages, explorer, glossary, kernels, reading, speed)


class Site(NamedTuple):
    """What Sphinx needs, each as path -> content."""

    texts: dict[str, str]
    pictures: set[str]  # files of the repository that are copied to files/
    images: dict[str, bytes]
    sources: set[str]  # files and folders of the repository that have a page of their own
    broken: list[str]  # "file: link"


def site(with_notebooks: bool = True) -> Site:
    """Everything, in memory. `with_notebooks=False` leaves the notebooks' pages empty."""
    texts: dict[str, str] = {}
    pictures: set[str] = set(claim_pictures())
    sources: set[str] = {*source_files.library_files(), *(f"{claims.RECORDED}",)}
    broken: list[str] = []

    def add(text, file, page, made=()):
        found = rewrite(text, file, page, made)
        pictures.update(found.pictures)
        sources.update(found.sources)
        broken.extend(f"{file}: {link}" for link in found.broken)
        return found.text

    for module in MADE:
        texts.update(module.pages())
    sources |= {f"tests/kernels/{path.name}" for path in (ROOT / "tests/kernels").glob("*.py")}
    by_hand = sorted(path.name for path in (ROOT / "docs" / "site").glob("*.md"))
    made = {*texts, *pages().values(), *by_hand, "notebooks/index.md", "guide/index.md"}
    for name in by_hand:
        text = read(f"docs/site/{name}").replace(nets.MARK, nets.table())
        texts[name] = add(text, f"docs/site/{name}", name, made)
    for file, page in pages().items():
        if page.endswith(".ipynb"):
            texts[page] = _notebook(file, page, add, with_notebooks)
        else:
            text = add(read(file), file, page)
            texts[page] = text if text.startswith("# ") else f"# {_title(file)}\n\n{text}"
    texts["notebooks/index.md"] = _notebooks()
    texts["guide/index.md"] = _guide(page for page in pages().values() if page.startswith("guide/"))
    return Site(texts, pictures, speed.charts(), sources, broken)


def write(found: Site, source: Path, extra: Path) -> None:
    """Write the source of the site to the folder `source`, and its plain pages to `extra`.

    A file that is as it was stays untouched, so that Sphinx reads only what is new. Files of an
    earlier run that are no longer made are deleted.
    """
    files = {path: text.encode() for path, text in found.texts.items()} | found.images
    files |= {f"files/{path}": (ROOT / path).read_bytes() for path in found.pictures}
    files |= dark.figures()
    _write_all(files, source)
    plain = source_files.pages(found.sources) | explorer.files()
    _write_all({path: text.encode() for path, text in plain.items()}, extra)


def _write_all(files: dict[str, bytes], folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def _notebook(file, page, add, whole):
    """A notebook with its stored outputs and the links of the site."""
    notebook = json.loads(read(file))
    if not whole:
        notebook["cells"] = notebook["cells"][:1]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = add("".join(cell["source"]), file, page)
    return json.dumps(notebook, ensure_ascii=False)


def _notebooks() -> str:
    """The list of notebooks: the title and the first paragraph of each."""
    parts = [
        "# Notebooks",
        "Each builds a piece by hand, puts the library's beside it, and checks that both agree. "
        "They are shown here with the outputs they were run with; answers are folded. To run them: "
        '`pip install -e ".[notebooks]" && jupyter lab notebooks`.',
    ]
    names = [page for page in pages().values() if page.endswith(".ipynb")]
    for page in names:
        first = "".join(json.loads(read(page))["cells"][0]["source"])
        title, _, rest = first.partition("\n\n")
        about = " ".join(rest.split("\n\n")[0].split())
        number, _, words = title.removeprefix("# ").partition(" · ")
        parts.append(f"**[{number}: {words}]({page.split('/')[-1]})**  \n{about}")
    listed = "\n".join(page.split("/")[-1].removesuffix(".ipynb") for page in names)
    parts.append(f"```{{toctree}}\n:hidden:\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


GROUPS = {
    "In Python": ("library", "notebooks", "gpu", "speed"),
    "Experiments": (
        "experiment",
        "claims",
        "verdicts",
        "laboratory",
        "power",
        "paper_size",
        "texts",
        "literature",
        "presets",
        "depth",
        "ten_seeds",
        "pooled_runs",
        "training",
        "data",
    ),
    "Trained nets and photographs": (
        "nets",
        "public_weights",
        "folders",
        "photographs",
        "transfer",
    ),
    "Clusters and several processes": ("cluster", "many_machines"),
    "Coursework": ("instructors", "teaching_plans"),
    "Working on minires": ("first_change", "benchmark_notes"),
}


def _title(file: str) -> str:
    """Of a page whose file has none: a table of benchmarks."""
    return f"Benchmark: {Path(file).stem}"


def _guide(found: Iterable[str]) -> str:
    """The list of texts, by groups; what is in no group comes last."""
    names = sorted(page.removeprefix("guide/").removesuffix(".md") for page in found)
    grouped = {name for group in GROUPS.values() for name in group}
    groups = {**GROUPS, "More": tuple(name for name in names if name not in grouped)}
    parts = [
        "# Guides",
        "Texts for a purpose: run an experiment, use trained nets, teach a course, work on minires "
        "itself. Each says at its top for whom it is.",
    ]
    for title, group in groups.items():
        there = [name for name in group if name in names]
        if there:
            listed = "\n".join(there)
            parts.append(f"```{{toctree}}\n:caption: {title}\n:maxdepth: 1\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"
