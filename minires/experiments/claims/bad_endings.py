"""Does the explosion of the first steps decide how badly plain-56 can end?

The usual trainings of plain-56 end far apart, between 73 and 85 % training error, and a seed does
not fix where. Those with a warm-up ended within two points of one another. This was found by
looking at the results of `aftermath`, so it is tested here with seeds that nobody has seen.
"""

from collections.abc import Sequence
from statistics import mean

from ...plot import COLOURS, OTHERS, SHADES
from ...types import Row
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above, below
from .frame.error_comparison import difference_of, of

USUAL, WARMED, SHALLOW = ("plain-56", "usual"), ("plain-56", "warm-up"), ("plain-20", "usual")
SPARED, GAP, GAP_MARGIN = 0.5, 10.0, 2.0  # percentage points


def _below_the_mean(rows: Sequence[Row]) -> list[float]:
    """Each training with a warm-up, minus the mean of the usual ones. They are not compared seed by
    seed, because a seed does not fix how a usual training of plain-56 ends.
    """
    usual = mean(of(rows, *USUAL))
    return [error - usual for error in of(rows, *WARMED)]


CRITERIA = (
    below(
        "training error of plain-56 with a warm-up, minus the mean of all usual ones,",
        _below_the_mean,
        0,
        SPARED,
        "points",
    ),
    above(
        "training error of plain-56 with a warm-up minus plain-20",
        difference_of(WARMED, SHALLOW),
        GAP,
        GAP_MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="bad-endings",
    statement="A warm-up spares plain-56 its bad endings, and no more: each training with it ends "
    "better than the mean of the usual ones, and still far above plain-20.",
    source="found in the results of aftermath, with seeds 0 to 2 and 100 to 102: six trainings "
    "with a warm-up ended between 74.6 and 76.3 % training error, 18 usual ones between 72.9 and "
    "84.9 %",
    predictions={
        "the explosion makes the bad endings": "without it they are missing: every training ends "
        "below the mean of the usual ones, most of the gap to plain-20 stays",
        "the explosion is harmless": "trainings with a warm-up scatter as the usual ones do, and "
        "all five end below the mean in about 3 of 100 tries",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    first_deciding_seed=105,  # seeds up to 104 have been looked at
    measure=error_comparison.measure(USUAL, WARMED, SHALLOW),
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-56", *USUAL, COLOURS["plain"]),
                ("plain-56,\nwarm-up", *WARMED, OTHERS[0]),
                ("plain-20", *SHALLOW, SHADES["plain"][0]),
            ],
        ),
    ),
)
