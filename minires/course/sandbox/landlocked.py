"""The wall for Linux without bubblewrap: a process closes itself in with Landlock and seccomp.

Landlock (Linux 5.13) takes rights to files from a process, and in later versions TCP, signals to
others and abstract sockets; the filter of `syscalls.py` takes new processes and all other sockets.
Not held: names, sizes and times of files can be asked for (`os.stat`), so processes of others can
be counted; and the disk is limited by the size of each file, not by how many there are.

Two packages bind Landlock. `py-landlock` knows its versions up to 7, network and scopes included,
and takes what the kernel has (`strict=False`); `landlock` knows files only.
"""

import os
from collections.abc import Sequence
from functools import cache

from . import syscalls

OWN_MEMORY = "/proc/self/maps"  # by which threadpoolctl finds the libraries of this process
DEVICES = (os.devnull, "/dev/zero", "/dev/urandom", "/dev/random")


@cache
def why_not() -> str | None:
    """Why this wall cannot be had here, or None."""
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
    """From here on this process reads `readable`, writes in `folder`, and talks to nobody.

    Landlock has no "all but": where something within a folder is to stay hidden, the folder is
    `listed` and its other entries are `readable`.

    Parameters
    ----------
    folder : str
        The folder of the submission.
    readable : list of str
        Files and folders with all in them.
    listed : list of str
        Folders whose names can be seen, so that Python finds modules there.

    Raises
    ------
    RuntimeError
        If other threads run, which would stay outside.
    """
    from py_landlock import AccessFs, Landlock

    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("Landlock closes in one thread, and there are others")
    system_calls = syscalls.rules(alone=True)  # now: it looks for its library all over the system
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
    # Moving a file from one folder to another is a right of its own, here within `folder` alone.
    rules.allow_read_write(folder).add_path_rule(folder, access=AccessFs.REFER)
    rules.apply()
    system_calls.load()
