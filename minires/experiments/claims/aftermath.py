"""Is part of the degradation the aftermath of an explosion at the start?

At initialisation the gradients of plain-56 explode towards the images, so the first steps make the
weights of the early layers very long. Batch norm removes their scale, so that only the direction of
the weights matters, and later steps hardly turn long weights. If this causes degradation, a cure
that holds back the first steps should help.
"""

from ...plot import COLOURS, OTHERS, SHADES
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import ANY, below
from .frame.error_comparison import difference_of

CURES = {
    "warm-up": "the learning rate rises from a tenth over the first fifth of the steps",
    "clipped": "gradients scaled down to norm 1",
    "small rate": "a tenth of the learning rate throughout",
    "kept norms": "weights set back to their first length after every step",
}
MARGIN = 2.0  # percentage points


CRITERIA = (
    *(
        below(
            f"training error with {cure} minus usual",
            difference_of(("plain-56", cure), ("plain-56", "usual")),
            0,
            MARGIN,
            "points",
        )
        for cure in CURES
    ),
)

CLAIM = Claim(
    name="aftermath",
    statement="Part of the degradation of plain-56 is the aftermath of exploding gradients in the "
    "first steps, and can be cured there.",
    source="that the explosion makes deep nets untrainable: Yang et al. 2019, arXiv:1902.08129; "
    "that it acts through the effective rate of van Laarhoven 2017, arXiv:1706.05350, is a "
    "hypothesis of our own",
    predictions={
        "the hypothesis": "with the same number of steps, one of the cures lowers the training "
        "error",
        "He et al. 2015": "the cause lies elsewhere (they conjecture exponentially low "
        "convergence rates): no cure helps much",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    needed=ANY,  # one cure that helps is enough
    measure=error_comparison.measure(
        *(("plain-56", variant) for variant in ("usual", *CURES)),
        ("plain-20", "usual"),
        ("resnet-56", "usual"),
    ),
    draw=error_comparison.draw(
        (
            "plain-56, the same number of steps",
            [
                ("usual", "plain-56", "usual", COLOURS["plain"]),
                *(
                    (cure.replace(" ", "\n").replace("-", "-\n"), "plain-56", cure, colour)
                    for cure, colour in zip(CURES, OTHERS)
                ),
            ],
        ),
        (
            "to compare",
            [
                ("plain-20", "plain-20", "usual", SHADES["plain"][0]),
                ("resnet-\n56", "resnet-56", "usual", COLOURS["resnet"]),
            ],
        ),
    ),
)
