"""How all recorded trainings of plain-56 end, by the way they were trained, for docs/claims.md."""

from collections.abc import Sequence
from itertools import combinations

from minires import plot
from minires.experiments import training_tables
from minires.experiments.claims import bad_endings
from minires.experiments.claims.frame.error_comparison import of
from minires.experiments.degradation import verdict
from minires.experiments.records import read_config, read_table
from minires.types import Figure

from .places import ROOT
from .recorded_claims import DECIDED, RECORDED, rows
from .suspects_numbers import DEEP, SEEDS, SHALLOW, run

EARLIER = "results/degradation-quick-cifar10"  # seeds 0 to 2 of plain-56, trained once before
#: What the row of the figure says -> the variant of aftermath.
CURES = {
    "lengths kept": "kept norms",
    "clipped": "clipped",
    "warm-up": "warm-up",
    "small rate": "small rate",
}


def before() -> list[float]:
    """The final training errors in percent of plain-56 with seeds 0 to 2, as they were trained
    once before the ten seeds.
    """
    table = ROOT / EARLIER / "metrics.csv"
    last = verdict.final_rows(read_table(table, training_tables.METRICS, training_tables.TEXT))
    return [last[DEEP, seed]["train_error"] for seed in range(3)]


def usual() -> list[float]:
    """The final training errors in percent of the usual trainings of plain-56 with seeds up to 104:
    the ten seeds, the three that were trained once before, and five fresh ones.
    """
    return [*run().error(DEEP), *before(), *of(rows("dirac", DECIDED), DEEP)]


def cured(variant: str) -> list[float]:
    """The final training errors of plain-56 with one of the cures of `aftermath`, in percent."""
    return [
        error
        for folder in (RECORDED, DECIDED)
        for error in of(rows("aftermath", folder), DEEP, variant)
    ]


def later(net: str, variant: str = "usual") -> list[float]:
    """The final training errors of the seeds that decide `bad_endings`, in percent."""
    return of(rows(bad_endings.CLAIM.name, DECIDED), net, variant)


def chance_as_close(errors: Sequence[float]) -> float:
    """Of all ways to draw as many of the usual trainings: the share that lie as close together."""
    width, drawn = max(errors) - min(errors), list(combinations(usual(), len(errors)))
    return sum(max(some) - min(some) <= width for some in drawn) / len(drawn)


def draw() -> Figure:
    """A row for each way to train plain-56, and one for plain-20, with a dot for each training."""
    shallow = run().error(SHALLOW)
    groups = [
        ("plain-56", DEEP, usual(), later(DEEP)),
        *(
            (f"plain-56, {label}", DEEP, cured(variant), later(DEEP, variant))
            for label, variant in CURES.items()
        ),
        ("plain-56, Dirac", DEEP, of(rows("dirac", DECIDED), "diracnet-56"), []),
        ("plain-20", SHALLOW, shallow, later(SHALLOW)),
    ]
    name = read_config(ROOT / SEEDS)["dataset_name"]
    return plot.endings(
        groups,
        "training error at the end, %",
        f"{name}, preset quick; a dot: a training; line: their mean; in brackets: how many; "
        "filled: seeds from 105 on, trained after it had been predicted where they would end",
    )
