"""Time training steps on several processes: ``python -m benchmarks.ranks``.

Two ranks of one thread beside one process of two threads; what shards cost on one process; and the
messages of a step, counted. From these numbers and those of a network, a model on paper says what 8
to 64 ranks would do. Each side runs in processes of its own, and the sides take turns. It needs
``pip install -e ".[mpi]"`` and two idle cores, for a minute and a half a round.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from minires.experiments.records import environment

from . import program
from .ranks_report import markdown

NETS = {
    "ResNet-20, width 16, 32x32": (16, 32),
    "ResNet-20, width 8, 16x16": (8, 16),
}
BATCH = 128
SHARDS = (1, 2, 4, 8)
SECONDS = 4.0  # of steps, in each turn of a side
BESIDE = Path(sys.executable).with_name("mpiexec")  # that of a wheel
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")


def sides():
    """What is timed: a name -> (ranks, threads of each, shards)."""
    alone = {f"1 process, 1 thread, shards: {shards}": (1, 1, shards) for shards in SHARDS}
    return {
        "1 process, 2 threads": (1, 2, 1),
        "2 ranks of 1 thread, shards: 2": (2, 1, 2),
        "2 ranks of 1 thread, shards: 8": (2, 1, 8),
        **alone,
    }


def main(arguments=None):
    options = program.parse("ranks", __doc__.split("\n\n")[0], list(NETS), arguments)
    if MPIEXEC is None:
        sys.exit('benchmarks.ranks: there is no mpiexec: pip install -e ".[mpi]"')
    results = {"environment": environment(), "rounds": options.rounds, "batch": BATCH}
    sections = {net: lambda net=net: _timings(net, options.rounds) for net in options.sections}
    program.measure("ranks", options, results, sections, markdown)


def _timings(net, rounds):
    """For each side, the median step of each round and the messages of a step; after each round."""
    found = {name: {"seconds": [], "traffic": {}} for name in sides()}
    for turn in range(1, rounds + 1):
        for name, side in sides().items():
            said = _in_processes(*side, NETS[net])
            found[name]["seconds"].append(float(np.median(said["seconds"])))
            found[name]["traffic"] = said["traffic"]
            print(f"{turn}: {name}: {1e3 * found[name]['seconds'][-1]:.1f} ms", flush=True)
        yield found


def _in_processes(ranks, threads, shards, net):
    """What `benchmarks.ranks_step` says of such steps, in processes of their own."""
    words = [sys.executable, "-m", "benchmarks.ranks_step"]
    if ranks > 1:
        words = [MPIEXEC, "-n", str(ranks), sys.executable, "-m", "mpi4py", *words[1:]]
    done = subprocess.run(
        [*words, *map(str, (*net, BATCH, shards, SECONDS))],
        env={**os.environ, "MINIRES_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
