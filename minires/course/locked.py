"""Modules whose functions stay what they are.

Where student's code and checks run in one process, as in a notebook or under nbgrader, a check that
can be replaced by one line would be worth nothing.
"""

import sys
import types


def lock(module: str, *names: str) -> None:
    """Let an attempt to replace `names` in the module called `module` be an error."""

    class Locked(types.ModuleType):
        def __setattr__(self, name, value):
            if name in names:
                raise AttributeError(f"{module}.{name} cannot be replaced")
            super().__setattr__(name, value)

    sys.modules[module].__class__ = Locked
