"""What a recorded run of the degradation experiment says of each net and seed, step by step."""

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
from ..training_records import GRADIENTS, METRICS, TEXT

Layers: TypeAlias = Mapping[int, Row]  # depth -> row of gradients.csv, at one step
Of: TypeAlias = tuple[str, int]  # net, seed


def first_over_last(now: Layers, start: Layers) -> float:
    """Weight gradient of the first layer over the last convolution's: above 1 where gradients grow
    towards the images, below 1 where they shrink.
    """
    return float(now[1]["gradient_norm"] / now[_last(now)]["gradient_norm"])


def whole_gradient(now: Layers, start: Layers) -> float:
    """Norm of the gradient of all convolutions' weights together."""
    return sqrt(sum(now[depth]["gradient_norm"] ** 2 for depth in _convolutions(now)))


def lengthening(now: Layers, start: Layers) -> float:
    """How many times as long as before training the weights of the first ten layers are: geometric
    mean.
    """
    return geometric(
        [now[depth]["weight_norm"] / start[depth]["weight_norm"] for depth in range(1, EARLY + 1)]
    )


def slowest_layer(now: Layers, start: Layers) -> float:
    """Gradient over weights, in norm, of the convolution where it is smallest.

    Batch norm takes the length of the weights out again, so only their direction counts. A step of
    gradient descent turns them by about lr |g| / |w|, for g is at right angles to w. Where that is
    tiny, the layer is frozen.
    """
    return float(min(now[depth]["ratio"] for depth in _convolutions(now)))


#: Name -> measure of a net at one step, from its layers then and before training.
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
        """All seeds, in order."""
        return sorted({seed for _, seed in self.errors})

    @property
    def steps(self) -> list[int]:
        """The steps at which gradients were recorded, in order."""
        (some, *_) = self.values.values()
        return sorted(next(iter(some.values())))

    def at(self, measure: str, net: str, step: int) -> list[float]:
        """The measure of a net at a step, one value for each seed."""
        return [self.values[measure][net, seed][step] for seed in self.seeds]

    def error(self, net: str, epoch: int | None = None) -> list[float]:
        """The training error of a net, one value for each seed: in an epoch, or in the last."""
        return [
            self.errors[net, seed][max(self.errors[net, seed]) if epoch is None else epoch]
            for seed in self.seeds
        ]


def read_run(folder: PathLike) -> Run:
    """The measures of the run in `folder`, from ``gradients.csv`` and ``metrics.csv`` alone.

    Raises as `read_table`.
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
    """The depth of the last convolution: the layer after it makes logits."""
    return max(layers) - 1


def _convolutions(layers):
    return range(1, _last(layers) + 1)
