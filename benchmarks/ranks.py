"""Time training steps on several processes: ``python -m benchmarks.ranks``.

Two ranks of one thread beside one process of two threads, and the same in PyTorch where it is
installed; what shards cost on one process; and the messages of a step, counted. From these numbers
and those of a network, a model on paper says what 8 to 64 ranks would do. Each side runs in
processes of its own, and the sides take turns. It needs ``pip install -e ".[mpi]"`` and two idle
cores, for two minutes a round.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from . import program
from .ranks_report import markdown

NETS = {
    "ResNet-20, width 16, 32x32": (16, 32),
    "ResNet-20, width 8, 16x16": (8, 16),
}
BATCH = 128
SHARDS = (1, 2, 4, 8)
PYTORCH_TWO = "PyTorch, 2 ranks of 1 thread"
SECONDS = 4.0  # of steps, in each turn of a side
PATIENCE = 300.0  # seconds for everything else a side does; beyond them it counts as hung
BESIDE = Path(sys.executable).with_name("mpiexec")  # that of a wheel
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")


def sides():
    """What is timed: a name -> (ranks, threads of each, shards); in PyTorch there are no shards."""
    alone = {f"1 process, 1 thread, shards: {shards}": (1, 1, shards) for shards in SHARDS}
    theirs = {"PyTorch, 1 process, 2 threads": (1, 2, None), PYTORCH_TWO: (2, 1, None)}
    return {
        "1 process, 2 threads": (1, 2, 1),
        "2 ranks of 1 thread, shards: 2": (2, 1, 2),
        "2 ranks of 1 thread, shards: 8": (2, 1, 8),
        **alone,
        **(theirs if find_spec("torch") else {}),
    }


def main(arguments=None):
    options = program.parse("ranks", __doc__.split("\n\n")[0], list(NETS), arguments)
    if MPIEXEC is None:
        sys.exit('benchmarks.ranks: there is no mpiexec: pip install -e ".[mpi]"')
    results = {"environment": program.environment("ranks"), "rounds": options.rounds}
    results["batch"] = BATCH
    if find_spec("torch"):
        results["environment"]["torch"] = version("torch")
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
    python = [sys.executable]
    if shards is None:
        words = ["-m", "benchmarks.pytorch_ranks_step", *net, BATCH, SECONDS, threads]
        if ranks > 1:
            python += ["-m", "torch.distributed.run", "--nproc-per-node", ranks]
    else:
        words = ["-m", "benchmarks.ranks_step", *net, BATCH, shards, SECONDS]
        if ranks > 1:
            python = [MPIEXEC, "-n", ranks, sys.executable, "-m", "mpi4py"]
    command = [str(word) for word in (*python, *words)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "MINIRES_THREADS": str(threads)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=SECONDS + PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        sys.exit(f"benchmarks.ranks: not ended after {error.timeout:.0f} s: {' '.join(command)}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
