"""Join the processes that mpiexec has started, and explain what goes wrong if that fails."""

import os
import sys
from typing import Any

from .. import backend
from ..errors import ConfigError
from .launcher import Launched, launched
from .world import MPIWorld, World, alone

_joined: World | None = None


def join() -> World:
    """The world of this process: all processes that mpiexec started together, or this one alone.

    If there are several ranks on a machine, each uses its share of the cores from then on, unless a
    number of threads was chosen (`backend.set_num_threads`, ``MINIRES_THREADS`` or
    ``OMP_NUM_THREADS``). If this process was started alone, MPI is not even loaded.

    Raises
    ------
    ConfigError
        If mpi4py or an MPI is missing, or mpi4py uses another MPI than mpiexec. In that case each
        process would take itself for the only one, and train on its own.
    """
    global _joined
    if _joined is None:
        _joined = _find_world()
        if _joined.size > 1:
            _share_cores(_joined)
    return _joined


def joined() -> World:
    """The world that `join` has found; before `join` is called, this process alone."""
    return _joined or alone()


def _find_world():
    by_launcher = launched()
    several = by_launcher is not None and by_launcher.size > 1
    if not several and "mpi4py" not in sys.modules:
        return alone()
    MPI = _load()
    library = _name_of(MPI.Get_library_version())
    if several and ("Open MPI" in library) != (by_launcher.by == "Open MPI"):
        if by_launcher.by in ("Open MPI", "MPICH"):
            raise _other_mpi(by_launcher, library)
    if not MPI.Is_initialized():
        MPI.Init_thread()
    size = MPI.COMM_WORLD.Get_size()
    if several and size != by_launcher.size:
        raise _other_mpi(by_launcher, library)
    # A communicator of our own, so that no messages of other libraries get in between.
    return MPIWorld(MPI.COMM_WORLD.Dup()) if size > 1 else alone()


def _load() -> Any:
    """Import mpi4py.MPI without initialising it, since a wrong MPI would then end the process."""
    try:
        import mpi4py

        if "mpi4py.MPI" not in sys.modules:
            mpi4py.rc.initialize, mpi4py.rc.finalize = False, True
        from mpi4py import MPI
    except ModuleNotFoundError:
        raise ConfigError(
            "mpiexec",
            "the package mpi4py is not installed, so these processes cannot work together",
            "mpi4py and an MPI",
            "none",
            'pip install "minires[mpi]", or mpi4py beside the MPI of your cluster',
        ) from None
    except (ImportError, RuntimeError) as error:
        raise ConfigError(
            "mpiexec",
            "mpi4py finds no MPI",
            "the library of an MPI",
            str(error),
            "pip install mpich, or load your cluster's module of MPI",
        ) from None
    return MPI


def _name_of(version: str) -> str:
    """The name and version of an MPI, cut out of the long text in which it describes itself."""
    words = version.replace("\0", " ").split(",")[0].replace("Version:", "").split()
    return " ".join(words[: 2 if words[:1] == ["MPICH"] else 4])


def _other_mpi(by_launcher: Launched, library: str) -> ConfigError:
    """The error if one MPI's mpiexec started the processes, but mpi4py uses another MPI."""
    return ConfigError(
        "mpiexec",
        f"it belongs to {by_launcher.by}, but mpi4py uses {library}",
        f"one training on {by_launcher.size} processes",
        f"{by_launcher.size} processes, each of which would train on its own",
        f"start them with the mpiexec of {library}; a wheel's is "
        f"{os.path.dirname(sys.executable)}/mpiexec",
    )


def _share_cores(world):
    """Give this rank its share of the cores, which other ranks on this machine may use too."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    own = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME"), cores
    sharing = world.gather(own).count(own)  # a launcher may have given each rank cores of its own
    backend.share_cores(sharing)
