"""Lock the functions of a module, so that they cannot be replaced.

In a notebook and under nbgrader, students' code and checks run in one process. A check that one
line could replace would be worth nothing there.
"""

import sys
import types


def lock(module: str, *names: str) -> None:
    """Make it an error to replace one of `names` in the module called `module`.

    Assigning to such a name raises AttributeError.
    """

    class Locked(types.ModuleType):
        def __setattr__(self, name, value):
            if name in names:
                raise AttributeError(f"{module}.{name} cannot be replaced")
            super().__setattr__(name, value)

    sys.modules[module].__class__ = Locked
