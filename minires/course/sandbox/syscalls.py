"""A filter of system calls (seccomp), which limits what a submission can do through the kernel.

It refuses calls that computing does not need: new processes, programs for the kernel, sockets,
other processes' memory, mounts and namespaces, locks and watches on files. Without new processes,
the limits of one process hold for the whole submission. The filter is made with pyseccomp, a
binding of libseccomp.
"""

import errno
import os
import tempfile
from functools import cache
from typing import Any

REFUSED = (
    # New processes. Python's threads need clone and clone3: see `rules`.
    "fork vfork "
    # Other processes: their memory, descriptors and limits.
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open "
    "pidfd_getfd pidfd_send_signal kcmp setpriority ioprio_set sched_setscheduler sched_setparam "
    "sched_setattr migrate_pages move_pages "
    # Namespaces and mounts.
    "unshare setns mount umount umount2 pivot_root chroot open_tree move_mount mount_setattr "
    "fsopen fsconfig fsmount fspick quotactl quotactl_fd name_to_handle_at open_by_handle_at "
    "swapon swapoff "
    # Parts of the kernel with a history of faults.
    "bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl "
    "add_key request_key fanotify_init init_module finit_module delete_module kexec_load "
    "kexec_file_load modify_ldt personality iopl ioperm lookup_dcookie syslog acct reboot vhangup "
    "uselib nfsservctl clock_settime clock_adjtime settimeofday adjtimex stime sethostname "
    "setdomainname "
    # Memory that is not counted for any process, and named pipes and devices.
    "memfd_create memfd_secret shmget shmat shmctl semget semop semtimedop semctl msgget msgsnd "
    "msgrcv msgctl mq_open mq_unlink mknod mknodat "
    # The network. Only socket pairs within the process are left, which asyncio needs.
    "socket bind listen connect accept accept4 execveat "
    # Watches on files, by which submissions could pass messages.
    "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"
).split()
#: Calls that Landlock does not cover.
ATTRIBUTES = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat "
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr execve"
).split()
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
#: Commands of fcntl for locks and leases on files, by which two submissions could pass messages.
#: Linux's numbers of GETLK, SETLK, SETLKW, OFD_GETLK, OFD_SETLK, OFD_SETLKW, SETLEASE, GETLEASE,
#: NOTIFY.
LOCKS = (5, 6, 7, 36, 37, 38, 1024, 1025, 1026)
CLONE_THREAD, AF_UNIX, TIOCSTI, TIOCLINUX = 0x10000, 1, 0x5412, 0x541C


@cache
def why_not() -> str | None:
    """Why there can be no filter here, or None."""
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
    """A descriptor of an unnamed file with the filter, for bubblewrap; the caller closes it."""
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
    """Make the filter. Its `load` puts it for good around this thread and the threads it starts.

    Parameters
    ----------
    alone : bool
        For a process that sees other processes and files: it can send signals only to itself,
        cannot change owner, mode or times of files, and cannot start other programs.

    Returns
    -------
    pyseccomp.SyscallFilter
    """
    import pyseccomp as seccomp

    refused = seccomp.ERRNO(errno.EPERM)
    made = seccomp.SyscallFilter(seccomp.ALLOW)

    def refuse(name, *arguments, action=refused):
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        if number >= 0:  # else this machine or this libseccomp does not have the call
            made.add_rule(action, number, *arguments)

    for name in [*REFUSED, *(ATTRIBUTES if alone else ())]:
        refuse(name)
    refuse("clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, 0))
    # A filter cannot look into clone3's struct. If clone3 is missing, the C library uses clone.
    refuse("clone3", action=seccomp.ERRNO(errno.ENOSYS))
    refuse("socketpair", seccomp.Arg(0, seccomp.NE, AF_UNIX))
    refuse("prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    for request in (TIOCSTI, TIOCLINUX):  # they could type into the grader's terminal
        refuse("ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    # A lock on a file that others have open could pass a message. So flock reports success and does
    # nothing: minires locks the files it writes, and those of a submission are its own.
    refuse("flock", action=seccomp.ERRNO(0))
    for name in ("fcntl", "fcntl64"):
        for lock in LOCKS:
            refuse(name, seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, lock))
    if alone:
        for name in SIGNALS:
            refuse(name, seccomp.Arg(0, seccomp.NE, os.getpid()))
    return made
