"""Does an optimizer with better conditioned steps train the deep plain net?"""

from collections.abc import Sequence

from ...plot import SHADES
from ...types import Row
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of, differences

NETS = {
    "plain-20": SHADES["plain"][0],
    "plain-56": SHADES["plain"][1],
    "resnet-56": SHADES["resnet"][1],
}
OPTIMIZERS = {"usual": "SGD", "Muon": "Muon"}
MARGIN = 2.0  # percentage points
PART = 0.5  # fraction of the gap between plain-56 and plain-20 that may be left


def left_of_the_gap(rows: Sequence[Row]) -> list[float]:
    """The gap between plain-56 and plain-20 with Muon, minus `PART` of the gap with SGD, for each
    seed: negative where less than this part of the gap is left.
    """
    with_muon, with_sgd = (
        differences(rows, ("plain-56", variant), ("plain-20", variant))
        for variant in ("Muon", "usual")
    )
    return [one - PART * other for one, other in zip(with_muon, with_sgd, strict=True)]


CRITERIA = (
    below(
        "training error of plain-56 with Muon minus with SGD",
        difference_of(("plain-56", "Muon"), ("plain-56", "usual")),
        0,
        MARGIN,
        "points",
    ),
    below(
        "training error of plain-56 minus plain-20 with Muon, minus half of that with SGD",
        left_of_the_gap,
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="muon",
    statement="Better conditioned steps train plain-56: with Muon it ends lower than with SGD, and "
    "less than half of its gap to plain-20 is left.",
    source="a hypothesis of our own, after Jordan 2024, kellerjordan.github.io/posts/muon; nobody "
    "seems to have published Muon on deep plain nets",
    predictions={
        "conditioning, if that is the cause": "the gradients of plain-56 change a layer's output "
        "in few directions; steps with all singular values alike change it in all, and the deep "
        "net trains as the shallow one does",
        "forgetting, if that is the cause": "Muon helps both nets alike: what the early layers "
        "have lost no step of the late ones brings back, and the gap stays",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*((net, variant) for variant in OPTIMIZERS for net in NETS)),
    draw=error_comparison.draw(
        *(
            (title, [(net, net, variant, colour) for net, colour in NETS.items()])
            for variant, title in OPTIMIZERS.items()
        )
    ),
)
