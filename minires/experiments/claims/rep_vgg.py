"""Are shortcuts needed only in training? RepVGG, whose branches are folded away afterwards."""

from ...plot import COLOURS, OTHERS
from .frame import folded
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

MARGIN = 2.0  # percentage points


CRITERIA = (
    folded.exact("repvgg-56"),
    below(
        "training error of repvgg-56 minus plain-56",
        difference_of(("repvgg-56", "usual"), ("plain-56", "usual")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="rep-vgg",
    statement="Branches are needed while training only: with a 1x1 convolution and the identity "
    "beside each layer plain-56 trains better, and folds into a plain net afterwards.",
    source="Ding et al. 2021, arXiv:2101.03697, sections 3 and 4.2 (RepVGG-B0, 28 layers, "
    "ImageNet: 75.14 % accuracy, 72.39 % without the branches)",
    predictions={
        "Ding et al. 2021": "a lower training error than plain-56, by as much as shortcuts give or "
        "less (there 2.75 points of accuracy), and the same logits once folded",
        "He et al. 2015, section 3.2": "no advantage: a shortcut around a single layer is a linear "
        "layer, W x + x",
    },
    columns=folded.COLUMNS,
    text=folded.TEXT,
    criteria=CRITERIA,
    measure=folded.measure(("repvgg-56", "usual"), ("plain-56", "usual"), ("resnet-56", "usual")),
    draw=folded.draw(
        (
            "",
            [
                ("plain-56", "plain-56", "usual", COLOURS["plain"]),
                ("with branches,\nfolded away", "repvgg-56", "usual", OTHERS[0]),
                ("resnet-56", "resnet-56", "usual", COLOURS["resnet"]),
            ],
        )
    ),
)
