"""The hook that limits a submission's process: it may compute, and read and write in its own
folder.

The hook sees the events that Python reports (PEP 578). It stops accidents, copying and the usual
tricks, but it is no prison for somebody who writes machine code. Answers are compared in another
process, so that nothing done here changes how they are judged.
"""

import builtins
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.kill",
    "os.killpg",
    "pty.spawn",
    "os.chflags",
    "resource.prlimit",
    "sqlite3.connect",
    "ctypes.dlopen",
    "ctypes.dlsym",
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
    "shutil.copytree",
    "os.chdir",
)
MODULES = ("readline", "_dbm", "_gdbm")  # they open files without reporting it
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Functions whose system calls Python does not report.
SILENT = {
    "posix": (
        "mkfifo",
        "mknod",
        "pidfd_open",
        "setpriority",
        "sched_setaffinity",
        "sched_setparam",
        "sched_setscheduler",
    ),
    "_signal": ("pidfd_send_signal",),
    "_posixsubprocess": ("fork_exec",),
}


def close(folder: str, unreadable: Sequence[str]) -> None:
    """Close this process in: from here on, it changes nothing outside `folder`, reads nothing in
    `unreadable`, and starts no programs or connections.

    Parameters
    ----------
    folder : str
        The folder of the submission.
    unreadable : list of str
        Files and folders, such as the checks and other submissions.
    """
    import signal
    import subprocess

    for module, names in SILENT.items():
        for user in (sys.modules.get(module), os, signal, subprocess):
            for name in (*names, *(f"_{name}" for name in names)):
                if hasattr(user, name):
                    setattr(user, name, _refused)
    system = _private("os")
    vars(system)["path"] = _private(os.path.__name__, os=system, stat=_private("stat"))
    sys.addaudithook(_private(__name__, os=system).hook(folder, unreadable))


def _refused(*arguments, **settings):
    raise PermissionError("not while a submission is graded")


def _private(name, **others):
    """A private copy of a module, which uses its own built-in functions.

    A submission that replaces `any` or `os.path.realpath` changes nothing there.
    """
    spec = find_spec(name)
    copy = module_from_spec(spec)
    vars(copy)["__builtins__"] = dict(vars(builtins))
    spec.loader.exec_module(copy)
    vars(copy).update(others)
    return copy


def hook(folder: str, unreadable: Sequence[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """Make the audit hook, which raises PermissionError for forbidden events."""
    own, secret = os.path.realpath(folder), tuple(os.path.realpath(path) for path in unreadable)
    allowed, mine = (own, os.path.realpath(os.devnull)), f"/proc/{os.getpid()}/"

    def inside(path, folders):
        return any(path == one or path.startswith(one.rstrip(os.sep) + os.sep) for one in folders)

    def real(path):
        return os.path.realpath(os.fsdecode(path))

    def is_secret(path):
        is_process = path.startswith("/proc/") and path[6:7].isdigit()
        return (is_process and not path.startswith(mine) or inside(path, secret)) and not inside(
            path, (own,)
        )

    def climbs(path):
        """Whether a relative path goes up: it may start at a `dir_fd`, which is not reported."""
        return not os.path.isabs(path) and os.pardir in os.fsdecode(path).replace(
            os.altsep or os.sep, os.sep
        ).split(os.sep)

    def watch(event, arguments):
        if (
            event in FORBIDDEN
            or event == "import"
            and arguments[0] in MODULES
            or event == "object.__setattr__"
            and arguments[1] == "__code__"
        ):
            raise PermissionError(f"{event}: forbidden while a submission is graded")
        if event in ("open", "os.listdir", "os.scandir") and isinstance(
            arguments[0], (str, bytes, os.PathLike)
        ):
            path = real(arguments[0])
            if is_secret(path):
                raise PermissionError(
                    f"{Path(path).name}: cannot be read while a submission is graded"
                )
            if event != "open":
                return
            mode, flags = arguments[1], arguments[2]
            writes = (
                any(c in mode for c in "wax+")
                if isinstance(mode, str)
                else bool((flags or 0) & WRITING)
            )
            writes = writes or mode is None and os.path.isdir(path)  # opened as a dir_fd
            if writes and not inside(path, allowed) or mode is None and climbs(arguments[0]):
                raise PermissionError(f"{path}: a submission can write only in its own folder")
        elif event in CHANGES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes, os.PathLike)) and (
                    climbs(path) and event != "os.chdir" or not inside(real(path), (own,))
                ):
                    raise PermissionError(f"{path}: a submission can change only its own folder")

    return watch


def limit(memory: int, seconds: int, threads: int | None = None) -> None:
    """Limit what this process can use: memory, processor time, files and threads.

    Files may have 256 MB, 256 of them may be open, and there are no core dumps. On systems without
    such limits, do nothing.

    Parameters
    ----------
    memory : int
        Bytes.
    seconds : int
    threads : int, optional
        Threads and processes together. Only for a process in a namespace of its own: elsewhere all
        programs of the user count. The limit does not hold for root.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, amount in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 256 * 1024**2),
        (resource.RLIMIT_NOFILE, 256),
        *([] if threads is None else [(resource.RLIMIT_NPROC, threads)]),
    ):
        try:
            resource.setrlimit(kind, (amount, amount))
        except (ValueError, OSError):  # macOS refuses some
            pass
