"""Which kernels a GPU runs in a step, and for how long.

PyTorch's profiler counts them. It sees all kernels of a process, and so those of CuPy too.
"""

import json
import tempfile
from pathlib import Path

STEPS = 5
COPIES = ("gpu_memcpy", "gpu_memset")


def profile(step, synchronize):
    """The `summary` of a few steps.

    Parameters
    ----------
    step : callable
        Does one step.
    synchronize : callable
        Waits until the GPU has finished all steps.

    Returns
    -------
    dict or None
        None if PyTorch is missing, finds no GPU, or its profiler sees nothing.
    """
    try:
        import torch
        from torch.profiler import ProfilerActivity
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    torch.cuda.init()
    # With CUDA alone, some versions see nothing.
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    # The first profile may miss kernels while the profiler sets itself up, so it is thrown away.
    with torch.profiler.profile(activities=activities):
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
    """The numbers of a profile, for one step.

    Parameters
    ----------
    events : list of dict
        The events of a trace in Chrome's format. An event of the category "kernel" is a launch;
        "dur" is its duration in microseconds.
    steps : int
        The number of steps in the trace.

    Returns
    -------
    dict or None
        ``launches`` of kernels; ``copies``, which include fillings of memory; ``seconds`` in which
        the GPU was busy with either; and ``kernels``, a list of dict with the name, launches and
        seconds of each, the slowest first. None if the trace has no kernels.
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
