"""The copy of minires that a submission sees, made while other graders clear up."""

import ast
import os
from pathlib import Path

from filelock import FileLock

from minires.course.sandbox import world


def test_a_world_that_is_being_made_is_not_swept_away(monkeypatch):
    """Another grader may clear up at the moment when the lock exists and nobody holds it yet."""

    class Slow(FileLock):
        def acquire(self, *args, **settings):
            if (
                not args and not settings
            ):  # the lock of the process that makes the world: it has no time limit
                open(self.lock_file, "w").close()
                monkeypatch.setattr(world, "FileLock", FileLock)
                world._sweep()
                assert os.path.exists(self.lock_file)
            return super().acquire(*args, **settings)

    monkeypatch.setattr(world, "FileLock", Slow)
    folder = world.world.__wrapped__(None)
    assert (folder / "minires" / "__init__.py").exists() and (folder / "lock").exists()


def imported(name, text):
    """The files of `course` that a file of it imports when it is imported itself."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = Path("course", name).parents[node.level - 1]
            module = folder.joinpath(*(node.module or "").split("."))
            found = [module.with_suffix(".py")] if node.module else []
            found += [module / f"{one.name}.py" for one in node.names]
            for path in found:
                if path.parts[0] == "course" and (world.PACKAGE / path).is_file():
                    yield path.relative_to("course").as_posix()


def test_what_a_submission_imports_is_in_its_world():
    course = world.PACKAGE / "course"
    missing = {
        (name, needed)
        for name in world.COURSE
        for needed in imported(name, (course / name).read_text(encoding="utf-8"))
        if needed not in world.COURSE
    }
    assert not missing, "add these to COURSE, if a student may read them"
    assert [
        *imported("calling.py", "from .mark import mark\n\ndef f():\n    from . import pool")
    ] == ["mark.py"]
    assert [*imported("sandbox/child.py", "from .. import grade\nfrom ..things import At")] == [
        "grade.py",
        "things.py",
    ]
