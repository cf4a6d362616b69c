"""Are shortcuts needed at the start only? Fade them out, and train on without."""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison, folded
from .frame.claim import Claim
from .frame.lead import PLAIN, RESIDUAL, most_of_the_lead

FADED = ("fading-56", "shortcuts fade")

CRITERIA = (
    folded.exact("fading-56"),
    most_of_the_lead("the net whose shortcuts have faded", FADED),
)

CLAIM = Claim(
    name="annealed-shortcuts",
    statement="Shortcuts are needed at the start only: faded out in the first half of training, "
    "they leave a plain-56 that keeps most of the lead.",
    source="Monti, Tootoonian and Cao 2018, Avoiding degradation in deep feed-forward networks by "
    "phasing out skip-connections, ICANN (by a penalty instead of a schedule)",
    predictions={
        "Monti et al. 2018": "a plain net with much less degradation, often competitive with "
        "residual nets",
        "if shortcuts are needed all the time": "the error rises as they fade, and ends near that "
        "of plain-56",
    },
    columns=folded.COLUMNS,
    text=folded.TEXT,
    criteria=CRITERIA,
    measure=folded.measure(FADED, PLAIN, RESIDUAL),
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-56", *PLAIN, COLOURS["plain"]),
                ("shortcuts\nfaded out", *FADED, OTHERS[0]),
                ("resnet-56", *RESIDUAL, COLOURS["resnet"]),
            ],
        )
    ),
)
