"""Time whole experiments with one worker process and with several, beside PyTorch:
``python -m benchmarks.experiments``.

Each sample is a fresh process, start-up and reading of data included, as somebody waits for it.
The sides take turns. With the quick preset as it is a round takes about ten minutes on two cores.
"""

import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from minires import backend
from minires.experiments.records import environment

from . import program
from .report import machine, table, threads

SECTIONS = ("degradation", "claims", "scaling")
DEGRADATION = """
import sys
from dataclasses import replace
from minires.experiments import degradation
from minires.experiments.presets import PRESETS
config, workers, iterations = PRESETS["quick"], int(sys.argv[1]), int(sys.argv[2])
if iterations:
    config = replace(config, epochs=None, iterations=iterations)
degradation.run(config, sys.argv[3], workers=workers, progress=False)
"""
CLAIMS = """
import sys
from dataclasses import replace
from minires.experiments import claims
from minires.experiments.presets import PRESETS
workers, iterations = int(sys.argv[1]), int(sys.argv[2])
if iterations:
    PRESETS["quick"] = replace(PRESETS["quick"], epochs=None, iterations=iterations)
claims.run(list(claims.CLAIMS.values()), sys.argv[3], seeds=3, workers=workers, progress=False)
"""
SEEDS = """
import sys
from dataclasses import replace
from minires import backend
from minires.experiments import sweep
from minires.experiments.presets import PRESETS
nets, workers, iterations = map(int, sys.argv[1:4])
backend.set_num_threads(workers)
config = replace(PRESETS["quick"], model="resnet-20", epochs=None, iterations=iterations)
runs = sweep.configs(config, {"seed": range(nets)})
sweep.run(runs, sys.argv[4], workers=workers, progress=False)
"""
SCALING_ITERATIONS = 150


def main(arguments=None):
    options = program.parse(
        "experiments", __doc__.split("\n\n")[0], SECTIONS, arguments, rounds=3, whole=True
    )
    cores = backend.num_threads()
    results = {"environment": environment() | {"command": _command()}, "cores": cores}
    results["rounds"], results["iterations"] = options.rounds, options.iterations or "all"
    if find_spec("torch"):
        import torch

        results["environment"]["torch"] = torch.__version__
    count = str(options.iterations or 0)
    sections = {
        "degradation": lambda: _by_turns(_degradation(cores, count), options.rounds),
        "claims": lambda: _by_turns(
            {
                f"{workers} worker{'s' * (workers > 1)}": ["-c", CLAIMS, str(workers), count]
                for workers in (1, cores)
            },
            options.rounds,
        ),
        "scaling": lambda: _by_turns(_scaling(cores), options.rounds),
    }
    program.measure("experiments", options, results, sections, markdown)


def _command():
    return " ".join(["python -m benchmarks.experiments", *sys.argv[1:]])


def _degradation(cores, iterations):
    sides = {
        f"minires, {cores} workers": ["-c", DEGRADATION, str(cores), iterations],
        f"minires, 1 worker of {threads(cores)}": ["-c", DEGRADATION, "1", iterations],
    }
    if find_spec("torch"):
        module = ["-m", "benchmarks.pytorch_training", str(cores), iterations]
        sides[f"PyTorch, {threads(cores)}"] = module
    return sides


def _scaling(cores):
    """Twice as many nets as cores with more and more workers, and as many nets as workers."""

    def sample(nets, workers):
        return ["-c", SEEDS, str(nets), str(workers), str(SCALING_ITERATIONS)]

    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= cores]
    strong = {f"{2 * cores} nets, {n} workers": sample(2 * cores, n) for n in counts}
    return strong | {f"{n} nets, {n} workers": sample(n, n) for n in counts}


def _by_turns(sides, rounds):
    """Yields what there is after each round: the seconds of each side."""
    seconds = {name: [] for name in sides}
    for _ in range(rounds):
        for name, words in sides.items():
            with tempfile.TemporaryDirectory() as folder:
                out = [str(Path(folder) / "run")] if words[0] == "-c" else []
                started = time.perf_counter()
                subprocess.run(
                    [sys.executable, *words, *out], check=True, stdout=subprocess.DEVNULL
                )
                seconds[name].append(time.perf_counter() - started)
            print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
        yield seconds


def markdown(results):
    """All tables of a run, with the machine and versions above them."""
    parts = [
        f"`{results['environment']['command']}` on {results['environment']['date']}: "
        f"{machine(results['environment'])}. Whole processes, by turns; median, and in brackets "
        f"the fastest and the slowest. Iterations of a net: {results['iterations']}."
    ]
    titles = {
        "degradation": "### The four nets of the quick preset",
        "claims": "### All claims, three seeds",
        "scaling": "### More workers",
    }
    for name, title in titles.items():
        if name in results:
            parts += [title, _table(results[name])]
    if "scaling" in results:
        parts.append(_eight_cores(results["scaling"], results["cores"]))
    return "\n\n".join(parts) + "\n"


def _table(seconds):
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


def _eight_cores(seconds, cores):
    """What a machine of eight such cores would do, by the simplest model."""
    alone = np.median(seconds["1 nets, 1 workers"])
    together = np.median(seconds[f"{cores} nets, {cores} workers"])
    if cores == 1:
        return ""
    drag = (together / alone - 1) / (cores - 1)
    eight = alone * (1 + 7 * drag)
    return (
        f"A net beside others takes {100 * drag:.1f} % longer for each other one. If that goes on "
        f"in proportion, eight cores train eight nets in {eight:.0f} s where one trains one in "
        f"{alone:.0f} s: {8 * alone / eight:.1f} times as many in the same time. It is a model, "
        f"from {cores} cores."
    )


if __name__ == "__main__":
    main()
