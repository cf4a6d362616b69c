"""Training steps on the ranks of this world, timed and counted; `benchmarks.ranks` starts it.

python -m benchmarks.ranks_step WIDTH SIZE BATCH SHARDS SECONDS: rank 0 prints JSON.
"""

import json
import sys
import time

import numpy as np

from minires import Tensor, functional, models, optim
from minires.distributed import DataParallel, join

WARM_UP, MIN_STEPS = 3, 5


class Counted:
    """A world that counts what this rank sends: messages all ranks take part in, and bytes."""

    def __init__(self, world):
        self.world, self.rank, self.size = world, world.rank, world.size
        self.messages = self.bytes_sent = 0

    def gather_rows(self, rows, counts):
        self._count(rows.nbytes * (self.size - 1))  # to each of the others
        return self.world.gather_rows(rows, counts)

    def swap(self, numbers, sent, received):
        self._count((sum(sent) - sent[self.rank]) * numbers.itemsize)
        return self.world.swap(numbers, sent, received)

    def _count(self, nbytes):
        if self.size > 1:
            self.messages += 1
            self.bytes_sent += nbytes


def main(width, size, batch, shards, seconds):
    joined = join()
    world = Counted(joined)
    rng = np.random.default_rng(0)
    images = rng.standard_normal((batch, size, size, 3)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    net = models.resnet(20, width=width, seed=0)
    optimizer = optim.SGD(net.parameters(), 0.01, 0.9, weight_decay=1e-4)
    both = DataParallel(net, world, batch, shards)
    images, labels = images[both.part], labels[both.part]

    def step():
        if shards == 1:  # an ordinary step
            optimizer.zero_grad()
            functional.cross_entropy(net.train()(Tensor(images)), labels).backward()
        else:
            both.gradients(images, labels)
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    world.messages = world.bytes_sent = 0
    times, begun, more = [], time.perf_counter(), True
    while more:
        started = time.perf_counter()
        step()
        now = time.perf_counter()
        times.append(now - started)
        more = joined.share(len(times) < MIN_STEPS or now - begun < seconds)
    steps = len(times)
    traffic = {"messages": world.messages / steps, "bytes": world.bytes_sent / steps}
    if joined.rank == 0:
        print(json.dumps({"seconds": times, "traffic": traffic}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]), float(sys.argv[5]))
