"""Does depth hurt the training error too, and not only the error on new images?"""

from ...plot import SHADES
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above
from .frame.error_comparison import difference_of

SETTINGS = {"usual": "all training images", "1,024 images": "1,024 training images"}
NETS = {
    "plain-20": SHADES["plain"][0],
    "plain-56": SHADES["plain"][1],
    "resnet-20": SHADES["resnet"][0],
    "resnet-56": SHADES["resnet"][1],
}
MARGIN = 2.0  # percentage points


CRITERIA = (
    *(
        above(
            f"training error of plain-56 minus plain-20 on {words}",
            difference_of(("plain-56", variant), ("plain-20", variant)),
            0,
            MARGIN,
            "points",
        )
        for variant, words in SETTINGS.items()
    ),
)

CLAIM = Claim(
    name="degradation",
    statement="Deeper plain nets train worse: depth hurts the optimisation, not the "
    "generalisation.",
    source="He et al. 2015, arXiv:1512.03385, sections 1 and 4.2, figures 1 and 6",
    predictions={
        "He et al.": "the training error of plain-56 is above that of plain-20, however few the "
        "images",
        "overfitting, if that were the cause": "a lower training error of plain-56, and a higher "
        "test error",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*((net, variant) for variant in SETTINGS for net in NETS)),
    draw=error_comparison.draw(
        *(
            (
                title,
                [(net.replace("-", "\n"), net, variant, colour) for net, colour in NETS.items()],
            )
            for variant, title in SETTINGS.items()
        )
    ),
)
