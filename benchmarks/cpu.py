"""Time minires beside PyTorch on this machine's processor: ``python -m benchmarks.cpu``.

Every comparison first checks that both sides compute the same, then times them by turns. PyTorch
runs eagerly, in its default memory layout and in channels_last, which is minires' own order of
axes. Without PyTorch minires is timed alone. It takes about twenty minutes.
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
from .measure import at_work, compare, peak_memory
from .report import line, markdown
from .sides import SIDES
from .work import ImageNet, Kernel, Net, SGDStep

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
PEAK_SIZE = 2048  # rows and columns of the matrices whose product is taken for the machine's peak


def main(arguments=None):
    options = program.parse("cpu", __doc__.split("\n\n")[0], SECTIONS, arguments)
    sides = list(SIDES) if find_spec("torch") else ["minires"]
    if len(sides) == 1:
        print(
            "PyTorch is not installed, so minires is timed alone: pip install torch",
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
        "kernels": lambda: _timings(_kernels(), sides, threads, options.rounds),
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
    if "OPENBLAS_CORETYPE" in os.environ:
        found["OPENBLAS_CORETYPE"] = os.environ["OPENBLAS_CORETYPE"]
        print(
            "OPENBLAS_CORETYPE is set: NumPy's matrix products are made for that processor, "
            "not for this one",
            file=sys.stderr,
        )
    if find_spec("torch"):
        import torch

        found["torch"] = torch.__version__
    return found


def _kernels():
    yield from (
        Kernel(name, shapes, tuple(settings.items()), backward)
        for name, shapes, settings in KERNELS
        for backward in (False, True)
    )
    yield SGDStep(56)


def _timings(works, sides, threads, rounds):
    """A row for each piece of work and number of threads."""
    rows, works = [], list(works)
    for count in threads:
        with at_work(sides, count) as workers:
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
    """Peak memory in bytes of a process that takes three training steps of ResNet-56: with the
    library alone, and at most.
    """
    rows = []
    if not Path("/proc/self/status").exists():
        print("the peak memory of a process is known on Linux only", file=sys.stderr)
        return rows
    for side in sides:
        before, peak = peak_memory(Net(56), side, threads)
        rows.append(
            {"name": Net(56).name, "side": side, "threads": threads, "before": before, "peak": peak}
        )
        print(f"{side}: {peak / 2**20:.0f} MiB", flush=True)
    return rows


def _scaling(sides, rounds):
    """A training step of ResNet-20 with more and more threads."""
    return {"threads": _timings([Net(20)], sides, range(1, backend.num_threads() + 1), rounds)}


def _cost(rounds):
    """minires alone, with all threads: what grows -> a row for each size."""
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
    """Seconds of a fresh Python that imports the library; "python" of one that imports nothing."""
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
    """The fastest of some products of large square matrices, in 10^9 operations a second: what BLAS
    makes of this machine.
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
