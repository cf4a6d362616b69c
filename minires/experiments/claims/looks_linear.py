"""Does a plain net that starts as a linear function need shortcuts?"""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

# The best of three trainings with exploratory seed 0: without clipped gradients the net diverged at
# the usual learning rate, and its training error fell less at a tenth of it.
TRAINING = "clipped"
NET = "looks-linear-56"
WITHIN = 5.0  # percentage points of training error that count as "about as well"
MARGIN = 1.0


CRITERIA = (
    below(
        "training error of looks-linear-56 minus resnet-56",
        difference_of((NET, TRAINING), ("resnet-56", "usual")),
        WITHIN,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="looks-linear",
    statement="A net that starts linear needs no shortcuts: with CReLU and mirrored weights a "
    "plain net of 56 layers, without batch norm, trains within five points of resnet-56.",
    source="Balduzzi et al. 2017, arXiv:1702.08591, section 4 (nets of up to 200 layers without "
    "shortcuts train about as well as residual ones)",
    predictions={
        "Balduzzi et al.": "gradients of a linear net do not shatter; started there, the plain net "
        "trains as the residual one does, with as many parameters",
        "shortcuts, if they do more than start well": "the net starts well, and is left behind "
        "once training has made it nonlinear",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(
        (NET, TRAINING), ("plain-56", "usual"), ("resnet-56", "usual")
    ),
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-56,\nbatch norm", "plain-56", "usual", COLOURS["plain"]),
                ("looks-linear-56,\nno batch norm", NET, TRAINING, OTHERS[0]),
                ("resnet-56,\nbatch norm", "resnet-56", "usual", COLOURS["resnet"]),
            ],
        )
    ),
)
