"""The world of a submission: a copy of minires without anything worth stealing.

It lacks the checks, the model solutions and the grader, and the functions that the assignment asks
for have no bodies in its source. Whatever a submission reads, imports or disassembles there, a
student has anyway.
"""

import ast
import json
import os
import py_compile
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from filelock import FileLock, Timeout

from .. import hold_back

PACKAGE = Path(__file__).resolve().parents[2]
PREFIX = "minires-world-"
#: Top-level parts of minires that no submission needs; notebooks and lessons also hold solutions.
LEFT_OUT = ("__main__.py", "cli", "notebooks", "lessons", "course")
#: The only files of `course` in the copy: a new file stays outside until somebody adds it here.
COURSE = (
    "__init__.py",
    "hold_back.py",
    "locked.py",
    "compare.py",
    "calling.py",
    "meanings.py",
    "across.py",
    "array_picture.py",
    "things.py",
    "choices.py",
    "sandbox/child.py",
    "sandbox/guard.py",
    "sandbox/wire.py",
    "sandbox/syscalls.py",
    "sandbox/landlocked.py",
)
KINDS = (".py", ".txt", ".typed")  # no CUDA sources: they are solutions too, and there is no GPU
#: Functions that are held back but keep their bodies, because they run while minires is imported.
#: None of them answers a task. (Those of `error_comparison` make functions: only the inner ones are
#: emptied.)
RUN_ON_IMPORT = {
    "kernels.cpu.workspace": ("__init__",),
    "models.imagenet": ("_takes_settings_of",),
    "experiments.claims.frame.error_comparison": ("measure", "draw", "difference_of"),
}
FONTS = "/usr/share/fonts/"  # the system's fonts; a user's own fonts would tell whose machine it is


@cache
def world(assignment: str | None) -> Path:
    """Make the world of an assignment: a folder with ``minires`` and Matplotlib's list of fonts.

    Each grading process makes it once, for all its submissions; behind every wall but `process`
    none of them can write there. It is removed when the process ends. If a grader was killed, its
    world is removed when the next one is made.

    Parameters
    ----------
    assignment : str or None
        Such as "a2"; with None nothing is held back.

    Returns
    -------
    Path
    """
    _sweep()
    # Its name begins with a dot until it is locked, so that `_sweep` leaves it alone.
    unlocked = Path(tempfile.mkdtemp(prefix=f".{PREFIX}")).resolve()
    unlocked.chmod(0o755)  # in a container another user reads it, and it holds no secrets
    lock = FileLock(unlocked / "lock")
    lock.acquire()
    folder = unlocked.rename(unlocked.with_name(unlocked.name.removeprefix(".")))
    # Not `atexit`, which the workers of a pool do not run.
    Finalize(None, _remove, (folder, lock), exitpriority=1)
    fill(folder / "minires", assignment)
    _list_fonts(folder / "matplotlib")
    return folder


def fill(folder: Path, assignment: str | None) -> None:
    """Write the copy of minires into a folder, compiled, because submissions cannot write there."""
    emptied = dict(_emptied(assignment)) if assignment else {}
    for path in _files():
        relative = path.relative_to(PACKAGE)
        copy = folder / relative
        copy.parent.mkdir(parents=True, exist_ok=True)
        names = emptied.get(path, ())
        if assignment and names != ():
            copy.write_text(_without_bodies(path, names, assignment), encoding="utf-8")
        else:
            shutil.copyfile(path, copy)
    # The grader's side of the sandbox stays out.
    (folder / "course" / "sandbox" / "__init__.py").write_text("", encoding="utf-8")
    for copy in folder.rglob("*.py"):
        py_compile.compile(
            str(copy),
            dfile=f"/world/minires/{copy.relative_to(folder)}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def _files() -> Iterator[Path]:
    course = PACKAGE / "course"
    chosen = [path for path in PACKAGE.iterdir() if path.name not in LEFT_OUT]
    chosen += [course / name for name in COURSE]
    for path in chosen:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in KINDS and "__pycache__" not in file.parts and file.is_file():
                yield file


def _emptied(assignment):
    """Yield each file in which functions lose their bodies, with their names, or None for all."""
    for entry in hold_back.MODULES[assignment]:
        name, _, names = entry.partition(":")
        if name in hold_back.STILL_USED:
            continue  # emptied when the process starts, because layers still draw weights with it
        place = PACKAGE.joinpath(*name.split("."))
        files = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            yield file, names.split(",") if names else None


def _without_bodies(path: Path, names: list[str] | None, assignment: str) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    _Emptier(names, RUN_ON_IMPORT.get(module, ()), assignment).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))  # this drops comments too


class _Emptier(ast.NodeTransformer):
    """Removes the bodies of functions and lambdas; names, arguments and docstrings stay."""

    def __init__(self, names, kept, assignment):
        self.names, self.kept, self.assignment, self.inside = names, kept, assignment, []

    def visit_ClassDef(self, node):
        if self.inside or self.names is None or node.name in self.names:
            self.inside.append(node.name)
            self.generic_visit(node)
            self.inside.pop()
        return node

    def visit_FunctionDef(self, node):
        if not self.inside and self.names is not None and node.name not in self.names:
            return node
        self.inside.append(node.name)
        if node.name in self.kept:
            if node.name != "_takes_settings_of":
                self.generic_visit(node)
        else:
            docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
            node.body = [*docstring, *self._refusal()]
        self.inside.pop()
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        if self.inside or self.names is None:
            self.inside.append("<lambda>")
            node.body = self._refusal()[0].value
            self.inside.pop()
        return node

    def _refusal(self):
        name = ".".join(self.inside)
        return ast.parse(
            "__import__('minires.course.hold_back', fromlist=['refuse'])"
            f".refuse({name!r}, {self.assignment!r})"
        ).body


def _list_fonts(folder: Path) -> None:
    """Write Matplotlib's list of fonts, so that not every submission has to search for fonts."""
    from matplotlib import font_manager as manager

    folder.mkdir()
    file = folder / f"fontlist-v{manager.FontManager.__version__}.json"
    manager.json_dump(manager.fontManager, str(file))
    fonts = json.loads(file.read_text(encoding="utf-8"))
    for kind in ("ttflist", "afmlist"):
        fonts[kind] = [
            font
            for font in fonts[kind]
            if not os.path.isabs(font["fname"]) or font["fname"].startswith(FONTS)
        ]
    file.write_text(json.dumps(fonts), encoding="utf-8")


def _sweep() -> None:
    """Remove worlds whose process ended without removing them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        lock = FileLock(folder / "lock")
        try:
            if (folder / "lock").exists():
                lock.acquire(timeout=0)
                _remove(folder, lock)
        except (Timeout, OSError):  # in use, or somebody else's
            pass


def _remove(folder, lock):
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
