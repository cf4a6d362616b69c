"""Does concatenation do better than addition? A DenseNet as large as resnet-56."""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import below
from .frame.error_comparison import difference_of

MARGIN = 1.0  # percentage points of test error


CRITERIA = (
    below(
        "test error of densenet-58 minus resnet-56",
        difference_of(("densenet-58", "usual"), ("resnet-56", "usual"), "test_error"),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="dense",
    statement="Concatenation makes more of its parameters than addition: a DenseNet-BC of "
    "resnet-56's depth and number of parameters ends with a lower test error.",
    source="Huang et al. 2017, arXiv:1608.06993, table 2 and section 4.3 (CIFAR-10, 0.8 million "
    "parameters: DenseNet-BC-100 4.51 % test error; ResNet-110 with 1.7 million 6.41 %)",
    predictions={
        "Huang et al. 2017": "a lower test error, as every layer can use the features of all "
        "before it (there by 1.9 points with half the parameters)",
        "in a short training": "what counts is how fast a net learns: no difference, or the "
        "residual net is ahead",
    },
    columns=error_comparison.COLUMNS,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(
        *((net, "usual") for net in ("densenet-58", "resnet-56", "plain-56"))
    ),
    draw=error_comparison.draw(
        (
            "of one depth and number of parameters",
            [
                ("plain-56", "plain-56", "usual", COLOURS["plain"]),
                ("resnet-56\n(addition)", "resnet-56", "usual", COLOURS["resnet"]),
                ("DenseNet-BC-58\n(concatenation)", "densenet-58", "usual", OTHERS[0]),
            ],
        ),
        column="test_error",
    ),
)
