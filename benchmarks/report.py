"""Lines and tables for readers, from the numbers of a benchmark.

A *row* is a dict with the ``name`` of a piece of work and its ``seconds``: for each side, a list of
samples of a step. A row of the CPU also has the number of ``threads`` and the work in ``flop``,
which is None where it is not counted.
"""

import numpy as np

KERNELS = (
    "Shapes: images (N, H, W, C), filters (KH, KW, C, O), one number a channel (C,). "
    "minires' kernels are called on arrays, "
    "PyTorch's backward through its autograd, which is the way to it and counts where there "
    "is little to compute."
)
IMAGENET = (
    "Inference without gradients. Folded: minires' batch norm has become part of the convolutions "
    "before it (`nn.fuse(net)`); PyTorch runs the same net, eagerly, "
    "with its batch norm."
)
COST = (
    "A training step with all threads, ResNet-20 unless another depth stands there, with "
    "16 channels, 32x32 images and batches of 128: one of these grows. Where ms a GFLOP "
    "does not rise, the cost grows no faster than the work."
)
MINIRES, PYTORCH = "minires", "PyTorch"


def line(row):
    """One line of text for a row: the median of each side in milliseconds, and the ratios of
    minires to PyTorch.
    """
    parts = [
        f"{row['name']}, {threads(row['threads'])}:" if "threads" in row else f"{row['name']}:"
    ]
    parts += [f"{side} {milliseconds(seconds)} ms" for side, seconds in row["seconds"].items()]
    others = (
        [side for side in row["seconds"] if side.startswith(PYTORCH)]
        if MINIRES in row["seconds"]
        else []
    )
    return "  ".join(parts + [f"ratio {ratio(row, side):.2f}" for side in others])


def markdown(results):
    """All tables of a run as Markdown, below a line with the machine and the versions.

    Parameters
    ----------
    results : dict
        What is known of a run, as `benchmarks.cpu` writes it to ``cpu.json``. A section that was
        not measured is left out.
    """
    parts = [_heading(results)]
    if "nets" in results:
        parts += ["### Nets", timings(results["nets"], results["peak_gflops"])]
    if "imagenet" in results:
        parts += [
            "### Nets for ImageNet",
            IMAGENET,
            timings(results["imagenet"], results["peak_gflops"]),
        ]
    if "kernels" in results:
        parts += ["### Kernels", KERNELS, timings(results["kernels"], results["peak_gflops"])]
    if "memory" in results:
        parts += ["### Peak memory", _memory(results["memory"])]
    if "scaling" in results:
        parts += [
            "### More threads",
            timings(results["scaling"]["threads"], results["peak_gflops"]),
        ]
    if "cost" in results:
        parts += ["### What it costs to grow", COST, _cost(results["cost"])]
    if "startup" in results:
        parts += [
            "### Start-up",
            table(
                ["", "median seconds"],
                [
                    [name, f"{np.median(seconds):.2f}"]
                    for name, seconds in results["startup"].items()
                ],
            ),
        ]
    return "\n\n".join(parts) + "\n"


def timings(rows, peak_gflops=None):
    """A table of medians in milliseconds, with the quartiles in brackets, and the ratios of the
    medians. A side that failed has an empty cell.

    Parameters
    ----------
    rows : list of dict
    peak_gflops : dict, optional
        Number of threads -> GFLOP/s of a large matrix product; adds columns with the GFLOP/s of
        minires.
    """
    sides = sorted(
        dict.fromkeys(side for row in rows for side in row["seconds"]),
        key=lambda side: side != MINIRES,
    )  # minires first
    head = ["", *(["threads"] if "threads" in rows[0] else []), *(f"{side}, ms" for side in sides)]
    head += [f"minires / {side}" for side in sides[1:]]
    if peak_gflops:
        head += ["minires, GFLOP/s", "of peak"]
    body = []
    for row in rows:
        seconds = row["seconds"]
        cells = [row["name"], *([str(row["threads"])] if "threads" in row else [])]
        cells += [
            f"{milliseconds(seconds[side])} ({spread(seconds[side])})" if side in seconds else ""
            for side in sides
        ]
        cells += [
            f"{ratio(row, side):.2f}" if side in seconds and MINIRES in seconds else ""
            for side in sides[1:]
        ]
        if peak_gflops:
            gflops = row["flop"] / np.median(row["seconds"][MINIRES]) / 1e9 if row["flop"] else None
            peak = {int(count): value for count, value in peak_gflops.items()}.get(row["threads"])
            cells += [
                f"{gflops:.0f}" if gflops else "",
                f"{100 * gflops / peak:.0f} %" if gflops and peak else "",
            ]
        body.append(cells)
    return table(head, body)


def summary(results):
    """The table of docs/speed.md: nets of usual width with all threads."""
    rows = [
        row
        for row in (*results["nets"], *results["imagenet"])
        if row["threads"] == max(results["threads"]) and "width 8" not in row["name"]
    ]
    return timings(rows)


def milliseconds(seconds):
    """The median of some seconds, in milliseconds."""
    return digits(1e3 * np.median(seconds))


def spread(seconds):
    """The quartiles of some seconds, in milliseconds."""
    low, high = np.percentile(seconds, (25, 75))
    return f"{digits(1e3 * low)}-{digits(1e3 * high)}"


def ratio(row, side):
    """The median time of minires, divided by the median of another side."""
    return np.median(row["seconds"][MINIRES]) / np.median(row["seconds"][side])


def threads(count):
    """The number of threads in words: "1 thread", "2 threads"."""
    return f"{count} thread{'s' if count != 1 else ''}"


def machine(environment):
    """The machine and versions in one sentence."""
    text = (
        f"{environment['processor']}, {environment['cores']} cores, Python "
        f"{environment['python']}, NumPy {environment['numpy']} "
        f"({environment['blas']})"
    )
    return text + (f", PyTorch {environment['torch']}" if "torch" in environment else "")


def _heading(results):
    environment = results["environment"]
    peaks = ", ".join(
        f"{peak:.0f} with {threads(int(count))}" for count, peak in results["peak_gflops"].items()
    )
    return (
        f"`{environment['command']}` on {environment['date']}: {machine(environment)}. "
        f"Medians (rounds: {results['rounds']}, taken by turns); "
        "in brackets the quartiles. Ratios are of times: above 1, minires is slower. Peak "
        f"of a matrix product, in GFLOP/s: {peaks}. GFLOP/s count the multiplications and "
        "additions of convolutions and linear layers only."
    )


def _memory(rows):
    return table(
        ["", "", "peak, MiB", "of it before the net was built, MiB"],
        [
            [row["name"], row["side"], f"{row['peak'] / 2**20:.0f}", f"{row['before'] / 2**20:.0f}"]
            for row in rows
        ],
    )


def _cost(cost):
    """A table for each thing that grows; see `cost.GROWING`."""
    parts = []
    for what, rows in cost.items():
        body = [
            [
                str(row["value"]),
                f"{row['flop'] / 1e9:.2f}",
                digits(1e3 * np.median(row["seconds"])),
                digits(1e12 * np.median(row["seconds"]) / row["flop"]),
            ]
            for row in rows
        ]
        parts.append(table([what, "work, GFLOP", "ms a step", "ms a GFLOP"], body))
    return "\n\n".join(parts)


def table(head, body):
    """A table as Markdown, from lists of cells. The first column is text, the others numbers."""
    rows = [head, ["---", *("---:" for _ in head[1:])], *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def digits(value):
    """A number with three significant digits; below 1 with three decimals."""
    value = float(f"{value:.3g}")
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{decimals}f}"
