"""Measures of each net and seed at every recorded step of a degradation run: the suspects."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TypeAlias

from ...types import PathLike, Row
from ..claims.flung_out import EARLY
from ..claims.frame.laboratory import geometric
from ..records import read_table
from ..training_tables import GRADIENTS, METRICS, TEXT

Layers: TypeAlias = Mapping[int, Row]  # depth -> row of gradients.csv, at one step
Of: TypeAlias = tuple[str, int]  # net, seed


def first_over_last(now: Layers, start: Layers) -> float:
    """The gradient norm of the first layer's weights over that of the last convolution: above 1 if
    gradients grow towards the images, below 1 if they shrink.
    """
    return float(now[1]["gradient_norm"] / now[_last(now)]["gradient_norm"])


def whole_gradient(now: Layers, start: Layers) -> float:
    """The norm of the gradient of all convolution weights together."""
    return sqrt(sum(now[depth]["gradient_norm"] ** 2 for depth in _convolutions(now)))


def lengthening(now: Layers, start: Layers) -> float:
    """The weight norm relative to the norm before training: geometric mean over the first ten
    layers.
    """
    return geometric(
        [now[depth]["weight_norm"] / start[depth]["weight_norm"] for depth in range(1, EARLY + 1)]
    )


def slowest_layer(now: Layers, start: Layers) -> float:
    """The smallest ratio of gradient norm to weight norm of any convolution.

    Batch norm removes the length of the weights w, so only their direction matters. The gradient g
    is at right angles to w, so a step of gradient descent turns w by an angle of about
    lr |g| / |w|. A layer for which that is tiny hardly learns.
    """
    return float(min(now[depth]["ratio"] for depth in _convolutions(now)))


#: Name -> the function that computes a measure from a net's layers now and before training.
MEASURES: dict[str, Callable[[Layers, Layers], float]] = {
    "first over last gradient": first_over_last,
    "whole gradient": whole_gradient,
    "lengthening of early weights": lengthening,
    "slowest layer": slowest_layer,
}


@dataclass(frozen=True)
class Run:
    """The measures of a recorded run.

    Parameters
    ----------
    values : dict
        Measure -> (net, seed) -> step -> value.
    errors : dict
        (net, seed) -> epoch -> training error over the epoch's batches, in percent.
    steps_an_epoch : int
    """

    values: Mapping[str, Mapping[Of, Mapping[int, float]]]
    errors: Mapping[Of, Mapping[int, float]]
    steps_an_epoch: int

    @property
    def seeds(self) -> list[int]:
        """All seeds, in ascending order."""
        return sorted({seed for _, seed in self.errors})

    @property
    def steps(self) -> list[int]:
        """The steps at which gradients were recorded, in ascending order."""
        (some, *_) = self.values.values()
        return sorted(next(iter(some.values())))

    def at(self, measure: str, net: str, step: int) -> list[float]:
        """The measure of a net at a step, one value for each seed."""
        return [self.values[measure][net, seed][step] for seed in self.seeds]

    def error(self, net: str, epoch: int | None = None) -> list[float]:
        """The training error of a net in percent, one value for each seed: in the given epoch, or
        in the last one.
        """
        return [
            self.errors[net, seed][max(self.errors[net, seed]) if epoch is None else epoch]
            for seed in self.seeds
        ]


def read_run(folder: PathLike) -> Run:
    """Compute the measures of the run in `folder` from its ``gradients.csv`` and ``metrics.csv``.

    Raises DataError if a table is missing or damaged.
    """
    layers: dict[Of, dict[int, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in read_table(Path(folder) / "gradients.csv", GRADIENTS, TEXT):
        layers[row["net"], row["seed"]][row["iteration"]][row["depth"]] = row
    values = {
        name: {
            of: {step: measure(now, steps[0]) for step, now in steps.items()}
            for of, steps in layers.items()
        }
        for name, measure in MEASURES.items()
    }
    errors: dict[Of, dict[int, float]] = defaultdict(dict)
    metrics = read_table(Path(folder) / "metrics.csv", METRICS, TEXT)
    for row in metrics:
        errors[row["net"], row["seed"]][row["epoch"]] = row["train_error"]
    steps_an_epoch = min(row["iteration"] for row in metrics)
    return Run(values, dict(errors), steps_an_epoch)


def _last(layers):
    """The depth of the last convolution, which is followed by the layer that makes the logits."""
    return max(layers) - 1


def _convolutions(layers):
    return range(1, _last(layers) + 1)
