"""The numbers in the page: errors as they were recorded, and norms as logarithms, in whole
thousandths.

A norm of 0.0123 has the logarithm -1.910 and is written as -1910. That takes five characters
instead of ten, and is exact to 0.12 %, which is finer than a screen can show. The logarithm of a
ratio of norms is the difference of their logarithms.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...names import as_text, printable, shortened
from ...types import Row
from ..records import of_one_run
from . import colours
from .folders import LONGEST_NAME, Run, Training

PER_POWER = 1000  # units in a power of ten: logarithms are stored in thousandths
MOST_EPOCHS = 400  # per training
MOST_NORMS = 500_000  # in all trainings together; that many take about 3 MB
FEWEST_STEPS = 8  # per training, kept even if there are too many norms


def data(runs: Sequence[Run]) -> dict[str, Any]:
    """The data for the scripts in the page.

    Returns
    -------
    dict
        ``nets``: name and colours of every net, in the order in which the page shows them.
        ``runs``: name, kind, caption, notes, layers and trainings of each run. ``map``: the colours
        of the heat maps, from low to high. ``perPower``: `PER_POWER`.
    """
    nets = colours.in_order([one.net for run in runs for one in run.trainings])
    norms = sum(2 * len(one.gradients) + len(one.updates) for run in runs for one in run.trainings)
    part = min(1.0, MOST_NORMS / max(1, norms))
    names = run_names(runs)
    return {
        "nets": [{"name": _name(net), **colours.of(net, nets)} for net in nets],
        "map": colours.of_maps(),
        "perPower": PER_POWER,
        "runs": [_run(run, name, part) for run, name in zip(runs, names)],
    }


def run_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: the end of its path, as long as necessary to make the names differ."""
    parts = [run.path.resolve().parts for run in runs]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(some[-length:]) for some in parts]
        if len({*names}) == len(names):
            break
    return [shortened(as_text(name), LONGEST_NAME) for name in names]


def _run(run: Run, name: str, part: float) -> dict[str, Any]:
    with of_one_run(run.path):
        trainings = [_training(one, part) for one in run.trainings]
    return {
        "name": name,
        "kind": f"{run.kind}, pooled from {run.pooled} runs" if run.pooled else run.kind,
        "caption": run.caption,
        "notes": [*run.notes, *_thinned(run, trainings)],
        "layers": _layers(run.trainings),
        "trainings": trainings,
    }


def _layers(trainings: Sequence[Training]) -> dict[str, list[list[Any]]]:
    """Net -> (depth, name) of each of its layers, from the images on."""
    found: dict[str, dict[int, str]] = {}
    for one in trainings:
        its = found.setdefault(_name(one.net), {})
        its.update((row["depth"], _name(row["layer"])) for row in one.gradients)
    return {net: [[depth, its[depth]] for depth in _kept(its)] for net, its in found.items()}


def _kept(depths: Mapping[int, Any] | set[int]) -> list[int]:
    """The depths in ascending order, without the last layer of the net.

    The last layer turns features into logits, and its gradient is far larger than that of the
    convolutions before it. It is kept if it is the only layer, as when only a new head is trained.
    """
    ordered = sorted(depths)
    return ordered[:-1] if len(ordered) > 1 else ordered


def _training(training: Training, part: float) -> dict[str, Any]:
    rows = thinned(training.metrics, MOST_EPOCHS)
    table, moved = map(_by_step, (training.gradients, training.updates))
    steps = thinned(sorted(table), max(FEWEST_STEPS, int(part * len(table))))
    depths = _kept({row["depth"] for row in training.gradients})

    def powers(rows: dict[int, dict[int, Row]], column: str) -> list[list[int | None]]:
        return [
            [_power(rows.get(step, {}).get(depth, {}).get(column)) for depth in depths]
            for step in steps
        ]

    return {
        "net": _name(training.net),
        "seed": training.seed,
        "epoch": [row["epoch"] for row in rows],
        "train": [row["train_error"] for row in rows],
        "test": [row["test_error"] for row in rows],
        "steps": steps,
        "depths": depths,
        "gradient": powers(table, "gradient_norm"),
        "weight": powers(table, "weight_norm"),
        "update": powers(moved, "update_ratio") if moved else [],
    }


def _by_step(rows: Sequence[Row]) -> dict[int, dict[int, Row]]:
    """Step -> depth -> row."""
    found: dict[int, dict[int, Row]] = {}
    for row in rows:
        found.setdefault(row["iteration"], {})[row["depth"]] = row
    return found


def thinned(values: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the values, evenly spread, including the first and the last."""
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def _thinned(run: Run, shown: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences on the steps and epochs that were left out of the page."""
    found = []
    recorded = max(len({row["iteration"] for row in one.gradients}) for one in run.trainings)
    kept = max(len(one["steps"]) for one in shown)
    if kept < recorded:
        found.append(f"Of {recorded:,} recorded steps {kept:,} are in this page, evenly spread.")
    epochs, kept = (
        max(len(one.metrics) for one in run.trainings),
        max(len(one["epoch"]) for one in shown),
    )
    if kept < epochs:
        found.append(f"Of {epochs:,} epochs {kept:,} are in this page, evenly spread.")
    return found


def _power(norm: float | None) -> int | None:
    """log10 of a norm in thousandths; None if the norm is missing, 0 or not finite."""
    if norm is None or not 0 < norm < math.inf:
        return None
    return round(PER_POWER * math.log10(norm))


def _name(text: str) -> str:
    return printable(shortened(text, LONGEST_NAME))
