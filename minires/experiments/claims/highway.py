"""Should shortcuts have gates? A highway network as deep as resnet-56."""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above
from .frame.error_comparison import difference_of

MARGIN = 2.0  # percentage points


CRITERIA = (
    above(
        "training error of highway-56 minus resnet-56",
        difference_of(("highway-56", "usual"), ("resnet-56", "usual")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="highway",
    statement="Gates harm the shortcut: T(x) H(x) + (1 - T(x)) x, T learned and about 0.12 at "
    "first, trains worse than plain addition.",
    source="He et al. 2016, arXiv:1603.05027, section 3.1, table 1 (ResNet-110: 6.61 % test error; "
    "with such gates over 20 % for biases from 0 to -5, 8.70 % with -6), against Srivastava et al. "
    "2015, arXiv:1505.00387",
    predictions={
        "He et al. 2016": "a higher training error: what is carried shrinks with every gate, after "
        "27 blocks to 0.88^27 = 3 % of itself",
        "Srivastava et al. 2015": "gates learn where to carry and where to compute, so that nets "
        "of 50 layers and more train as easily as shallow ones",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(
        *((net, "usual") for net in ("highway-56", "resnet-56", "plain-56"))
    ),
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-56\n(no shortcut)", "plain-56", "usual", COLOURS["plain"]),
                ("highway-56\n(gates)", "highway-56", "usual", OTHERS[0]),
                ("resnet-56\n(addition)", "resnet-56", "usual", COLOURS["resnet"]),
            ],
        )
    ),
)
