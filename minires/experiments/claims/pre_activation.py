"""Should batch norm and ReLU come before the convolution?"""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

MARGIN = 2.0  # percentage points


CRITERIA = (
    below(
        "training error of pre-activation-56 minus resnet-56",
        difference_of(("pre-activation-56", "usual"), ("resnet-56", "usual")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="pre-activation",
    statement="With batch norm and ReLU before each convolution, and nothing after the addition, "
    "deep residual nets train better.",
    source="He et al. 2016, arXiv:1603.05027, section 4 (shown there for 110 layers and more)",
    predictions={
        "He et al. 2016": "a lower training error, the more so the deeper the net",
        "at 56 layers": "the signal is seldom cut by the last ReLU of a block, so perhaps no "
        "difference yet",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
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
