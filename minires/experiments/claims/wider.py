"""Are the parameters of a deep net better spent on making a shallow net wider?"""

from ...plot import SHADES
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

GROUPS = {
    "without shortcuts": {
        "plain-20": ("plain-20", SHADES["plain"][0]),
        "plain-56": ("plain-56", SHADES["plain"][1]),
        "wide-plain-20": ("plain-20,\nas large\nas plain-56", SHADES["plain"][2]),
    },
    "with shortcuts": {
        "resnet-20": ("resnet-20", SHADES["resnet"][0]),
        "resnet-56": ("resnet-56", SHADES["resnet"][1]),
        "wide-resnet-20": ("resnet-20,\nas large\nas resnet-56", SHADES["resnet"][2]),
    },
}
MARGIN = 2.0  # percentage points of test error


CRITERIA = (
    *(
        below(
            f"test error of {family}-20 with the parameters of {family}-56 minus {family}-56",
            difference_of((f"wide-{family}-20", "usual"), (f"{family}-56", "usual"), "test_error"),
            0,
            MARGIN,
            "points",
        )
        for family in ("plain", "resnet")
    ),
)

CLAIM = Claim(
    name="wider",
    statement="Wider, not deeper: with the parameters of a net of 56 layers, one of 20 layers has "
    "the lower test error, with shortcuts and without.",
    source="Zagoruyko and Komodakis 2016, arXiv:1605.07146 (a residual net of 16 layers, 8 times "
    "as wide, 11.0 million parameters: 4.27 % test error on CIFAR-10; the one of 1,001 layers, "
    "10.2 million, of He et al. 2016, arXiv:1603.05027: 4.62 % with batches of 64, 4.92 % with "
    "128)",
    predictions={
        "Zagoruyko and Komodakis": "the shallow, wide net ends lower, in theirs by 0.35 points "
        "after 200 epochs; and all the more without shortcuts, where depth hurts",
        "depth, if that counted most": "with shortcuts the deeper net of the same size ends lower",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*((net, "usual") for nets in GROUPS.values() for net in nets)),
    draw=error_comparison.draw(
        *(
            (title, [(label, net, "usual", colour) for net, (label, colour) in nets.items()])
            for title, nets in GROUPS.items()
        ),
        column="test_error",
    ),
)
