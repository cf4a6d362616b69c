"""Time minires beside PyTorch on this machine's processor: ``python -m benchmarks.cpu``.

Each comparison first checks that both libraries compute the same, then times them by turns. PyTorch
runs eagerly, in its default memory layout and in channels_last, which is the order of axes in
minires. Where PyTorch is not installed, minires is timed alone. It takes about twenty-five minutes.
"""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from minires import backend, plot

from . import cost, program, report
from .measure import compare, peak_memory, workers_for
from .report import line, markdown
from .sides import SIDES
from .work import ImageNet, Net, SGDStep, forward_and_backward

SECTIONS = ("nets", "imagenet", "kernels", "memory", "scaling", "cost", "startup")
NETS = [
    Net(20),
    Net(56),
    Net(20, training=False),
    Net(56, training=False),
    *(Net(depth, residual, width=8, size=16) for residual in (False, True) for depth in (20, 56)),
]
IMAGENET = [
    ImageNet(depth, batch=batch, fused=fused)
    for depth in (18, 50)
    for batch in (1, 16)
    for fused in (False, True)
]
IMAGENET.append(ImageNet(18, training=True))
IMAGES = (128, 32, 32, 16)
KERNELS = [
    *forward_and_backward(
        [
            ("conv2d", ((128, 32, 32, 3), (3, 3, 3, 16)), {"padding": 1}),
            ("conv2d", (IMAGES, (3, 3, 16, 16)), {"padding": 1}),
            ("conv2d", (IMAGES, (3, 3, 16, 32)), {"padding": 1, "stride": 2}),
            ("conv2d", ((128, 16, 16, 32), (3, 3, 32, 32)), {"padding": 1}),
            ("conv2d", ((128, 16, 16, 32), (3, 3, 32, 64)), {"padding": 1, "stride": 2}),
            ("conv2d", ((128, 8, 8, 64), (3, 3, 64, 64)), {"padding": 1}),
            ("batch_norm", (IMAGES, (16,), (16,)), {}),
            ("batch_norm_relu", (IMAGES, (16,), (16,)), {}),
            ("batch_norm_relu", (IMAGES, (16,), (16,), IMAGES), {}),
            ("relu", (IMAGES,), {}),
            ("add", (IMAGES, IMAGES), {}),
            ("max_pool2d", (IMAGES,), {"kernel_size": 3, "stride": 2, "padding": 1}),
            ("global_avg_pool2d", ((128, 8, 8, 64),), {}),
            ("linear", ((128, 64), (64, 10), (10,)), {}),
            ("cross_entropy", ((128, 10),), {}),
        ]
    ),
    SGDStep(56),
]
CORETYPE = "OPENBLAS_CORETYPE"  # the processor that OpenBLAS takes its kernels for, if it is set
PEAK_SIZE = 2048  # rows and columns of the matrices whose product shows the machine's peak


def main(arguments=None):
    """Run the program with these command-line arguments."""
    options = program.parse("cpu", __doc__, SECTIONS, arguments)
    sides = list(SIDES) if find_spec("torch") else ["minires"]
    if len(sides) == 1:
        print(
            "PyTorch is not installed, so minires is timed alone; pip install torch",
            file=sys.stderr,
        )
    threads = sorted({1, backend.num_threads()})
    results = {
        "environment": _environment(),
        "rounds": options.rounds,
        "threads": threads,
        "sides": sides,
        "peak_gflops": {count: _peak_gflops(count) for count in threads},
    }
    sections = {
        "nets": lambda: _timings(NETS, sides, threads, options.rounds),
        "imagenet": lambda: _timings(IMAGENET, sides, threads, options.rounds),
        "kernels": lambda: _timings(KERNELS, sides, threads, options.rounds),
        "memory": lambda: _memory(sides, threads[-1]),
        "scaling": lambda: _scaling(sides, options.rounds),
        "cost": lambda: _cost(options.rounds),
        "startup": lambda: _startup(sides, options.rounds),
    }
    program.measure("cpu", options, results, sections, markdown)
    if "cost" in results:
        count = report.threads(backend.num_threads())
        plot.save(cost.draw(results["cost"], f"minires, {count}"), options.out / "cpu_cost.png")


def _environment():
    found = program.environment("cpu")
    if CORETYPE in os.environ:
        found[CORETYPE] = os.environ[CORETYPE]
        print(
            f"{CORETYPE} is set: matrix products run as on a {os.environ[CORETYPE]}, which "
            "may be slower on this processor",
            file=sys.stderr,
        )
    return found


def _timings(works, sides, threads, rounds):
    """A row for each number of threads and piece of work."""
    rows = []
    for count in threads:
        with workers_for(sides, count) as workers:
            for work in works:
                rows.append(_row(work, compare(work, workers, rounds), count))
                print(line(rows[-1]), flush=True)
    return rows


def _row(work, compared, threads):
    return {
        "name": work.name,
        "threads": threads,
        "flop": work.flop(),
        "difference": compared["difference"],
        "seconds": compared["seconds"],
    }


def _memory(sides, threads):
    """Rows with the peak memory, in bytes, of a process that takes a few training steps of
    ResNet-56, and its peak after loading the library.
    """
    rows = []
    if not Path("/proc/self/status").exists():
        print("peak memory is left out: it can be read on Linux only", file=sys.stderr)
        return rows
    for side in sides:
        before, peak = peak_memory(Net(56), side, threads)
        rows.append(
            {"name": Net(56).name, "side": side, "threads": threads, "before": before, "peak": peak}
        )
        print(f"{side}: {peak / 2**20:.0f} MiB", flush=True)
    return rows


def _scaling(sides, rounds):
    """A training step of ResNet-20 with one thread, two, and so on."""
    return {"threads": _timings([Net(20)], sides, range(1, backend.num_threads() + 1), rounds)}


def _cost(rounds):
    """Training steps of minires alone, with all threads: what grows -> a row for each value."""
    return {
        what: [
            {"value": value, "flop": row["flop"], "seconds": row["seconds"][cost.SIDE]}
            for value, row in zip(
                nets, _timings(nets.values(), [cost.SIDE], [backend.num_threads()], rounds)
            )
        ]
        for what, nets in cost.GROWING.items()
    }


def _startup(sides, rounds):
    """Seconds for starting Python and importing a library; "python" imports nothing."""
    programs = {"python": "pass", "minires": "import minires"} | (
        {"PyTorch": "import torch"} if len(sides) > 1 else {}
    )
    seconds = {name: [] for name in programs}
    for _ in range(rounds):
        for name, text in programs.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", text], check=True)
            seconds[name].append(time.perf_counter() - started)
    for name, samples in seconds.items():
        print(f"{name}: {np.median(samples):.2f} s", flush=True)
    return seconds


def _peak_gflops(threads):
    """GFLOP/s of a product of large square matrices, the fastest of ten. No product of BLAS is
    much faster on this machine.
    """
    from threadpoolctl import threadpool_limits

    a = np.random.default_rng(0).standard_normal((PEAK_SIZE, PEAK_SIZE), np.float32)
    with threadpool_limits(threads, user_api="blas"):
        best = min(_seconds(lambda: a @ a) for _ in range(10))
    return 2 * PEAK_SIZE**3 / best / 1e9


def _seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
