"""Where each file of the repository is shown in the site."""

import posixpath
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Files outside docs/ that become pages -> their pages.
PAGES = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/NOTES.md": "guide/benchmark_notes.md",
    "data/README.md": "guide/data.md",
}


def pages() -> dict[str, str]:
    """File of the repository -> its page in the source of the site.

    Every text in docs/ and every notebook has a page, so a new one needs no entry.
    """
    found = dict(PAGES)
    for path in sorted((ROOT / "docs").glob("*.md")):
        found[f"docs/{path.name}"] = f"guide/{path.name}"
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.md")):
        found[f"benchmarks/results/{path.name}"] = f"guide/benchmark_{path.name}"
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found[f"notebooks/{path.name}"] = f"notebooks/{path.name}"
    return found


def relative(target: str, page: str) -> str:
    """The relative path from a page to `target`; both are given as paths from the top of the
    site.
    """
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def source_page(path: str) -> str:
    """The page that shows a file or folder of the repository, as a path from the top of the
    site.
    """
    if (ROOT / path).is_dir():
        return posixpath.join("source", path, "index.html")
    return f"source/{path}.html"


def read(path: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")
