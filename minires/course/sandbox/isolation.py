"""The walls that the operating system can put around a submission's process.

bubblewrap   namespaces of its own and a filter of system calls: the process sees a read-only
             system, a small file system in memory and a minires without checks and solutions;
             no network, no other processes, no files of others. Linux, with the program ``bwrap``.
bubblewrap-unfiltered
             the same without the filter, where pyseccomp or libseccomp is missing.
container    the same by podman or docker, with an image of its own. Only if it is asked for.
landlock     the process closes itself in: no files of others, no network, no new processes. It
             shares all else with the machine. Linux, with the packages py-landlock and pyseccomp.
process      only the hook of `guard.py`, which Python code that means it can get round. For
             trusted students.
"""

from collections.abc import Callable

from ...errors import ConfigError, unknown_name
from . import bubblewrap, container, landlocked, syscalls

BUBBLEWRAP, UNFILTERED, CONTAINER = "bubblewrap", "bubblewrap-unfiltered", "container"
LANDLOCK, PROCESS = "landlock", "process"
NAMES = (BUBBLEWRAP, UNFILTERED, CONTAINER, LANDLOCK, PROCESS)  # the strongest first
WORDS = {
    BUBBLEWRAP: "bubblewrap: files, network and processes of its own, and a filter of system calls",
    UNFILTERED: "bubblewrap, without a filter of system calls: files, network and processes of "
    "its own",
    CONTAINER: "container: files, network and processes of its own, and a filter of system calls",
    LANDLOCK: "landlock: no files of others, no network, no new processes; it can see that files "
    "and processes exist",
    PROCESS: "process: a hook in Python, for trusted students; determined students can get around "
    "it",
}
#: Walls that report a process ended by a signal as a shell does: 128 + the signal.
LIKE_A_SHELL = (BUBBLEWRAP, UNFILTERED, CONTAINER)
TITLES = {CONTAINER: "a container", LANDLOCK: "Landlock"}


def choose(name: str | None = None) -> str:
    """Choose an isolation: `name`, or by default the strongest that works here.

    A container is never the default. Where there is no filter of system calls, "bubblewrap" means
    bubblewrap without it.

    Raises
    ------
    ConfigError
        If there is no isolation of that name, or it does not work here.
    """
    if name is None:
        candidates = (one for one in NAMES if one != CONTAINER)
        name = next(one for one in candidates if why_not(one) is None)
    if name not in NAMES:
        raise unknown_name("--isolation", "isolation", name, NAMES)
    if name == BUBBLEWRAP and bubblewrap.why_not() is None and not bubblewrap.filtered():
        name = UNFILTERED
    reason = why_not(name)
    if reason is not None:
        others = [one for one in NAMES if why_not(one) is None] if name != CONTAINER else [PROCESS]
        raise ConfigError(
            "--isolation",
            f"{TITLES.get(name, name)} does not work here",
            "a machine that has what it needs",
            reason,
            f"or choose {others[0]}",
        )
    return name


def why_not(name: str) -> str | None:
    """Why an isolation does not work here and what to do about it, or None if it works."""
    return _REASONS[name]()


_REASONS: dict[str, Callable[[], str | None]] = {
    BUBBLEWRAP: lambda: bubblewrap.why_not() or syscalls.why_not(),
    UNFILTERED: bubblewrap.why_not,
    CONTAINER: container.why_not,
    LANDLOCK: landlocked.why_not,
    PROCESS: lambda: None,
}
