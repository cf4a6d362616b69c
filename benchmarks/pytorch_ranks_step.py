"""PyTorch's side of `benchmarks.ranks`: training steps of ResNet-20 on one process, or on several
with `DistributedDataParallel` over gloo.

`benchmarks.ranks` starts ``python -m benchmarks.pytorch_ranks_step WIDTH SIZE BATCH SECONDS
THREADS``, several ranks by ``python -m torch.distributed.run``, and rank 0 prints JSON. Each rank
takes mean and variance over its own images, because PyTorch's batch norm across processes needs
GPUs.
"""

import json
import os
import sys

import torch
from torch import nn

from .pytorch_nets import Net
from .ranks_step import WARM_UP, timed


def main(width, size, batch, seconds, threads):
    """Time steps for so many seconds and print them, from rank 0, as `ranks_step.main` does."""
    torch.set_num_threads(threads)
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
    times = _timed_steps(width, size, batch, seconds, ranks)
    if rank == 0:
        print(json.dumps({"seconds": times, "traffic": None}))
    if ranks > 1:
        # A rank that still uses the group when the other has left can wait forever. At the barrier
        # both have freed their nets.
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _timed_steps(width, size, batch, seconds, ranks):
    torch.manual_seed(0)
    net = Net(20, width)
    optimizer = torch.optim.SGD(net.parameters(), 0.01, 0.9, weight_decay=1e-4)
    if ranks > 1:
        net = nn.parallel.DistributedDataParallel(net)
    images = torch.randn(batch // ranks, 3, size, size)
    labels = torch.randint(10, (batch // ranks,))

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    return timed(step, seconds, _share if ranks > 1 else bool)


def _share(value):
    """The truth value that rank 0 called this with."""
    shared = torch.tensor(int(value))
    torch.distributed.broadcast(shared, 0)
    return bool(shared)


if __name__ == "__main__":
    numbers = sys.argv[1:]
    main(*map(int, numbers[:3]), float(numbers[3]), int(numbers[4]))
