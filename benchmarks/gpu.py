"""Time minires beside PyTorch on this machine's GPU: ``python -m benchmarks.gpu``.

Each comparison first checks that all sides compute the same, then times them by turns. PyTorch runs
as fast as it can: in channels_last, with cuDNN's fastest algorithms, eagerly and with the whole
step captured as a CUDA graph. Where PyTorch is not installed, minires is timed alone, and launches
are not counted. A side that fails is left out and named, and the exit status is 1. It should take
about four minutes.
"""

import sys
import time
from importlib.util import find_spec

import numpy as np

from minires import backend
from minires.errors import DeviceError

from . import program
from .gpu_report import line, markdown
from .gpu_sides import SIDES
from .measure import call_all, compare, workers_for
from .traffic import bytes_per_image
from .work import Net, SGDStep, forward_and_backward

SECTIONS = ("nets", "kernels", "launches")
NETS = [Net(depth, batch=batch) for batch in (128, 1024) for depth in (20, 56)]
IMAGES = (1024, 32, 32, 16)
KERNELS = [
    *forward_and_backward(
        [
            ("conv2d", (IMAGES, (3, 3, 16, 16)), {"padding": 1}),
            ("conv2d", ((1024, 16, 16, 32), (3, 3, 32, 32)), {"padding": 1}),
            ("conv2d", ((1024, 8, 8, 64), (3, 3, 64, 64)), {"padding": 1}),
            ("batch_norm_relu", (IMAGES, (16,), (16,)), {}),
            ("batch_norm_relu", (IMAGES, (16,), (16,), IMAGES), {}),
            ("add", (IMAGES, IMAGES), {}),
            ("relu", (IMAGES,), {}),
            ("max_pool2d", (IMAGES,), {"kernel_size": 3, "stride": 2, "padding": 1}),
            ("cross_entropy", ((1024, 10),), {}),
        ]
    ),
    SGDStep(56),
]
KERNEL_SIDES = ("minires", "PyTorch")
PROFILED_SIDES = ("minires", "minires, unfused", "PyTorch", "PyTorch, graph")
WORKERS = {"where": "benchmarks.gpu_sides", "timeout": 120}  # seconds
COPY_BYTES = 2**28  # much more than the GPU's caches hold
COPIES = 50  # in one sample


def main(arguments=None):
    """Run the program with these command-line arguments."""
    options = program.parse("gpu", __doc__, SECTIONS, arguments)
    try:
        backend.check_device("gpu", "python -m benchmarks.gpu")
    except DeviceError as error:
        sys.exit(str(error))
    missing = _missing_pytorch()
    if missing:
        print(f"{missing}, so minires is timed alone", file=sys.stderr)
    sides = [side for side in SIDES if not (missing and side.startswith("PyTorch"))]
    results = {
        "environment": _environment(),
        "rounds": options.rounds,
        "sides": sides,
        "copy": copy_bandwidth(),
    }
    print(
        f"{results['environment']['gpu']}: a copy moves {results['copy'] / 1e9:.0f} GB/s",
        flush=True,
    )
    program.measure(
        "gpu",
        options,
        results,
        {
            "nets": lambda: _timings(NETS, sides, options.rounds),
            "kernels": lambda: _timings(
                KERNELS, [side for side in sides if side in KERNEL_SIDES], options.rounds
            ),
            "launches": lambda: _launches([side for side in sides if side in PROFILED_SIDES]),
        },
        markdown,
    )
    if any(row["failed"] for section in options.sections for row in results[section]):
        sys.exit("some sides failed: see the lines FAILED above")


def _missing_pytorch():
    """The reason why PyTorch cannot be timed on this machine; None if it can."""
    if not find_spec("torch"):
        return "PyTorch is not installed (pip install torch)"
    import torch

    return None if torch.cuda.is_available() else f"PyTorch {torch.__version__} finds no GPU"


def _environment():
    found = program.environment("gpu", "gpu")
    if find_spec("torch"):
        import torch

        found |= {"torch_cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return found


def copy_bandwidth():
    """Bytes a second that a copy within the GPU's memory reads and writes: the best of ten samples.
    A kernel that is limited by memory can be as fast as that.
    """
    cupy = backend.cupy()
    source, target = cupy.zeros(COPY_BYTES, np.uint8), cupy.empty(COPY_BYTES, np.uint8)
    fastest = np.inf
    for _ in range(10):
        backend.synchronize()
        started = time.perf_counter()
        for _ in range(COPIES):
            target.data.copy_from_device_async(source.data, COPY_BYTES)
        backend.synchronize()
        fastest = min(fastest, time.perf_counter() - started)
    del source, target
    backend.free_memory()
    return 2 * COPY_BYTES * COPIES / fastest


def _timings(works, sides, rounds):
    """Yield the rows so far, after each piece of work. The row of a net also has the bytes that a
    step has to move; see `traffic`.
    """
    rows = []
    with workers_for(sides, **WORKERS) as workers:
        for work in works:
            failed = {}
            rows.append(
                {"name": work.name, "failed": failed, **compare(work, workers, rounds, failed)}
            )
            if isinstance(work, Net):
                rows[-1] |= {
                    "batch": work.batch,
                    "bytes": work.batch * bytes_per_image(work),
                    "bytes_with_columns": work.batch * bytes_per_image(work, columns=True),
                }
            print(line(rows[-1]), flush=True)
            yield rows


def _launches(sides):
    """Yield the rows so far, after each net: for each side its `launches.summary`, or None if the
    profiler saw nothing.
    """
    rows = []
    with workers_for(sides, **WORKERS) as workers:
        for net in NETS:
            failed, running = {}, dict(workers)
            call_all(running, "prepare", net, failed=failed)
            rows.append(
                {
                    "name": net.name,
                    "failed": failed,
                    "profiles": call_all(running, "launches", failed=failed),
                }
            )
            print(line(rows[-1]), flush=True)
            yield rows


if __name__ == "__main__":
    main()
