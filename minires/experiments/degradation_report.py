"""What a degradation run says, in a table and in words. Both are computed from its records
alone.
"""

from collections.abc import Mapping, Sequence
from statistics import mean

from ..types import Row
from . import confidence

MARGIN = 2.0  # percentage points: a smaller difference in training error is called none
MOST_NAMED = 5  # seeds whose numbers are given one by one
#: For each of the `comparisons`: the question; what a higher, a lower, and no clear error means.
WORDS = (
    (
        "Degradation",
        "the deeper plain net trains worse, though it could copy the shallower one",
        "no degradation here: the deeper plain net trains better",
        "depth makes no clear difference to the plain net",
    ),
    (
        "Shortcuts",
        "the shortcuts do not help here",
        "the shortcuts help: the same layers with them train better",
        "the shortcuts make no clear difference",
    ),
    (
        "Depth with shortcuts",
        "the deeper residual net trains worse at this length of training",
        "the deeper residual net trains better",
        "the deeper residual net trains about as well",
    ),
)


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


def left_out(metrics: Sequence[Row], finished: Sequence[Row]) -> list[str]:
    """A line on the nets that have rows in `metrics` and none in `finished`, if there are any."""
    done = final_rows(finished)
    names = [f"{net} seed {seed}" for net, seed in final_rows(metrics) if (net, seed) not in done]
    return [f"not finished, and left out here: {', '.join(names)}"] if names else []


def comparisons(metrics: Sequence[Row]) -> list[tuple[str, str]]:
    """The pairs of nets that answer the experiment's questions: deep and shallow plain nets, with
    and without shortcuts, deep and shallow residual nets. There are none of a single depth.
    """
    depths = sorted({int(row["net"].split("-")[1]) for row in metrics})
    if len(depths) < 2:
        return []
    shallow, deep = depths[0], depths[-1]
    return [
        (f"plain-{deep}", f"plain-{shallow}"),
        (f"resnet-{deep}", f"plain-{deep}"),
        (f"resnet-{deep}", f"resnet-{shallow}"),
    ]


def verdict(metrics: Sequence[Row]) -> list[str]:
    """Sentences that answer the experiment's questions: each compares the final training errors of
    two nets, seed by seed.
    """
    pairs = comparisons(metrics)
    if not pairs:
        return ["One depth alone says nothing about depth: give two or more by --depths."]
    last = final_rows(metrics)
    return [_sentence(last, *pair, *words) for pair, words in zip(pairs, WORDS)]


def differences_in_words(metrics: Sequence[Row]) -> list[str]:
    """The differences in final training error with their confidence intervals: short, for the line
    under a figure. Empty if there is nothing to compare.
    """
    last, parts = final_rows(metrics), []
    for net, other in comparisons(metrics):
        found = list(_differences(last, net, other).values())
        if found:
            around = "1 seed"
            if len(found) > 1:
                low, high = confidence.interval(found)
                around = f"{low:+.1f} to {high:+.1f}, n = {len(found)}"
            parts.append(f"{net} minus {other} {mean(found):+.1f} ({around})")
    what = "difference in final training error, points (95 % confidence interval)"
    return [f"{what}: {', '.join(parts)}"] if parts else []


def _differences(last, net, other):
    """Seed -> the final training error of `net` minus that of `other`."""
    return {
        seed: last[net, seed]["train_error"] - last[other, seed]["train_error"]
        for name, seed in last
        if name == net and (other, seed) in last
    }


def _sentence(last, net, other, title, higher, lower, unclear):
    found = _differences(last, net, other)
    if not found:
        return f"{title}: not to be said, {net} or {other} is not finished."
    differences = list(found.values())
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
    errors = [mean(last[name, seed]["train_error"] for seed in found) for name in (net, other)]
    return (
        f"{title}: {meaning}. Training error of {net} {errors[0]:.1f} %, of {other} "
        f"{errors[1]:.1f} %: {mean(differences):+.1f} points "
        f"({confidence.in_words(differences, '{:+.1f}'.format)}{_by_seed(found)})."
    )


def _by_seed(differences):
    """The difference with each seed; of many seeds, the lowest and the highest."""
    if len(differences) == 1:
        return ""
    if len(differences) > MOST_NAMED:
        low, high = min(differences.values()), max(differences.values())
        return f"; by seed {low:+.1f} to {high:+.1f}"
    numbers = ", ".join(f"{difference:+.1f}" for difference in differences.values())
    return f"; seeds {', '.join(map(str, differences))}: {numbers}"


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
