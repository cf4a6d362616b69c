"""Lines and tables for readers, from the numbers of the benchmark on a GPU.

A row is as in `report`, and has ``failed``: each side that failed, with the reason. The row of a
net also has its ``batch``, and the ``bytes`` and ``bytes_with_columns`` that a step has to move.
"""

import numpy as np

from .report import MINIRES, PYTORCH, digits, milliseconds, spread, table, timings
from .report import line as line_of_times

LISTED_KERNELS = 10  # the kernels of minires that take the most time
NETS = (
    '"Bytes" are the least that a step has to move if nothing stays on the chip between two '
    'kernels; "with columns", if convolutions use im2col. `benchmarks/traffic.py` counts them. '
    'GB/s are these bytes over the time, and "of copy" is their share of the GB/s of a plain copy. '
    "Ratios are of times: above 1, the side of that row is slower. Launches of kernels, and the "
    "time in which the GPU was busy, are those of one step as PyTorch's profiler sees them."
)
KERNELS = (
    "Shapes: images (N, H, W, C), filters (KH, KW, C, O), one number a channel (C,). "
    "minires' kernels are called on arrays, PyTorch's backward through its autograd. In minires, "
    "cross_entropy gets its labels from the CPU and checks them there."
)


def line(row):
    """One line of text for a row of timings or of launches, and a line for each side that
    failed.
    """
    if "profiles" in row:
        text = f"{row['name']}:  " + "  ".join(
            f"{side} {_launches(profile)} launches" for side, profile in row["profiles"].items()
        )
    else:
        text = line_of_times(row)
    return "\n".join([text, *failures(row)])


def failures(row):
    """A line for each side that failed."""
    return [f"FAILED: {row['name']}, {side}: {why}" for side, why in row["failed"].items()]


def markdown(results):
    """All tables of a run as Markdown, below a line with the machine and the versions.

    Parameters
    ----------
    results : dict
        What is known of a run, as `benchmarks.gpu` writes it to ``gpu.json``. A section that was
        not measured is left out.
    """
    parts = [_heading(results)]
    profiles = {row["name"]: row["profiles"] for row in results.get("launches", [])}
    if "nets" in results:
        parts += ["### Nets", NETS]
        for row in results["nets"]:
            parts += [
                f"#### {row['name']}",
                _net(row, results["copy"], profiles.get(row["name"], {})),
            ]
    if "kernels" in results:
        parts += ["### Kernels alone", KERNELS, timings(results["kernels"])]
    if any(profile.get(MINIRES) for profile in profiles.values()):
        parts += [f"### The {LISTED_KERNELS} kernels of minires that take the most time"]
        for name, profile in profiles.items():
            if profile.get(MINIRES):
                parts += [f"#### {name}", _by_time(profile[MINIRES])]
    failed = [
        line
        for section in ("nets", "kernels", "launches")
        for row in results.get(section, [])
        for line in failures(row)
    ]
    if failed:
        parts += ["### Failed", "\n".join(f"- {line}" for line in failed)]
    return "\n\n".join(parts) + "\n"


def _heading(results):
    found = results["environment"]
    versions = [
        f"compute capability {found['compute_capability']}",
        f"CUDA runtime {found['cuda_runtime']}, driver {found['cuda_driver']}",
        f"CuPy {found['cupy']}",
        f"NumPy {found['numpy']}",
        f"Python {found['python']}",
    ]
    if "torch" in found:
        versions.append(
            f"PyTorch {found['torch']} (CUDA {found['torch_cuda']}, cuDNN {found['cudnn']})"
        )
    return (
        f"`{found['command']}` on {found['date']}: {found['gpu']}, {', '.join(versions)}; "
        f"{found['processor']}, "
        f"{found['cores']} cores. Medians (rounds: {results['rounds']}, taken by turns); in "
        "brackets the quartiles. A copy within "
        f"the GPU's memory moves {results['copy'] / 1e9:.0f} GB/s, read and written. "
        "float32 throughout; TF32 and PyTorch's CUDA graph where it says so."
    )


def _net(row, copy, profiles):
    """The table of a net, with a row for each side.

    `copy` is in bytes a second; `profiles` holds the `launches.summary` of each side, or None.
    """
    pytorch = [side for side in row["seconds"] if side.startswith(PYTORCH)]
    head = [
        "",
        "ms a step",
        "images/s",
        "bytes, GB/s",
        "of copy",
        "with columns, GB/s",
        "of copy",
        "launches",
        "GPU busy, ms",
        *(f"/ {side}" for side in pytorch),
    ]
    body = []
    for side, samples in row["seconds"].items():
        seconds, profile = np.median(samples), profiles.get(side)
        cells = [
            side,
            f"{milliseconds(samples)} ({spread(samples)})",
            f"{row['batch'] / seconds:,.0f}",
        ]
        cells += _bandwidth(row["bytes"] / seconds, copy)
        cells += (
            _bandwidth(row["bytes_with_columns"] / seconds, copy)
            if side.startswith(MINIRES)
            else ["", ""]
        )
        cells += (
            [_launches(profile), digits(1e3 * profile["seconds"])] if profile else ["unknown", ""]
        )
        body.append(
            cells
            + [
                f"{seconds / np.median(row['seconds'][other]):.2f}" if other != side else ""
                for other in pytorch
            ]
        )
    return table(head, body)


def _bandwidth(bytes_a_second, copy):
    """Two cells: in GB/s, and as a share of a copy."""
    return [f"{bytes_a_second / 1e9:,.0f}", f"{100 * bytes_a_second / copy:.0f} %"]


def _launches(profile):
    return f"{profile['launches']:.0f}" if profile else "unknown"


def _by_time(profile):
    """The table of the kernels that take the most time."""
    body = [
        [
            f"`{_short(kernel['name'])}`",
            f"{kernel['launches']:.0f}",
            digits(1e3 * kernel["seconds"]),
            f"{100 * kernel['seconds'] / profile['seconds']:.0f} %",
        ]
        for kernel in profile["kernels"][:LISTED_KERNELS]
    ]
    return table(["", "launches a step", "ms a step", "of the GPU's time"], body)


def _short(name):
    """The name of a kernel, fit for a cell: C++ templates have names of several lines, and a bar
    would end the cell.
    """
    name = name.replace("|", "/").replace("`", "'")
    return name if len(name) <= 100 else name[:97] + "..."
