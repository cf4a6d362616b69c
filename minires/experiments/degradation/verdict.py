"""The verdict of a degradation run: a table and sentences, computed from its records alone."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from ...types import Row
from .. import confidence
from ..presets import PRESETS

MARGIN = 2.0  # percentage points of training error by which a difference is clear with one seed
MOST_NAMED = 5  # up to this number of seeds, the difference is given for each of them
#: For each of the `comparisons`: its title, and what it means if the error of its first net is
#: higher, lower, or not clearly different.
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
    """(net, seed) -> the last row of metrics of this training, in the order of the trainings."""
    last = {}
    for row in metrics:
        last[row["net"], row["seed"]] = row
    return last


HEAD = ("net", "parameters", "training error", "test error", "time")
WIDTHS = (-14, 12, 22, 22, 10)  # of the columns in characters; negative: aligned to the left


def rows(metrics: Sequence[Row], parameters: Mapping[str, int]) -> list[tuple[str, ...]]:
    """The results as cells of text: one row for each net, with the columns of `HEAD`.

    Parameters
    ----------
    metrics : list of dict
        The rows of ``metrics.csv``, of which the last one of each net and seed counts.
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
    """The line below the table: what the numbers in its `rows` are."""
    seeds = len({row["seed"] for row in metrics})
    if seeds == 1:
        return "final errors; 1 seed"
    return f"final errors; mean (lowest to highest) of {seeds} seeds, time of one"


def table(metrics: Sequence[Row], parameters: Mapping[str, int]) -> str:
    """The results as a table in plain text; arguments as for `rows`."""
    lines = [
        "".join(
            cell.ljust(-width) if width < 0 else cell.rjust(width)
            for cell, width in zip(row, WIDTHS)
        )
        for row in (HEAD, *rows(metrics, parameters))
    ]
    return "\n".join([*lines, below(metrics)])


def intervals(finals: Sequence[Row]) -> dict[tuple[str, str], tuple[float, float]]:
    """(net, "train_error" or "test_error") -> the 95 % confidence interval of the mean over seeds.

    `finals` holds the last row of each net and seed. Nets with a single seed have no interval.
    """
    found = {}
    for net in {row["net"] for row in finals}:
        for name in ("train_error", "test_error"):
            values = [row[name] for row in finals if row["net"] == net]
            if len(values) > 1:
                found[net, name] = confidence.interval(values)
    return found


def left_out(metrics: Sequence[Row], finished: Sequence[Row]) -> list[str]:
    """A line that names all nets with rows in `metrics` but none in `finished`; an empty list if
    there are no such nets.
    """
    done = final_rows(finished)
    names = [f"{net} seed {seed}" for net, seed in final_rows(metrics) if (net, seed) not in done]
    return [f"not finished, and left out here: {', '.join(names)}"] if names else []


def comparisons(metrics: Sequence[Row]) -> list[tuple[str, str]]:
    """The pairs of nets whose errors answer the experiment's questions: the deep and the shallow
    plain net, the deep net with and without shortcuts, the deep and the shallow residual net.

    With a single depth there are no pairs.
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
    """Sentences that answer the experiment's questions. Each compares the final training errors of
    two nets, seed by seed.
    """
    pairs = comparisons(metrics)
    if not pairs:
        return ["A single depth says nothing about depth: give two or more with --depths."]
    last = final_rows(metrics)
    return [_sentence(last, *pair, *words) for pair, words in zip(pairs, WORDS)]


def differences_in_words(metrics: Sequence[Row]) -> list[str]:
    """The differences in final training error with their confidence intervals, as a few words for
    the line below a figure. The list is empty if there is nothing to compare.
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
    """Why a run does not show that residual nets gain from depth, the second half of the paper's
    result: a sentence, and a few words for the line below a figure.

    On CIFAR-10 this takes a training as long as in the preset small. On the drawn images, residual
    nets of all depths end about level at that length, probably because the remaining errors cannot
    be learned.

    None if the run does show it, if there is nothing to compare, or if neither its data nor its
    length explains why it does not.

    Parameters
    ----------
    config : dict
        The settings of the run.
    metrics : list of dict
        The rows of ``metrics.csv`` of all finished nets.
    """
    pairs, last = comparisons(metrics), final_rows(metrics)
    found = list(_differences(last, *pairs[2]).values()) if pairs else []
    if not found or max(found) < 0:
        return None
    command = "minires degradation --preset small --dataset cifar10"
    second_half = "with shortcuts deeper is better"
    if config["dataset"] == "synthetic":
        return (
            f"The drawn images do not show that {second_half}. To try other images: {command}",
            "the drawn images do not show that deeper residual nets are better",
        )
    small = PRESETS["small"]
    epochs = config["epochs"] or config["iterations"] * config["batch_size"] / config["train_size"]
    assert small.epochs is not None and small.train_size is not None
    if epochs * config["train_size"] < 0.9 * small.epochs * small.train_size:
        return (
            f"This training is too short to show that {second_half}. To try a longer one: "
            f"{command}",
            "too short a training to show that deeper residual nets are better",
        )
    return None


def errors_by_epoch(metrics: Sequence[Row]) -> dict[str, list[float]]:
    """Net -> its training error in percent after each epoch, averaged over the seeds, up to the
    last epoch that all of them have finished.
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
    """Seed -> the final training error of `net` minus that of `other`, where both have one."""
    return {
        seed: last[net, seed]["train_error"] - last[other, seed]["train_error"]
        for name, seed in last
        if name == net and (other, seed) in last
    }


def _sentence(last, net, other, title, higher, lower, unclear):
    found = _differences(last, net, other)
    if not found:
        return f"{title}: no answer yet, because {net} or {other} is not finished."
    differences = list(found.values())
    some_small = f", though by less than {MARGIN:g} points with some seeds"
    if min(differences) > MARGIN:
        meaning = higher
    elif max(differences) < -MARGIN:
        meaning = lower
    elif min(differences) > 0 and _apart_from_zero(differences):
        meaning = higher + some_small
    elif max(differences) < 0 and _apart_from_zero(differences):
        meaning = lower + some_small
    elif max(differences) - min(differences) < 2 * MARGIN:
        meaning = unclear
    else:
        meaning = "undecided, because the seeds disagree"
    errors = [mean(last[name, seed]["train_error"] for seed in found) for name in (net, other)]
    return (
        f"{title}: {meaning}. Training error of {net} {errors[0]:.1f} %, of {other} "
        f"{errors[1]:.1f} %: {mean(differences):+.1f} points "
        f"({confidence.in_words(differences, '{:+.1f}'.format)}{_by_seed(found)})."
    )


def _apart_from_zero(differences):
    """Whether the confidence interval of the mean excludes 0; one seed has no interval."""
    if len(differences) == 1:
        return False
    low, high = confidence.interval(differences)
    return low > 0 or high < 0


def _by_seed(differences):
    """The differences of the single seeds in words; for many seeds, the lowest and the highest."""
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
