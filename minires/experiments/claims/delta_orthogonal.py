"""Do weights that preserve norms train the deep plain net without batch norm?"""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above, below
from .frame.error_comparison import difference_of

# A tenth of the usual rate. With exploratory seed 0, the net with tanh learned only at this rate:
# at the usual one its error stayed that of guessing, with clipped gradients and without.
RATE = "small rate"
NETS = {
    "tanh-delta-56": ("tanh,\ndelta-\northogonal", OTHERS[0]),
    "tanh-normal-56": ("tanh,\nnormal", OTHERS[1]),
    "relu-delta-56": ("ReLU,\ndelta-\northogonal", OTHERS[2]),
}
MARGIN = 2.0  # percentage points


CRITERIA = (
    below(
        "training error of tanh-delta-56 without batch norm minus plain-56 with it",
        difference_of(("tanh-delta-56", RATE), ("plain-56", "usual")),
        0,
        MARGIN,
        "points",
    ),
    above(
        "training error of relu-delta-56 minus tanh-delta-56",
        difference_of(("relu-delta-56", RATE), ("tanh-delta-56", RATE)),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="delta-orthogonal",
    statement="Weights that preserve norms train plain-56 without batch norm, and better than with "
    "it, if the nonlinearity is tanh; with ReLU they do not help.",
    source="Xiao et al. 2018, arXiv:1806.05393 (tanh, 10,000 layers, trained on CIFAR-10 without "
    "batch norm and shortcuts); that ReLU cannot: Pennington et al. 2017, arXiv:1711.04735",
    predictions={
        "Xiao et al.": "with tanh the net trains however deep it is, so it ends below plain-56 "
        "with batch norm, which hardly trains; with ReLU no weights preserve all norms",
        "batch norm as the cure": "without it, a plain net of 56 layers does not train, whatever "
        "its weights",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(
        *((net, RATE) for net in NETS), ("plain-56", "usual"), ("resnet-56", "usual")
    ),
    draw=error_comparison.draw(
        (
            "no batch norm, no shortcuts",
            [(label, net, RATE, colour) for net, (label, colour) in NETS.items()],
        ),
        (
            "batch norm",
            [
                ("plain-56", "plain-56", "usual", COLOURS["plain"]),
                ("resnet-\n56", "resnet-56", "usual", COLOURS["resnet"]),
            ],
        ),
    ),
)
