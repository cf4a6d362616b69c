"""Train one net of any kind on any data set: ``minires train`` and ``minires finetune``.

The net may start from weights that were trained elsewhere. Then its head, the last layer, is
replaced by a new one for the new classes, and the layers before it may be frozen. If only the head
is trained (a linear probe), the frozen layers compute the features of each image once, and the
training uses these features: it takes seconds instead of hours.
"""

from .preparing import Prepared, check_before_data, prepare
from .results import NAME, NEEDED, errors_by_epoch, figures, plot, report
from .training import run

__all__ = [
    "NAME",
    "NEEDED",
    "Prepared",
    "check_before_data",
    "errors_by_epoch",
    "figures",
    "plot",
    "prepare",
    "report",
    "run",
]
