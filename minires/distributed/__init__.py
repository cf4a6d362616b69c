"""One training on several processes, on one machine or many, by MPI.

::

    mpiexec -n 4 python -m mpi4py -m minires train --model resnet-20 --dataset cifar10

Each process is a rank of a `World`. A batch is cut into shards, and each rank computes some of
them. The sums of the shards are added up to those of the batch in a fixed order. So the bits of a
run depend on the number of shards, but not on the number of ranks. docs/many_machines.md explains
why.
"""

from .data_parallel import DataParallel
from .joining import join
from .world import World, alone

__all__ = ["DataParallel", "World", "alone", "join"]
