"""The tables of `benchmarks.experiments`, and a model of a machine with eight cores."""

import numpy as np

from .report import machine, table

TITLES = {
    "degradation": "The four nets of the quick preset",
    "scaling": "More workers",
    "claims": "All claims, one seed, nets trained for fewer steps",
}


def markdown(results):
    """The table of each section as Markdown, below a line with the machine and the versions.

    Parameters
    ----------
    results : dict
        Section -> dict with its ``environment``, ``cores``, ``iterations`` of each net, and
        ``seconds``: for each side, a list of samples of a whole process.
    """
    parts = [
        "Whole processes, by turns; median, and in brackets the fastest and the slowest. Each "
        "section names its machine: compare within a section only."
    ]
    for name in filter(results.get, TITLES):
        section = results[name]
        environment = section["environment"]
        parts += [
            f"### {TITLES[name]}",
            f"`{environment['command']}` on {environment['date']}: {machine(environment)}. "
            f"Iterations of a net: {section['iterations']}.",
            seconds_table(section["seconds"]),
        ]
        if name == "scaling":
            parts.append(eight_cores(section["seconds"], section["cores"]))
    return "\n\n".join(parts) + "\n"


def seconds_table(seconds):
    """A row for each side, with its median, and that of the first row over it."""
    first = np.median(next(iter(seconds.values())))
    body = [
        [
            name,
            str(len(samples)),
            f"{np.median(samples):.1f} ({min(samples):.1f}-{max(samples):.1f})",
            f"{first / np.median(samples):.2f}",
        ]
        for name, samples in seconds.items()
    ]
    return table(["", "n", "seconds", "the first row's time / this one"], body)


def eight_cores(seconds, cores):
    """How long eight such cores would train eight nets, in a few sentences.

    The model is the simplest one. A run takes some seconds to start, and then the same seconds for
    each net that a worker trains. A net takes longer the more workers there are, in proportion to
    the number of the others.

    Parameters
    ----------
    seconds : dict of str to list of float
        Samples of runs with names such as "4 nets, 2 workers"; see `benchmarks.experiments`.
    cores : int
    """
    workers = max(n for n in range(1, cores + 1) if f"{n} nets, {n} workers" in seconds)
    if workers == 1:
        return "With one core there is nothing to compare."
    start, alone = _start_and_net(seconds, cores, 1)
    _, together = _start_and_net(seconds, cores, workers)
    measured = (together / alone - 1) / (workers - 1)
    drag = max(0.0, measured)  # a negative one is noise
    eight = start + alone * (1 + 7 * drag)
    taken = ", which is taken for none" if measured < 0 else ""
    return (
        f"A run takes {start:.1f} s to start, and a net {alone:.1f} s with one worker, "
        f"{together:.1f} s with {workers}: {100 * measured:+.1f} % for each other worker{taken}. "
        f"If that goes on in proportion, eight cores train eight nets in {eight:.0f} s and one "
        f"core trains them in {start + 8 * alone:.0f} s, {(start + 8 * alone) / eight:.1f} times "
        f"as long. It is a model, from {workers} workers."
    )


def _start_and_net(seconds, cores, workers):
    """The seconds before the first net begins, and the seconds of a net: the solution of two linear
    equations, one for each number of nets that so many workers trained.
    """
    few = np.median(seconds[f"{workers} nets, {workers} workers"])
    many = np.median(seconds[f"{2 * cores} nets, {workers} workers"])
    nets_in_turn = -(-2 * cores // workers)  # that each worker trains
    net = (many - few) / (nets_in_turn - 1)
    return few - net, net
