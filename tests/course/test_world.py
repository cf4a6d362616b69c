"""The copy of minires that a submission sees, made while other graders clear up."""

import os

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
