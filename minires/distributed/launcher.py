"""What mpiexec says of the processes it has started, in their environment.

This is known before MPI itself is loaded, and also where MPI cannot be loaded, or is not the one
that mpiexec belongs to.
"""

import os
from typing import NamedTuple

#: For each launcher: the variables that hold its number of processes, and the number of this one.
LAUNCHERS = {
    "Open MPI": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    "MPICH": ("PMI_SIZE", "PMI_RANK"),  # and Intel MPI, and srun --mpi=pmi2
    "MVAPICH": ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    "PMIx": ("SLURM_STEP_NUM_TASKS", "PMIX_RANK"),  # srun --mpi=pmix
}


class Launched(NamedTuple):
    """This process, as its launcher sees it."""

    by: str
    rank: int
    size: int


def launched() -> Launched | None:
    """What a launcher said to this process; None if it was started without one."""
    for name, variables in LAUNCHERS.items():
        size, rank = (os.environ.get(variable, "") for variable in variables)
        if size.isdigit() and rank.isdigit() and int(size) > 0:
            return Launched(name, int(rank), int(size))
    return None
