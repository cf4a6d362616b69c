"""Which kernels a GPU runs in a step, and for how long: seen by PyTorch's profiler, which sees all
of a process, CuPy's too.
"""

import json
import tempfile
from pathlib import Path

STEPS = 5
COPIES = ("gpu_memcpy", "gpu_memset")


def profile(step, synchronize):
    """What `summary` says of some steps; None where PyTorch, or PyTorch's CUDA, is missing, or its
    profiler sees nothing.
    """
    try:
        import torch
        from torch.profiler import ProfilerActivity
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    torch.cuda.init()
    activities = [
        ProfilerActivity.CPU,
        ProfilerActivity.CUDA,
    ]  # with CUDA alone some versions see nothing
    with torch.profiler.profile(
        activities=activities
    ):  # the first time it may miss some while it sets itself up
        step()
        synchronize()
    with torch.profiler.profile(activities=activities) as recorded:
        for _ in range(STEPS):
            step()
        synchronize()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        recorded.export_chrome_trace(str(path))
        return summary(json.loads(path.read_text(encoding="utf-8"))["traceEvents"], STEPS)


def summary(events, steps):
    """A profile in a few numbers, each for one step.

    Parameters
    ----------
    events : list of dict
        Of a trace in Chrome's format: those of category "kernel" are kernels; "dur" is in
        microseconds.
    steps : int
        How many steps it shows.

    Returns
    -------
    dict or None
        ``launches`` of kernels, ``copies`` (and fillings) of memory, ``seconds`` in which the GPU
        was busy with either, and the ``kernels``: name, launches and seconds of each, the one that
        takes most first. None if there are no kernels.
    """
    kernels, copies, busy = {}, 0, 0.0
    for event in events:
        if event.get("ph") != "X" or event.get("cat") not in ("kernel", *COPIES):
            continue
        busy += event["dur"]
        if event["cat"] in COPIES:
            copies += 1
        else:
            count, duration = kernels.get(event["name"], (0, 0.0))
            kernels[event["name"]] = count + 1, duration + event["dur"]
    if not kernels:
        return None
    ordered = sorted(kernels.items(), key=lambda item: -item[1][1])
    return {
        "launches": sum(count for count, _ in kernels.values()) / steps,
        "copies": copies / steps,
        "seconds": 1e-6 * busy / steps,
        "kernels": [
            {"name": name, "launches": count / steps, "seconds": 1e-6 * duration / steps}
            for name, (count, duration) in ordered
        ],
    }
