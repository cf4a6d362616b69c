"""The source of the site: the texts of the repository, the generated pages, and their pictures."""

import json
import shutil
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
    index_pages,
    kernels,
    nets,
    reading,
    source_files,
    speed,
)
from .links import rewrite
from .places import ROOT, pages, read
from .recorded_claims import RECORDED
from .recorded_claims import pictures as claim_pictures

# Each of these modules has a function `pages`.
GENERATORS = (
    api,
    claims,
    commands,
    error_pages,
    explorer,
    glossary,
    index_pages,
    kernels,
    reading,
    speed,
)


class Site(NamedTuple):
    """The source of the site, in memory."""

    texts: dict[str, str]  # path -> content
    pictures: set[str]  # files of the repository that are copied to files/
    images: dict[str, bytes]  # path -> content, of pictures that are drawn for the site
    sources: set[str]  # files and folders of the repository that get a plain page
    broken: list[str]  # "file: link", for each link to a file that does not exist


def site(with_notebooks: bool = True) -> Site:
    """Make all pages. With ``with_notebooks=False``, notebooks have only their first cell."""
    texts: dict[str, str] = {}
    pictures: set[str] = set(claim_pictures())
    sources: set[str] = {*source_files.library_files(), RECORDED}
    broken: list[str] = []

    def add(text, file, page, made=()):
        found = rewrite(text, file, page, made)
        pictures.update(found.pictures)
        sources.update(found.sources)
        broken.extend(f"{file}: {link}" for link in found.broken)
        return found.text

    for module in GENERATORS:
        texts.update(module.pages())
    sources |= {f"tests/kernels/{path.name}" for path in (ROOT / "tests/kernels").glob("*.py")}
    by_hand = sorted(path.name for path in (ROOT / "docs" / "site").glob("*.md"))
    made = {*texts, *pages().values(), *by_hand}
    for name in by_hand:
        text = read(f"docs/site/{name}").replace(nets.MARK, nets.table())
        texts[name] = add(text, f"docs/site/{name}", name, made)
    for file, page in pages().items():
        if page.endswith(".ipynb"):
            texts[page] = _notebook(file, page, add, with_notebooks)
        else:
            text = add(read(file), file, page)
            texts[page] = text if text.startswith("# ") else f"# {_title(file)}\n\n{text}"
    return Site(texts, pictures, speed.charts(), sources, broken)


def write(found: Site, source: Path, extra: Path) -> None:
    """Write the site.

    Files that did not change are not written again, so that Sphinx reads only new ones. Files of an
    earlier run that are no longer made are deleted.

    Parameters
    ----------
    found : Site
    source : Path
        The folder for everything that Sphinx reads.
    extra : Path
        The folder for plain pages, which Sphinx only copies.
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
    """A notebook with its stored outputs, and with links that work in the site; with its first cell
    only, if not `whole`.
    """
    notebook = json.loads(read(file))
    if not whole:
        notebook["cells"] = notebook["cells"][:1]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = add("".join(cell["source"]), file, page)
    return json.dumps(notebook, ensure_ascii=False)


def _title(file: str) -> str:
    """The title of a page whose text has none: these are the tables of benchmarks."""
    return f"Benchmark: {Path(file).stem}"
