"""Can the shortcut be part of the weights? The Dirac parameterisation, folded into a plain net."""

from ...plot import COLOURS, OTHERS
from .frame import folded
from .frame.claim import Claim
from .frame.lead import PLAIN, RESIDUAL, most_of_the_lead

DIRAC = ("diracnet-56", "usual")

CRITERIA = (
    folded.exact("diracnet-56"),
    most_of_the_lead("diracnet-56", DIRAC),
)

CLAIM = Claim(
    name="dirac",
    statement="The shortcut can live in the weights: with W = a delta + b V / |V| plain-56 trains "
    "much like a residual net, and an ordinary plain-56 is left.",
    source="Zagoruyko and Komodakis 2017, arXiv:1706.00388 (with NCReLU for ReLU; version 1: a "
    "net of 34 layers has 95.5 % accuracy on CIFAR-10, more than ResNet-1001; version 2: a wider "
    "one of 28 layers matches it)",
    predictions={
        "Zagoruyko and Komodakis": "nearly the performance of residual nets, for plain nets of "
        "hundreds of layers, and the same logits once W is computed",
        "He et al. 2015, section 3.2": "no advantage: a shortcut around a single layer is a linear "
        "layer, W x + x; and every ReLU cuts what it carries",
    },
    columns=folded.COLUMNS,
    text=folded.TEXT,
    criteria=CRITERIA,
    measure=folded.measure(DIRAC, PLAIN, RESIDUAL),
    draw=folded.draw(
        (
            "",
            [
                ("plain-56", *PLAIN, COLOURS["plain"]),
                ("shortcut in\nthe weights", *DIRAC, OTHERS[0]),
                ("resnet-56", *RESIDUAL, COLOURS["resnet"]),
            ],
        )
    ),
)
