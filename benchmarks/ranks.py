"""Time training steps on several processes: ``python -m benchmarks.ranks``.

It times two ranks of one thread beside one process of two threads, and the same in PyTorch where it
is installed. It also measures what shards cost on one process, and counts the messages of a step.
From these numbers and those of a network, a model on paper estimates 8 to 64 ranks. Each side runs
in processes of its own, and the sides take turns. It needs ``pip install -e ".[mpi]"`` and two idle
cores, for two minutes a round.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from . import program
from .ranks_report import markdown

#: Net -> (width, size of its images).
NETS = {
    "ResNet-20, width 16, 32x32": (16, 32),
    "ResNet-20, width 8, 16x16": (8, 16),
}
BATCH = 128
SHARDS = (1, 2, 4, 8)
SECONDS = 4.0  # of steps, in each turn of a side
TIMEOUT = 300.0  # seconds beside the steps, after which a side counts as hung
BESIDE = Path(sys.executable).with_name("mpiexec")  # where a wheel of MPI installs it
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")


def sides():
    """What is timed: name -> (ranks, threads of each rank, shards). Shards are None in PyTorch."""
    alone = {f"1 process, 1 thread, shards: {shards}": (1, 1, shards) for shards in SHARDS}
    pytorch = {
        "PyTorch, 1 process, 2 threads": (1, 2, None),
        "PyTorch, 2 ranks of 1 thread": (2, 1, None),
    }
    return {
        "1 process, 2 threads": (1, 2, 1),
        "2 ranks of 1 thread, shards: 2": (2, 1, 2),
        "2 ranks of 1 thread, shards: 8": (2, 1, 8),
        **alone,
        **(pytorch if find_spec("torch") else {}),
    }


def main(arguments=None):
    """Run the program with these command-line arguments."""
    options = program.parse("ranks", __doc__, list(NETS), arguments)
    if MPIEXEC is None:
        sys.exit('benchmarks.ranks: mpiexec is not installed; pip install -e ".[mpi]"')
    results = {"environment": program.environment("ranks"), "rounds": options.rounds}
    results["batch"] = BATCH
    sections = {net: lambda net=net: _timings(net, options.rounds) for net in options.sections}
    program.measure("ranks", options, results, sections, markdown)


def _timings(net, rounds):
    """Yield the results so far, after each round: for each side the ``seconds`` of a step, one
    median for each round, and its ``traffic``.
    """
    found = {name: {"seconds": [], "traffic": {}} for name in sides()}
    for number in range(1, rounds + 1):
        for name, side in sides().items():
            measured = _in_processes(*side, NETS[net])
            found[name]["seconds"].append(float(np.median(measured["seconds"])))
            found[name]["traffic"] = measured["traffic"]
            print(f"{number}: {name}: {1e3 * found[name]['seconds'][-1]:.1f} ms", flush=True)
        yield found


def _in_processes(ranks, threads, shards, net):
    """Run `benchmarks.ranks_step`, or PyTorch's twin of it, and return what it prints."""
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
            timeout=SECONDS + TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        sys.exit(
            f"benchmarks.ranks: a side hangs: expected an end within {error.timeout:.0f} s; run it "
            f"alone to see where it stops: {' '.join(command)}"
        )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
