"""What a degradation run says, in a table and in words. Both are computed from its records
alone.
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from ...types import Row
from .. import confidence
from ..presets import PRESETS

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


HEAD = ("net", "parameters", "training error", "test error", "time")
WIDTHS = (-14, 12, 22, 22, 10)  # of the columns; below 0, text begins on the left


def rows(metrics: Sequence[Row], parameters: Mapping[str, int]) -> list[tuple[str, ...]]:
    """The results: for each net, what stands below `HEAD`.

    Parameters
    ----------
    metrics : list of dict
    parameters : dict
        Net -> its number of parameters.
    """
    last = final_rows(metrics)
    found = []
    for net in dict.fromkeys(net for net, _ in last):
        its = [row for (name, _), row in last.items() if name == net]
        errors = (_spread([row[name] for row in its]) for name in ("train_error", "test_error"))
        time = _time(mean(row["seconds"] for row in its))
        found.append((net, f"{parameters[net]:,}", *errors, time))
    return found


def below(metrics: Sequence[Row]) -> str:
    """What the numbers in the `rows` are."""
    seeds = len({row["seed"] for row in metrics})
    if seeds == 1:
        return "final errors; 1 seed"
    return f"final errors; mean (lowest to highest) of {seeds} seeds, time of one"


def table(metrics: Sequence[Row], parameters: Mapping[str, int]) -> str:
    """The results as lines of text; see `rows`."""
    lines = [
        "".join(
            cell.ljust(-width) if width < 0 else cell.rjust(width)
            for cell, width in zip(row, WIDTHS)
        )
        for row in (HEAD, *rows(metrics, parameters))
    ]
    return "\n".join([*lines, below(metrics)])


def intervals(finals: Sequence[Row]) -> dict[tuple[str, str], tuple[float, float]]:
    """(net, "train_error" or "test_error") -> the confidence interval of its mean over the seeds.

    `finals` holds the last row of each net and seed.
    """
    found = {}
    for net in {row["net"] for row in finals}:
        for name in ("train_error", "test_error"):
            values = [row[name] for row in finals if row["net"] == net]
            if len(values) > 1:
                found[net, name] = confidence.interval(values)
    return found


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


def not_shown(config: Mapping[str, Any], metrics: Sequence[Row]) -> tuple[str, str] | None:
    """What a run cannot show: a sentence, and a few words for the line under a figure.

    It is the second half of the paper's picture, that residual nets gain by depth. On CIFAR-10 it
    takes a training of the length of the preset small; on the drawn images deeper residual nets
    end about level at that length, probably because what they get wrong cannot be learned. None if
    the run shows it, or cannot be blamed.

    Parameters
    ----------
    config : dict
        The run's settings.
    metrics : list of dict
        Those of the nets that are finished.
    """
    pairs, last = comparisons(metrics), final_rows(metrics)
    found = list(_differences(last, *pairs[2]).values()) if pairs else []
    if not found or max(found) < 0:
        return None
    command = "minires degradation --preset small --dataset cifar10"
    second_half = "with shortcuts deeper is better"
    if config["dataset"] == "synthetic":
        return (
            f"The drawn images do not show that {second_half}. To try it on others: {command}",
            "the drawn images do not show that deeper residual nets are better",
        )
    small = PRESETS["small"]
    epochs = config["epochs"] or config["iterations"] * config["batch_size"] / config["train_size"]
    assert small.epochs is not None and small.train_size is not None
    if epochs * config["train_size"] < 0.9 * small.epochs * small.train_size:
        return (
            f"So short a training does not show that {second_half}. To try a longer one: {command}",
            "too short a training to show that deeper residual nets are better",
        )
    return None


def errors_by_epoch(metrics: Sequence[Row]) -> dict[str, list[float]]:
    """Net -> its training error after each epoch: the mean over the seeds, as far as all of them
    have come.
    """
    found = {}
    for net in dict.fromkeys(row["net"] for row in metrics):
        its = [row for row in metrics if row["net"] == net]
        by_seed = [
            [row["train_error"] for row in its if row["seed"] == seed]
            for seed in dict.fromkeys(row["seed"] for row in its)
        ]
        found[net] = [mean(errors) for errors in zip(*by_seed)]
    return found


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
