"""Is degradation a matter of convolutions? The same comparison with fully connected layers.

The trainings that are judged begin with a warm-up, for all nets alike. Without it, residual-mlp-56
fails at learning rate 0.1 with some seeds: its training error stays that of guessing. (ResNet-110
needed a warm-up in the paper, too.) The figure shows the trainings with and without.
"""

from ...plot import SHADES
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above, below
from .frame.error_comparison import difference_of

NETS = {
    "plain-mlp-20": ("plain\n20", SHADES["plain"][0]),
    "plain-mlp-56": ("plain\n56", SHADES["plain"][1]),
    "residual-mlp-20": ("residual\n20", SHADES["resnet"][0]),
    "residual-mlp-56": ("residual\n56", SHADES["resnet"][1]),
}
TRAININGS = {"usual": "as usual", "warm-up": "with a warm-up"}
MARGIN = 2.0  # percentage points


CRITERIA = (
    above(
        "with a warm-up, training error of plain-mlp-56 minus plain-mlp-20",
        difference_of(("plain-mlp-56", "warm-up"), ("plain-mlp-20", "warm-up")),
        0,
        MARGIN,
        "points",
    ),
    below(
        "training error of residual-mlp-56 minus plain-mlp-56",
        difference_of(("residual-mlp-56", "warm-up"), ("plain-mlp-56", "warm-up")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="multilayer-perceptron",
    statement="Degradation and its cure are not about convolutions: nets of fully connected layers "
    "show both.",
    source="a consequence of the general argument of He et al. 2015, arXiv:1512.03385, section 3.1",
    predictions={
        "depth itself": "plain-mlp-56 trains worse than plain-mlp-20, and shortcuts cure it",
        "something of convolutions": "no such gap between fully connected nets",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*((net, variant) for variant in TRAININGS for net in NETS)),
    draw=error_comparison.draw(
        *(
            (
                f"fully connected, {title}",
                [(label, net, variant, colour) for net, (label, colour) in NETS.items()],
            )
            for variant, title in TRAININGS.items()
        )
    ),
)
