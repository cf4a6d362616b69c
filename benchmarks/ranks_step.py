"""Training steps of ResNet-20 on all ranks, timed, with their messages counted.

`benchmarks.ranks` starts ``python -m benchmarks.ranks_step WIDTH SIZE BATCH SHARDS SECONDS`` by
mpiexec, and rank 0 prints JSON.
"""

import json
import sys
import time

import numpy as np

from minires import Tensor, functional, models, optim
from minires.distributed import DataParallel, join

WARM_UP, MIN_STEPS = 3, 5


class CountingWorld:
    """A world that counts its messages, and the bytes that this rank sends to the others.

    A message is an exchange that all ranks take part in.
    """

    def __init__(self, world):
        self.world, self.rank, self.size = world, world.rank, world.size
        self.messages = self.bytes_sent = 0

    def gather_rows(self, rows, counts):
        self._count(rows.nbytes * (self.size - 1))
        return self.world.gather_rows(rows, counts)

    def swap(self, numbers, sent, received):
        self._count((sum(sent) - sent[self.rank]) * numbers.itemsize)
        return self.world.swap(numbers, sent, received)

    def _count(self, nbytes):
        if self.size > 1:
            self.messages += 1
            self.bytes_sent += nbytes


def timed(step, seconds, share):
    """Repeat a step for some seconds, and at least MIN_STEPS times.

    Parameters
    ----------
    step : callable
    seconds : float
    share : callable
        Returns the value that rank 0 called it with, so that all ranks stop after the same step.

    Returns
    -------
    list of float
        Seconds of each step.
    """
    times, begun, more = [], time.perf_counter(), True
    while more:
        started = time.perf_counter()
        step()
        now = time.perf_counter()
        times.append(now - started)
        more = share(len(times) < MIN_STEPS or now - begun < seconds)
    return times


def main(width, size, batch, shards, seconds):
    """Time steps for so many seconds and print them, from rank 0.

    Prints ``seconds``, a list with those of each step, and ``traffic``, the messages and bytes of a
    step. `width` and `size` are those of the net and its images, `batch` the images of all ranks.
    """
    joined = join()
    world = CountingWorld(joined)
    rng = np.random.default_rng(0)
    images = rng.standard_normal((batch, size, size, 3)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    net = models.resnet(20, width=width, seed=0)
    optimizer = optim.SGD(net.parameters(), 0.01, 0.9, weight_decay=1e-4)
    parallel = DataParallel(net, world, batch, shards)
    images, labels = images[parallel.part], labels[parallel.part]

    def step():
        if shards == 1:  # on one process, without the machinery of shards
            optimizer.zero_grad()
            functional.cross_entropy(net.train()(Tensor(images)), labels).backward()
        else:
            parallel.gradients(images, labels)
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    world.messages = world.bytes_sent = 0
    times = timed(step, seconds, joined.share)
    steps = len(times)
    traffic = {"messages": world.messages / steps, "bytes": world.bytes_sent / steps}
    if joined.rank == 0:
        print(json.dumps({"seconds": times, "traffic": traffic}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]), float(sys.argv[5]))
