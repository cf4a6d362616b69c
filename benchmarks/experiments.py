"""Time whole experiments with one worker process and with several, beside PyTorch:
``python -m benchmarks.experiments``.

Each sample is a fresh process, and its time includes start-up and the reading of data, because a
user waits for these as well. The sides take turns. Without ``--iterations``, a round of the section
``degradation`` takes about ten minutes on two cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from minires import backend

from . import program
from .experiments_report import TITLES, markdown
from .report import threads

SECTIONS = tuple(TITLES)
# Programs for `python -c`. Their arguments end with the number of iterations, 0 for those of the
# preset, and the folder of the run.
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
# All claims with fully trained nets take hours. Here nets get fewer steps and images, and one seed.
# More seeds would be easier to share out evenly, so several workers gain at least as much as here.
# With 64 images for each step, in batches of 128, there are two epochs: the claim on trajectories
# needs two.
CLAIMS_ITERATIONS, CLAIMS_ROUNDS = 40, 1


def main(arguments=None):
    """Run the program with these command-line arguments."""
    shorter = (
        "training steps of each net (default: those of the preset; in the section claims "
        f"{CLAIMS_ITERATIONS}); the section scaling always takes {SCALING_ITERATIONS}"
    )
    options = program.parse(
        "experiments", __doc__, SECTIONS, arguments, rounds=3, iterations=shorter
    )
    cores = backend.num_threads()
    environment = program.environment("experiments")
    count, steps = str(options.iterations or 0), str(options.iterations or CLAIMS_ITERATIONS)
    iterations = {
        "degradation": options.iterations or "all",
        "claims": int(steps),
        "scaling": SCALING_ITERATIONS,
    }

    def recorded(name, sides, rounds):
        """Yield the result of a section after each round, as `markdown` needs it."""
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
    """Runs with more and more workers: of twice as many nets as there are cores (strong scaling),
    and of one net for each worker (weak scaling).
    """

    def sample(nets, workers):
        return ["-c", SEEDS, str(nets), str(workers), str(SCALING_ITERATIONS)]

    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= cores]
    strong = {f"{2 * cores} nets, {n} workers": sample(2 * cores, n) for n in counts}
    weak = {f"{n} nets, {n} workers": sample(n, n) for n in counts}
    return strong | weak


def _by_turns(sides, rounds):
    """Run each side in every round, and yield the seconds of each side after it.

    `sides` holds the arguments for Python; a program for `python -c` gets a folder as well.
    """
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
    """The sections that an earlier run left in the folder, on this machine or another. They stay
    in the results.
    """
    path = folder / "experiments.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: one for name, one in found.items() if name in SECTIONS and "seconds" in one}


if __name__ == "__main__":
    main()
