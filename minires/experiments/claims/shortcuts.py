"""Must a shortcut be the identity? Try projections, and shortcuts that halve their input."""

from ...plot import COLOURS, OTHERS
from .frame import error_comparison
from .frame.claim import Claim
from .frame.criterion import above
from .frame.error_comparison import difference_of

NETS = {
    "resnet-56": ("identity", COLOURS["resnet"]),
    "projections-56": ("projections\neverywhere", OTHERS[1]),
    "halved-56": ("halved", OTHERS[0]),
}
MARGIN = 2.0  # percentage points


CRITERIA = (
    *(
        above(
            f"training error of {net} minus resnet-56",
            difference_of((net, "usual"), ("resnet-56", "usual")),
            0,
            MARGIN,
            "points",
        )
        for net in list(NETS)[1:]
    ),
)

CLAIM = Claim(
    name="shortcuts",
    statement="The identity is the best shortcut: projections and scaled shortcuts train worse.",
    source="He et al. 2016, arXiv:1603.05027, section 3, table 1 (ResNet-110: 6.61 % test error; "
    "1x1 convolutions 12.22 %; scaled by 0.5 it fails, and ends at 12.35 % with F scaled too)",
    predictions={
        "He et al. 2016": "both end with a higher training error, though projections have more "
        "parameters",
        "capacity, if that counted": "projections end lower, for they can represent the identity "
        "too",
    },
    columns=error_comparison.COLUMNS,
    deciding_seeds=3,
    text=error_comparison.TEXT,
    criteria=CRITERIA,
    measure=error_comparison.measure(*((net, "usual") for net in (*NETS, "plain-56"))),
    draw=error_comparison.draw(
        (
            "resnet-56 with shortcuts that are ...",
            [(label, net, "usual", colour) for net, (label, colour) in NETS.items()],
        ),
        ("without", [("plain-56", "plain-56", "usual", COLOURS["plain"])]),
    ),
)
