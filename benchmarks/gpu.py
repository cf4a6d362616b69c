"""Time minires beside PyTorch on this machine's GPU: ``python -m benchmarks.gpu``.

Every comparison first checks that all sides compute the same, then times them by turns. PyTorch is
at its best: channels_last, cuDNN's fastest algorithms, eagerly and with the whole step captured as
a CUDA graph. Without PyTorch minires is timed alone, and nobody counts launches. A side that fails
is left out and named, and the exit status is 1. It takes about four minutes.
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
from .measure import ask_all, at_work, compare
from .traffic import per_image
from .work import Kernel, Net, SGDStep

SECTIONS = ("nets", "kernels", "launches")
NETS = [Net(depth, batch=batch) for batch in (128, 1024) for depth in (20, 56)]
IMAGES = (1024, 32, 32, 16)
KERNELS = [
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
EAGER = ("minires", "PyTorch")
PROFILED = ("minires", "minires, unfused", "PyTorch", "PyTorch, graph")
WORKERS = {
    "where": "benchmarks.gpu_sides",
    "patience": 120,
}  # a side that has not answered after so many seconds is given up
COPIED, COPIES = 2**28, 50  # bytes, much more than the caches hold; times in one sample


def main(arguments=None):
    options = program.parse("gpu", __doc__.split("\n\n")[0], SECTIONS, arguments)
    try:
        backend.check_device("gpu", "python -m benchmarks.gpu")
    except DeviceError as error:
        sys.exit(str(error))
    alone = _without_pytorch()
    if alone:
        print(f"{alone}, so minires is timed alone", file=sys.stderr)
    sides = [side for side in SIDES if not (alone and side.startswith("PyTorch"))]
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
                _kernels(), [side for side in sides if side in EAGER], options.rounds
            ),
            "launches": lambda: _launches([side for side in sides if side in PROFILED]),
        },
        markdown,
    )
    if any(row["failed"] for section in options.sections for row in results[section]):
        sys.exit("some sides failed: see above")


def _without_pytorch():
    """Why PyTorch cannot be timed here; None if it can."""
    if not find_spec("torch"):
        return "PyTorch is not installed (pip install torch)"
    import torch

    return None if torch.cuda.is_available() else f"PyTorch {torch.__version__} finds no GPU"


def _environment():
    found = program.environment("gpu", "gpu")
    if find_spec("torch"):
        import torch

        found |= {
            "torch": torch.__version__,
            "torch_cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return found


def copy_bandwidth():
    """Bytes a second, read and written, of a copy within the GPU's memory: the fastest of some.
    What a kernel can hope for.
    """
    cupy = backend.cupy()
    source, target = cupy.zeros(COPIED, np.uint8), cupy.empty(COPIED, np.uint8)
    fastest = np.inf
    for _ in range(10):
        backend.synchronize()
        started = time.perf_counter()
        for _ in range(COPIES):
            target.data.copy_from_device_async(source.data, COPIED)
        backend.synchronize()
        fastest = min(fastest, time.perf_counter() - started)
    del source, target
    backend.free_memory()
    return 2 * COPIED * COPIES / fastest


def _kernels():
    yield from (
        Kernel(name, shapes, tuple(settings.items()), backward)
        for name, shapes, settings in KERNELS
        for backward in (False, True)
    )
    yield SGDStep(56)


def _timings(works, sides, rounds):
    """A row for each piece of work; for a net also the bytes that it has to move: see `traffic`."""
    rows = []
    with at_work(sides, **WORKERS) as workers:
        for work in works:
            failed = {}
            rows.append(
                {"name": work.name, "failed": failed, **compare(work, workers, rounds, failed)}
            )
            if isinstance(work, Net):
                rows[-1] |= {
                    "batch": work.batch,
                    "bytes": work.batch * per_image(work),
                    "bytes_with_columns": work.batch * per_image(work, columns=True),
                }
            print(line(rows[-1]), flush=True)
            yield rows


def _launches(sides):
    """For each net and side what the profiler has seen: see `launches.summary`; None where it saw
    nothing.
    """
    rows = []
    with at_work(sides, **WORKERS) as workers:
        for net in NETS:
            failed, able = {}, dict(workers)
            ask_all(able, "prepare", net, failed=failed)
            rows.append(
                {
                    "name": net.name,
                    "failed": failed,
                    "profiles": ask_all(able, "launches", failed=failed),
                }
            )
            print(line(rows[-1]), flush=True)
            yield rows


if __name__ == "__main__":
    main()
