"""PyTorch's side of `benchmarks.ranks`: training steps of one process, or of several with
`DistributedDataParallel` over gloo.

python -m benchmarks.pytorch_ranks_step WIDTH SIZE BATCH SECONDS THREADS: rank 0 prints JSON.
Several ranks are started by ``python -m torch.distributed.run``. There each rank takes mean
and variance over its own images: PyTorch has a batch norm across processes for GPUs only.
"""

import json
import os
import sys
import time

import torch
from torch import nn

from .pytorch_nets import Net
from .ranks_step import MIN_STEPS, WARM_UP


def main(width, size, batch, seconds, threads):
    torch.set_num_threads(threads)
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
    times = _timed_steps(width, size, batch, seconds, ranks)
    if rank == 0:
        print(json.dumps({"seconds": times, "traffic": None}))
    if ranks > 1:
        # The net is gone by now, and both ranks are here: one that still holds the group when the
        # other has left can wait for it without end.
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
    times, begun, more = [], time.perf_counter(), True
    while more:
        started = time.perf_counter()
        step()
        now = time.perf_counter()
        times.append(now - started)
        more = _agreed(len(times) < MIN_STEPS or now - begun < seconds, ranks)
    return times


def _agreed(more, ranks):
    """What rank 0 says."""
    said = torch.tensor(int(more))
    if ranks > 1:
        torch.distributed.broadcast(said, 0)
    return bool(said)


if __name__ == "__main__":
    numbers = sys.argv[1:]
    main(*map(int, numbers[:3]), float(numbers[3]), int(numbers[4]))
