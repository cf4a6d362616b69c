"""What the operating system keeps from a submission's process.

bubblewrap   namespaces of its own: the process sees a read-only system, its own folder and minires
             without checks and model solutions; no network, no other processes, no files of
             others. Whatever it starts ends with it. Linux, with the program ``bwrap``.
process      only the hook of `guard.py`, which Python code that means it can get round. For
             students whom you trust.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ...errors import ConfigError, unknown_name

BUBBLEWRAP, PROCESS = "bubblewrap", "process"
NAMES = (BUBBLEWRAP, PROCESS)  # the strongest first
WORDS = {
    BUBBLEWRAP: "bubblewrap: a file system, network and processes of its own",
    PROCESS: "process: a hook in Python, for students whom you trust",
}
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts")
ALONE = ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")


def choose(name: str | None = None) -> str:
    """The isolation of that name, by default the strongest that works here.

    Raises
    ------
    ConfigError
        If there is none of that name, or it does not work here.
    """
    if name is None:
        return BUBBLEWRAP if bubblewrap_works() else PROCESS
    if name not in NAMES:
        raise unknown_name("--isolation", "isolation", name, NAMES)
    if name == BUBBLEWRAP and not bubblewrap_works():
        found = shutil.which("bwrap")
        raise ConfigError(
            "--isolation",
            "bubblewrap does not work here",
            "the program bwrap, and a kernel that lets users make namespaces",
            f"{found}, which fails" if found else "no such program",
            "on Debian and Ubuntu: apt install bubblewrap",
        )
    return name


@cache
def bubblewrap_works() -> bool:
    """Whether ``bwrap`` is installed and may make namespaces: it is tried."""
    if shutil.which("bwrap") is None:
        return False
    trial = ["bwrap", *ALONE, "--ro-bind", "/", "/", "true"]
    try:
        return subprocess.run(trial, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command(
    isolation: str,
    program: Sequence[str],
    folder: Path,
    readable: Sequence[Path],
    hidden: Sequence[Path],
) -> list[str]:
    """The command that runs `program` behind this wall.

    Parameters
    ----------
    isolation : str
        As `choose` returns it.
    program : list of str
    folder : Path
        The only place where it can write.
    readable : list of Path
        What it may read beside Python and the system.
    hidden : list of Path
        Folders within `readable` that are empty for it.
    """
    if isolation == PROCESS:
        return list(program)
    words = ["bwrap", *ALONE, "--die-with-parent", "--new-session"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for path in [*SYSTEM, sys.base_prefix, sys.prefix, *readable]:
        words += ["--ro-bind-try", str(path), str(path)]
    for path in hidden:
        words += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return [*words, "--bind", str(folder), str(folder), "--chdir", str(folder), *program]
