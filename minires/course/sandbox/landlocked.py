"""The wall for Linux without bubblewrap: a process locks itself in with Landlock and seccomp.

Landlock (Linux 5.13) takes away a process's rights to files, and in later versions TCP, signals to
others and abstract sockets. The filter of `syscalls.py` takes away new processes and all other
sockets. Two things are not held: a process can find out names, sizes and times of files (`os.stat`)
and so count other processes, and only the size of each file is limited, not the number of files.

There are two Python packages for Landlock. `py-landlock` supports versions up to 7, network and
scopes included, and uses what the kernel has (`strict=False`); `landlock` supports files only.
"""

import os
from collections.abc import Sequence
from functools import cache

from . import syscalls

OWN_MEMORY = "/proc/self/maps"  # where threadpoolctl finds the libraries of this process
DEVICES = (os.devnull, "/dev/zero", "/dev/urandom", "/dev/random")


@cache
def why_not() -> str | None:
    """Why this wall does not work here, or None."""
    try:
        from py_landlock import LandlockError, get_abi_version
    except ImportError:
        return "the package py-landlock is missing: pip install py-landlock"
    try:
        get_abi_version()
    except (LandlockError, OSError) as error:
        return f"this kernel has no Landlock: {error}"
    return syscalls.why_not()


def close(folder: str, readable: Sequence[str], listed: Sequence[str]) -> None:
    """Lock this process in: from here on, it can only read `readable` and write in `folder`.

    Landlock cannot say "all but". To hide something in a folder, put the folder in `listed` and its
    other entries in `readable`.

    Parameters
    ----------
    folder : str
        The folder of the submission.
    readable : list of str
        Files, and folders with everything in them.
    listed : list of str
        Folders whose names can be seen, so that Python finds modules there.

    Raises
    ------
    RuntimeError
        If other threads run, which would stay outside the wall.
    """
    from py_landlock import AccessFs, Landlock

    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("Landlock closes in one thread only, but others are running")
    # Before the rules, because pyseccomp looks for its library all over the system.
    system_calls = syscalls.rules(alone=True)
    rules = Landlock(strict=False)
    for path in readable:
        if os.path.isdir(path):
            rules.allow_read(path)
        elif os.path.exists(path):
            rules.add_path_rule(path, access=AccessFs.READ_FILE)
    for path in listed:
        rules.add_path_rule(path, access=AccessFs.READ_DIR)
    for path in (*DEVICES, OWN_MEMORY):
        rules.add_path_rule(path, access=AccessFs.READ_FILE)
    rules.add_path_rule(os.devnull, access=AccessFs.WRITE_FILE | AccessFs.TRUNCATE)
    # Moving files between folders is a separate right, granted only within `folder`.
    rules.allow_read_write(folder).add_path_rule(folder, access=AccessFs.REFER)
    rules.apply()
    system_calls.load()
