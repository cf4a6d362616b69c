"""Time whole experiments with one worker process and with several, beside PyTorch:
``python -m benchmarks.experiments``.

Each sample is a fresh process, start-up and reading of data included, as somebody waits for it.
The sides take turns. With the quick preset as it is a round takes about ten minutes on two cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from minires import backend

from . import program
from .report import machine, table, threads

SECTIONS = ("degradation", "scaling", "claims")
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
    PRESETS["quick"] = replace(
        PRESETS["quick"], epochs=None, iterations=iterations, train_size=64 * iterations
    )
claims.run(list(claims.CLAIMS.values()), sys.argv[3], seeds=1, workers=workers, progress=False)
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
# All claims with nets trained to the end take hours. Here they have fewer steps and images, and one
# seed: several share out better, so what two workers gain is at least this. A trajectory needs
# two epochs.
CLAIMS_ITERATIONS, CLAIMS_ROUNDS = 40, 1


def main(arguments=None):
    options = program.parse(
        "experiments", __doc__.split("\n\n")[0], SECTIONS, arguments, rounds=3, whole=True
    )
    cores = backend.num_threads()
    environment = program.environment("experiments")
    if find_spec("torch"):
        import torch

        environment["torch"] = torch.__version__
    count, steps = str(options.iterations or 0), str(options.iterations or CLAIMS_ITERATIONS)
    iterations = {
        "degradation": options.iterations or "all",
        "claims": int(steps),
        "scaling": SCALING_ITERATIONS,
    }

    def recorded(name, sides, rounds):
        """A section, as far as it is measured: where, how long each net trained, the seconds."""
        about = {"environment": environment, "cores": cores, "iterations": iterations[name]}
        for seconds in _by_turns(sides, rounds):
            yield about | {"seconds": seconds}

    claims = {
        f"{workers} worker{'s' * (workers > 1)}": ["-c", CLAIMS, str(workers), steps]
        for workers in (cores, 1)
    }
    sections = {
        "degradation": lambda: recorded("degradation", _degradation(cores, count), options.rounds),
        "claims": lambda: recorded("claims", claims, CLAIMS_ROUNDS),
        "scaling": lambda: recorded("scaling", _scaling(cores), options.rounds),
    }
    program.measure("experiments", options, earlier(options.out), sections, markdown)


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


def earlier(folder):
    """Sections that are in the folder already, from this machine or another: they stay."""
    path = folder / "experiments.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: one for name, one in found.items() if name in SECTIONS and "seconds" in one}


def markdown(results):
    """The table of each section, with the machine and versions above it."""
    titles = {
        "degradation": "The four nets of the quick preset",
        "claims": "All claims, one seed, nets trained for fewer steps",
        "scaling": "More workers",
    }
    parts = [
        "Whole processes, by turns; median, and in brackets the fastest and the slowest. Each "
        "section names its machine: compare within a section only."
    ]
    for name in filter(results.get, SECTIONS):
        section = results[name]
        environment = section["environment"]
        parts += [
            f"### {titles[name]}",
            f"`{environment['command']}` on {environment['date']}: {machine(environment)}. "
            f"Iterations of a net: {section['iterations']}.",
            _table(section["seconds"]),
        ]
        if name == "scaling":
            parts.append(_eight_cores(section["seconds"], section["cores"]))
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
    """What a machine of eight such cores would do, by the simplest model: a run takes a start, and
    then one time for each net that a worker trains, longer the more workers there are.
    """
    workers = max(n for n in range(1, cores + 1) if f"{n} nets, {n} workers" in seconds)
    if workers == 1:
        return "With one core there is nothing to compare."
    start, alone = _start_and_net(seconds, cores, 1)
    _, together = _start_and_net(seconds, cores, workers)
    measured = (together / alone - 1) / (workers - 1)
    drag = max(0.0, measured)  # less than none is the machine's mood, and no law for eight cores
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
    """The seconds before the first net begins, and those of a net, from two runs of different
    numbers of nets with so many workers.
    """
    few = np.median(seconds[f"{workers} nets, {workers} workers"])
    many = np.median(seconds[f"{2 * cores} nets, {workers} workers"])
    rounds = -(-2 * cores // workers)  # of nets, one after the other
    net = (many - few) / (rounds - 1)
    return few - net, net


if __name__ == "__main__":
    main()
