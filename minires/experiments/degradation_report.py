"""What a degradation run says, in a table and in words. Both are computed from its records
alone.
"""

from collections.abc import Mapping, Sequence
from statistics import mean

from ..types import Row

MARGIN = 2.0  # percentage points: a smaller difference in training error is called none


def final_rows(metrics: Sequence[Row]) -> dict[tuple[str, int], Row]:
    """(net, seed) -> the last row of that net, in the order in which the nets were trained."""
    last = {}
    for row in metrics:
        last[row["net"], row["seed"]] = row
    return last


def table(metrics: Sequence[Row], parameters: Mapping[str, int]) -> str:
    """The results as lines of text. `parameters` gives the number of parameters of each net."""
    last = final_rows(metrics)
    nets = list(dict.fromkeys(net for net, _ in last))
    lines = [f"{'net':<14}{'parameters':>12}{'training error':>22}{'test error':>22}{'time':>10}"]
    for net in nets:
        rows = [row for (name, _), row in last.items() if name == net]
        lines.append(
            f"{net:<14}{parameters[net]:>12,}"
            f"{_spread([row['train_error'] for row in rows]):>22}"
            f"{_spread([row['test_error'] for row in rows]):>22}"
            f"{_time(mean(row['seconds'] for row in rows)):>10}"
        )
    seeds = len({seed for _, seed in last})
    lines.append(
        f"final errors; mean (lowest to highest) of {seeds} seeds, time of one"
        if seeds > 1
        else "final errors; 1 seed"
    )
    return "\n".join(lines)


def verdict(metrics: Sequence[Row]) -> list[str]:
    """Sentences that answer the experiment's questions: each compares the final training errors of
    two nets, seed by seed.
    """
    last = final_rows(metrics)
    depths = sorted({int(net.split("-")[1]) for net, _ in last})
    if len(depths) < 2:
        return ["One depth alone says nothing about depth: give two or more by --depths."]
    shallow, deep = depths[0], depths[-1]
    return [
        _sentence(
            last,
            f"plain-{deep}",
            f"plain-{shallow}",
            "Degradation",
            "the deeper plain net trains worse, though it could copy the shallower one",
            "no degradation here: the deeper plain net trains better",
            "depth makes no clear difference to the plain net",
        ),
        _sentence(
            last,
            f"resnet-{deep}",
            f"plain-{deep}",
            "Shortcuts",
            "the shortcuts do not help here",
            "the shortcuts help: the same layers with them train better",
            "the shortcuts make no clear difference",
        ),
        _sentence(
            last,
            f"resnet-{deep}",
            f"resnet-{shallow}",
            "Depth with shortcuts",
            "the deeper residual net trains worse at this length of training",
            "the deeper residual net trains better",
            "the deeper residual net trains about as well",
        ),
    ]


def _sentence(last, net, other, title, higher, lower, unclear):
    seeds = [seed for name, seed in last if name == net and (other, seed) in last]
    differences = [
        last[net, seed]["train_error"] - last[other, seed]["train_error"] for seed in seeds
    ]
    if not differences:
        return f"{title}: not to be said, {net} or {other} is not finished."
    average = mean(differences)
    if min(differences) > MARGIN:
        meaning = higher
    elif max(differences) < -MARGIN:
        meaning = lower
    else:
        meaning = (
            unclear
            if max(differences) - min(differences) < 2 * MARGIN
            else "undecided, the seeds disagree"
        )
    numbers = ", ".join(f"{d:+.1f}" for d in differences)
    each = f" (seeds {', '.join(map(str, seeds))}: {numbers})" if len(seeds) > 1 else " (1 seed)"
    errors = [mean(last[name, seed]["train_error"] for seed in seeds) for name in (net, other)]
    return (
        f"{title}: {meaning}. Training error of {net} {errors[0]:.1f} %, of {other} "
        f"{errors[1]:.1f} %: "
        f"{average:+.1f} points{each}."
    )


def _spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f} %"
    return f"{mean(values):.1f} % ({min(values):.1f}-{max(values):.1f})"


def _time(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 600
        else f"{seconds / 60:.0f} min"
        if seconds < 36_000
        else f"{seconds / 3600:.1f} h"
    )
