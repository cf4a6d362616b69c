"""Does it help to leave out blocks at random in training?"""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

MARGIN = 1.0  # percentage points of test error


CRITERIA = (
    below(
        "test error of resnet-56 with stochastic depth minus without",
        difference_of(("stochastic-56", "usual"), ("resnet-56", "usual"), "test_error"),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="stochastic-depth",
    statement="Leaving out blocks at random during training, up to half of the last, lowers the "
    "test error, even in a short training.",
    source="Huang et al. 2016, arXiv:1603.09382, table 1 (ResNet-110, 500 epochs: 5.23 % against "
    "6.41 %)",
    predictions={
        "Huang et al.": "a lower test error, after long training",
        "in a short training": "a net that has hardly begun to overfit gains nothing from being "
        "held back",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(("resnet-56", "usual"), ("stochastic-56", "usual")),
    draw=error_comparison.draw(
        (
            "",
            [
                ("all blocks", "resnet-56", "usual", COLOURS["resnet"]),
                ("stochastic\ndepth", "stochastic-56", "usual", OTHERS[0]),
            ],
        ),
        column="test_error",
    ),
)
