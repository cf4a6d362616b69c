"""Does plain-56 only need more time? Train it three times as long."""

from ...plot import SHADES
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above
from .frame.error_comparison import difference_of

MARGIN = 2.0  # percentage points


CRITERIA = (
    above(
        "training error of plain-56 after three times as many steps minus that of plain-20",
        difference_of(("plain-56", "three times longer"), ("plain-20", "usual")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="longer",
    statement="Training three times longer does not cure it: plain-56 still ends above plain-20.",
    source="He et al. 2015, arXiv:1512.03385, section 4.1, footnote 3",
    predictions={
        "He et al.": "plain-56 with three times as many steps still has the higher training error",
        "slow convergence": "given the steps, the deeper net catches up",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(
        ("plain-20", "usual"),
        ("plain-56", "usual"),
        ("plain-56", "three times longer"),
        ("resnet-56", "usual"),
    ),
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-20", "plain-20", "usual", SHADES["plain"][0]),
                ("plain-56", "plain-56", "usual", SHADES["plain"][1]),
                ("plain-56,\n3 x longer", "plain-56", "three times longer", SHADES["plain"][2]),
                ("resnet-56", "resnet-56", "usual", SHADES["resnet"][1]),
            ],
        )
    ),
)
