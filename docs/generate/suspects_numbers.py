"""The recorded numbers on what tells plain-56 from plain-20, for docs/claims.md."""

from functools import cache

from minires.experiments import suspects
from minires.experiments.claims import forgetting, rank_collapse
from minires.experiments.suspects import MEASURES, Ranked, Run

from .places import ROOT
from .recorded_claims import best_rows

SEEDS = "results/ten-seeds-cifar10"  # ten seeds of four nets, with gradients
NETS = ("plain-56", "plain-20", "resnet-56")
DEEP, SHALLOW, RESIDUAL = NETS
RATIO, WHOLE, LONGER, SLOWEST = MEASURES


@cache
def run() -> Run:
    """The recorded run of ten seeds."""
    return suspects.read_run(ROOT / SEEDS)


def sharpness(net: str) -> list[float]:
    """Sharpness of a net before training, divided by the limit of stability, one for each of five
    seeds.
    """
    rows = best_rows("sharpness-at-start")
    return [
        row["sharpness"] / row["limit"]
        for row in rows
        if (row["net"], row["length"]) == (net, 1e-3)
    ]


def gradient_likeness(net: str) -> list[float]:
    """Autocorrelation of the gradients at neighbouring inputs (a lag of 1), one for each of five
    seeds.
    """
    rows = best_rows("shattering")
    return [row["autocorrelation"] for row in rows if (row["net"], row["lag"]) == (net, 1)]


def effective_rank(net: str) -> list[float]:
    """Effective rank of the features of 256 images at the end of a net, one for each of five
    seeds.
    """
    return rank_collapse.rank(best_rows("rank-collapse"), net)


def forgotten(net: str, moment: str) -> list[float]:
    """By how many points a linear probe errs more after the last block of a net than after the best
    one, one value for each of five seeds. See `minires.experiments.claims.forgetting`.
    """
    return forgetting.lost(best_rows("forgetting"), net, moment)


def ranked(measure: str, step: int) -> Ranked:
    """Rank correlation of a measure of plain-56 at a step with its final errors, over ten seeds."""
    return suspects.ranked(run().at(measure, DEEP, step), run().error(DEEP))


def ranked_error(epoch: int) -> Ranked:
    """Rank correlation of the error of plain-56 in an epoch with its final errors."""
    return suspects.ranked(run().error(DEEP, epoch), run().error(DEEP))


def largest_correlation() -> tuple[float, float, int]:
    """The largest rank correlation of all measures of plain-56 with its final errors.

    Returns
    -------
    largest : float
        The largest |rho| over all measures and recorded steps.
    chance : float
        The probability that one of so many correlations is as large by chance alone.
    count : int
        How many correlations these are.
    """
    measured = [run().at(name, DEEP, step) for name in MEASURES for step in run().steps]
    largest, chance = suspects.chance_of_largest(measured, run().error(DEEP))
    return largest, chance, len(measured)


def first_epoch_apart(other: str) -> int:
    """The first epoch from which on plain-56 has a higher error than `other`, with every seed of
    both.
    """
    epochs = range(1, len(run().errors[DEEP, 0]) + 1)
    apart = [suspects.apart.side(run().error(DEEP, e), run().error(other, e)) > 0 for e in epochs]
    return next(e for e in epochs if all(apart[e - 1 :]))
