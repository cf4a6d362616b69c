"""What a submission's process may do: compute, and read and write in its own folder.

The hook sees what Python itself reports (PEP 578). It stops accidents, copying and the usual tricks; it is no prison for somebody
who writes machine code. Answers are compared in another process, so that nothing done in this one changes how they are judged.
"""

import os
import sys
from pathlib import Path

FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system", "os.exec",
             "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.kill", "os.killpg", "pty.spawn", "os.chflags")
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "os.utime",
           "shutil.rmtree", "shutil.move", "shutil.copyfile", "shutil.copytree")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def close(folder, unreadable):
    """From here on nothing outside `folder` is changed, nothing in `unreadable` is read, and no program or connection is opened.

    Parameters
    ----------
    folder : str
        The folder of the submission.
    unreadable : list of str
        Files and folders: what is graded, the checks, other submissions.
    """
    own, secret = os.path.realpath(folder), [os.path.realpath(path) for path in unreadable]
    fine = {os.path.realpath(os.devnull), os.path.realpath("/dev/shm")}

    def inside(path, folders):
        return any(path == one or path.startswith(one + os.sep) for one in folders)

    def real(path):
        return os.path.realpath(os.fsdecode(path))

    def hook(event, arguments):
        if event in FORBIDDEN:
            raise PermissionError(f"{event}: not while a submission is graded")
        if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path, mode, flags = real(arguments[0]), arguments[1], arguments[2]
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITING)
            if inside(path, secret) and not inside(path, [own]):
                raise PermissionError(f"{Path(path).name}: not to be read while a submission is graded")
            if writes and not inside(path, [own, *fine]):
                raise PermissionError(f"{path}: a submission writes in its own folder only")
        elif event in CHANGES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes, os.PathLike)) and not inside(real(path), [own]):
                    raise PermissionError(f"{path}: a submission changes its own folder only")

    sys.addaudithook(hook)


def limit(memory):
    """Let this process have `memory` bytes, and no core dumps; where the system knows no limits, do nothing."""
    try:
        import resource
    except ImportError:                        # Windows
        return
    for kind, amount in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 256 * 1024 ** 2)):
        try:
            resource.setrlimit(kind, (amount, amount))
        except (ValueError, OSError):          # macOS refuses some
            pass
