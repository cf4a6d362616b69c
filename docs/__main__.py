"""Build the site: ``python -m docs``. It needs ``pip install -e ".[docs]"`` and no network."""

import argparse
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / "_build"
# Module -> the package that it comes with.
NEEDED = {
    "sphinx": "sphinx",
    "myst_nb": "myst-nb",
    "numpydoc": "numpydoc",
    "sphinx_design": "sphinx-design",
    "sphinx_copybutton": "sphinx-copybutton",
    "furo": "furo",
    "mathjax": "django-static-mathjax",
}
MATHJAX = "tex-svg-full.js"  # the one file of MathJax that the pages load; see conf.py


def main(argv: list[str] | None = None) -> int:
    """Build the site and return the exit status: 0, or 1 if it failed.

    Raises
    ------
    SystemExit
        With the status 2, for wrong options.
    """
    parser = argparse.ArgumentParser(
        prog="python -m docs",
        description="Build the documentation as a site that works without a server and without a "
        "network, in docs/_build/html.",
    )
    parser.add_argument(
        "--zip", action="store_true", help="also pack it as docs/_build/minires.zip"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete the files of earlier builds first"
    )
    parser.add_argument(
        "--without-notebooks",
        action="store_true",
        help="show only the first cell of each notebook, for a quick look at the other pages",
    )
    args = parser.parse_args(argv)
    missing = missing_packages()
    if missing:
        print(
            f"docs: cannot build the site: packages are missing: {', '.join(missing)}; "
            'pip install -e ".[docs]"',
            file=sys.stderr,
        )
        return 1
    if args.fresh and BUILD.exists():
        shutil.rmtree(BUILD)
    status = build(BUILD, not args.without_notebooks)
    if status == 0:
        print(f"docs: the site is built; open {BUILD / 'html' / 'index.html'}")
        if args.zip:
            packed = shutil.make_archive(str(BUILD / "minires"), "zip", BUILD, "html")
            print(f"docs: packed as {packed}")
    return status


def missing_packages() -> list[str]:
    """The packages of the extra ``docs`` that are not installed."""
    return [package for module, package in NEEDED.items() if find_spec(module) is None]


def build(folder: Path, with_notebooks: bool = True) -> int:
    """Assemble the source of the site and build it with Sphinx. A warning is an error.

    Parameters
    ----------
    folder : Path
        The site is written to its folder ``html``; the other folders hold what it is made from.
    with_notebooks : bool
        False shows only the first cell of each notebook.

    Returns
    -------
    int
        The exit status: 0, or 1 for a broken link or a warning of Sphinx.
    """
    from sphinx.cmd.build import build_main

    from .generate import assemble

    found = assemble.site(with_notebooks)
    if found.broken:
        print("docs: links that lead to no file:", *found.broken, sep="\n    ", file=sys.stderr)
        return 1
    source, extra, static = (folder / name for name in ("source", "extra", "static"))
    assemble.write(found, source, extra)
    formulas = static / "mathjax" / MATHJAX
    formulas.parent.mkdir(parents=True, exist_ok=True)
    package = Path(str(find_spec("mathjax").origin)).parent
    shutil.copy(package / "static" / "mathjax" / "es5" / MATHJAX, formulas)
    words = ["-b", "html", "-c", str(HERE), "-d", str(folder / "doctrees"), "-q"]
    words += ["-W", "--keep-going", "-D", f"html_extra_path={extra}"]
    words += ["-D", f"html_static_path={HERE / 'site' / 'static'},{static}"]
    return build_main([*words, str(source), str(folder / "html")])


if __name__ == "__main__":
    sys.exit(main())
