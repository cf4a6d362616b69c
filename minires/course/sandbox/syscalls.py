"""A filter of system calls (seccomp): what a submission may ask of the kernel.

It refuses what computing has no use for: new processes, programs for the kernel, sockets, other
processes' memory, mounts and namespaces, locks and watches on files. Without new processes, the
limits of one process bound all that a submission can use. The filter is made by pyseccomp, a
binding of libseccomp.
"""

import errno
import os
import tempfile
from functools import cache
from typing import Any

REFUSED = (
    # New processes. Python's threads come from clone and clone3: see `rules`.
    "fork vfork "
    # Other processes: their memory, descriptors and limits.
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open "
    "pidfd_getfd pidfd_send_signal kcmp setpriority ioprio_set sched_setscheduler sched_setparam "
    "sched_setattr migrate_pages move_pages "
    # Namespaces and mounts.
    "unshare setns mount umount umount2 pivot_root chroot open_tree move_mount mount_setattr "
    "fsopen fsconfig fsmount fspick quotactl quotactl_fd name_to_handle_at open_by_handle_at "
    "swapon swapoff "
    # Doors to the kernel with a history of faults.
    "bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl "
    "add_key request_key fanotify_init init_module finit_module delete_module kexec_load "
    "kexec_file_load modify_ldt personality iopl ioperm lookup_dcookie syslog acct reboot vhangup "
    "uselib nfsservctl clock_settime clock_adjtime settimeofday adjtimex stime sethostname "
    "setdomainname "
    # Memory that counts as nobody's, and pipes and devices with names.
    "memfd_create memfd_secret shmget shmat shmctl semget semop semtimedop semctl msgget msgsnd "
    "msgrcv msgctl mq_open mq_unlink mknod mknodat "
    # The network. Of sockets only pairs within the process are left, which asyncio wakes up with.
    "socket bind listen connect accept accept4 execveat "
    # What happens to files that others can see too: a way to talk to them.
    "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"
).split()
#: Landlock does not watch these.
ATTRIBUTES = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat "
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr execve"
).split()
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
#: Commands of fcntl: locks on files, and leases, which two submissions could pass messages with.
#: Numbers of Linux; "GETLK, SETLK, SETLKW, OFD_GETLK, OFD_SETLK, OFD_SETLKW, SETLEASE, GETLEASE,
#: NOTIFY".
LOCKS = (5, 6, 7, 36, 37, 38, 1024, 1025, 1026)
CLONE_THREAD, AF_UNIX, TIOCSTI, TIOCLINUX = 0x10000, 1, 0x5412, 0x541C


@cache
def why_not() -> str | None:
    """Why there is no filter here, or None."""
    try:
        rules()
    except ImportError:
        return "the package pyseccomp is missing: pip install pyseccomp"
    except RuntimeError:
        return "the library libseccomp is missing: apt install libseccomp2"
    except OSError as error:
        return f"libseccomp makes no filter here: {error}"
    return None


def descriptor() -> int:
    """The filter as bubblewrap reads it, in a file of no name; the caller closes it."""
    with tempfile.TemporaryFile() as file:
        file.write(_program())
        file.seek(0)
        return os.dup(file.fileno())


@cache
def _program() -> bytes:
    with tempfile.TemporaryFile() as file:
        rules().export_bpf(file)
        file.seek(0)
        return file.read()


def rules(alone: bool = False) -> Any:
    """The filter; its `load` puts it around this thread, and all threads that it starts, for good.

    Parameters
    ----------
    alone : bool
        For a process that shares processes and files with others: its signals reach only itself,
        it changes no file's owner, mode or times, and it starts no other program.

    Returns
    -------
    pyseccomp.SyscallFilter
    """
    import pyseccomp as seccomp

    refused = seccomp.ERRNO(errno.EPERM)
    made = seccomp.SyscallFilter(seccomp.ALLOW)

    def refuse(name, *arguments, action=refused):
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        if number >= 0:  # else this machine, or this libseccomp, knows none of that name
            made.add_rule(action, number, *arguments)

    for name in [*REFUSED, *(ATTRIBUTES if alone else ())]:
        refuse(name)
    refuse("clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, 0))
    # A filter cannot look into clone3's struct; without clone3 the C library takes clone.
    refuse("clone3", action=seccomp.ERRNO(errno.ENOSYS))
    refuse("socketpair", seccomp.Arg(0, seccomp.NE, AF_UNIX))
    refuse("prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    for request in (TIOCSTI, TIOCLINUX):  # they type into the terminal of the grader
        refuse("ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    # A lock on a file that others have open would tell them something. It is "granted" without
    # asking: files that a submission can write are its own, and minires locks those it writes.
    refuse("flock", action=seccomp.ERRNO(0))
    for name in ("fcntl", "fcntl64"):
        for lock in LOCKS:
            refuse(name, seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, lock))
    if alone:
        for name in SIGNALS:
            refuse(name, seccomp.Arg(0, seccomp.NE, os.getpid()))
    return made
