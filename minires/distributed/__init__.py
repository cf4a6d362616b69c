"""One training on several processes, on one machine or many, by MPI.

::

    mpiexec -n 4 python -m mpi4py -m minires train --model resnet-20 --dataset cifar10

Each process is a rank of a `World`. A batch is cut into shards, each rank computes some of them,
and sums over the batch are formed from those of the shards in a fixed order: so the number of
shards decides the bits of a run, and the number of ranks does not. docs/many_machines.md tells why.
"""

from .data_parallel import DataParallel
from .joining import join
from .world import World, alone

__all__ = ["DataParallel", "World", "alone", "join"]
