"""Should batch norm and ReLU come before the convolution?"""

from collections.abc import Sequence

from ...plot import COLOURS, OTHERS
from ...types import Row
from .frame import error_comparison
from .frame.claim import Claim
from .frame.verdict import Verdict, below

MARGIN = 2.0  # percentage points


def judge(rows: Sequence[Row]) -> Verdict:
    return below(
        error_comparison.differences(rows, ("pre-activation-56", "usual"), ("resnet-56", "usual")),
        0,
        MARGIN,
        "training error of pre-activation-56 minus resnet-56",
        "points",
    )


CLAIM = Claim(
    name="pre-activation",
    statement="With batch norm and ReLU before each convolution, and nothing after the "
    "addition, deep "
    "residual nets train better.",
    source="He et al. 2016, arXiv:1603.05027, section 4 (shown there for 110 layers and more)",
    predictions={
        "He et al. 2016": "a lower training error, the more so the deeper the net",
        "at 56 layers": "the signal is seldom cut by the last ReLU of a block, so perhaps no "
        "difference yet",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    judge=judge,
    measure=error_comparison.measure(("resnet-56", "usual"), ("pre-activation-56", "usual")),
    draw=error_comparison.draw(
        (
            "",
            [
                ("resnet-56", "resnet-56", "usual", COLOURS["resnet"]),
                ("pre-\nactivation-56", "pre-activation-56", "usual", OTHERS[0]),
            ],
        )
    ),
)
