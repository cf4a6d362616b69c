"""Should batch norm and ReLU come before the convolution?"""

from ...plot import COLOURS, OTHERS
from . import errors
from .claim import Claim
from .verdict import below

MARGIN = 2.0           # percentage points


def judge(rows):
    return below(errors.differences(rows, ("pre-activation-56", "usual"), ("residual-56", "usual")), 0, MARGIN,
                 "training error of pre-activation-56 minus residual-56", "points")


CLAIM = Claim(
    name="pre-activation",
    statement="With batch norm and ReLU before each convolution, and nothing after the addition, deep residual nets train better.",
    source="He et al. 2016, arXiv:1603.05027, section 4 (shown there for 110 layers and more)",
    predictions={"He et al. 2016": "a lower training error, the more so the deeper the net",
                 "at 56 layers": "the signal is seldom cut by the last ReLU of a block, so perhaps no difference yet"},
    columns=errors.COLUMNS, text=errors.TEXT, judge=judge,
    measure=errors.measure(("residual-56", "usual"), ("pre-activation-56", "usual")),
    draw=errors.draw(("", [("residual-56", "residual-56", "usual", COLOURS["residual"]),
                           ("pre-\nactivation-56", "pre-activation-56", "usual", OTHERS[0])])))
