"""What mpiexec tells each process that it starts, by environment variables.

They can be read before MPI is loaded, and also if MPI cannot be loaded, or if mpiexec belongs to
another MPI.
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
    """What a launcher says about a process that it has started."""

    by: str  # one of LAUNCHERS
    rank: int
    size: int


def launched() -> Launched | None:
    """What the launcher of this process says about it; None if it was started without one."""
    for name, variables in LAUNCHERS.items():
        size, rank = (os.environ.get(variable, "") for variable in variables)
        if size.isdigit() and rank.isdigit() and int(size) > 0:
            return Launched(name, int(rank), int(size))
    return None
