"""Joining the world that mpiexec has started, and the ways in which that can go wrong."""

import os
import sys
from typing import Any

from .. import backend
from ..errors import ConfigError
from .launcher import Launched, launched
from .world import MPIWorld, World, alone

START = "mpiexec -n 4 python -m mpi4py -m minires train ..."
_joined: World | None = None


def join() -> World:
    """The world of this process: all that mpiexec started together, or itself alone.

    From then on each of several ranks on a machine takes its share of the cores, unless a number of
    threads was chosen (`backend.set_num_threads`, ``MINIRES_THREADS`` or ``OMP_NUM_THREADS``).
    Where nobody has started several processes, MPI is not even loaded.

    Raises
    ------
    ConfigError
        If mpi4py or an MPI is missing, or the MPI is another one than mpiexec's: then each process
        would believe to be alone, and train on its own.
    """
    global _joined
    if _joined is None:
        _joined = _find_world()
        if _joined.size > 1:
            _share_cores(_joined)
    return _joined


def joined() -> World:
    """The world that `join` has found; before that, this process alone."""
    return _joined or alone()


def _find_world():
    by_launcher = launched()
    several = by_launcher is not None and by_launcher.size > 1
    if not several and "mpi4py" not in sys.modules:
        return alone()
    MPI = _load()
    comm = MPI.COMM_WORLD.Dup()  # our messages, and nobody else's
    if several and comm.Get_size() != by_launcher.size:
        raise _other_mpi(by_launcher, comm.Get_size(), MPI.Get_library_version())
    return MPIWorld(comm) if comm.Get_size() > 1 else alone()


def _load() -> Any:
    try:
        from mpi4py import MPI
    except ModuleNotFoundError as error:
        if error.name and not error.name.startswith("mpi4py"):
            raise
        raise ConfigError(
            "mpiexec",
            "the package mpi4py is not installed, so these processes cannot work together",
            "mpi4py and an MPI",
            "none",
            'pip install "minires[mpi]", or mpi4py beside the MPI of your cluster',
        ) from None
    except Exception as error:  # the MPI it was built for is not there
        raise ConfigError(
            "mpiexec",
            "mpi4py finds no MPI",
            "the library of an MPI",
            str(error),
            "pip install mpich, or load your cluster's module of MPI",
        ) from None
    return MPI


def _other_mpi(by_launcher: Launched, size: int, version: str) -> ConfigError:
    """The error for processes that a launcher of one MPI started, and another MPI does not see."""
    library = version.replace("\0", "").splitlines()[0].split(",")[0]
    return ConfigError(
        "mpiexec",
        f"it is that of {by_launcher.by}, but mpi4py uses {' '.join(library.split())}",
        f"one training on {by_launcher.size} processes",
        f"{by_launcher.size} processes that see {size}",
        f"start with the mpiexec of that MPI: often {os.path.dirname(sys.executable)}/mpiexec",
    )


def _share_cores(world):
    """Divide the cores that several ranks may run on among them."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    own = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME"), cores
    sharing = world.gather(own).count(own)  # a launcher may have given each rank cores of its own
    backend.share_cores(sharing)
