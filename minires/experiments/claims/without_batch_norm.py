"""Do residual nets need batch norm to train?"""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

NETS = {
    ("fixup-56", "small rate for scalars"): ("resnet-56,\nFixup", OTHERS[0]),
    ("skipinit-56", "usual"): ("resnet-56,\nSkipInit", OTHERS[1]),
}
MARGIN = 2.0  # percentage points


CRITERIA = (
    *(
        below(
            f"training error of {net[0]} minus plain-56 with batch norm",
            difference_of(net, ("plain-56", "usual")),
            0,
            MARGIN,
            "points",
        )
        for net in NETS
    ),
)

CLAIM = Claim(
    name="without-batch-norm",
    statement="Residual nets need no batch norm: started as the identity, they train without it, "
    "and better than a plain net with it.",
    source="Zhang et al. 2019, arXiv:1901.09321 (Fixup); De and Smith 2020, arXiv:2002.10444 "
    "(SkipInit)",
    predictions={
        "Fixup, SkipInit": "both train, and end below plain-56 with batch norm",
        "batch norm as the cure": "without it, a net of 56 layers does not train",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*NETS, ("resnet-56", "usual"), ("plain-56", "usual")),
    draw=error_comparison.draw(
        ("no batch norm", [(label, *net, colour) for net, (label, colour) in NETS.items()]),
        (
            "batch norm",
            [
                ("resnet-\n56", "resnet-56", "usual", COLOURS["resnet"]),
                ("plain-56", "plain-56", "usual", COLOURS["plain"]),
            ],
        ),
    ),
)
