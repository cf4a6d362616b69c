"""The degradation experiment of He et al. 2015, section 4.2: does depth hurt plain nets, and do
shortcuts cure that?
"""

from ..small_images import load_sets
from .results import (
    NEEDED,
    all_iterations,
    errors_by_epoch,
    figures,
    nets_of,
    plot,
    report,
    write_page,
)
from .training import FAMILIES, run

__all__ = [
    "FAMILIES",
    "NEEDED",
    "all_iterations",
    "errors_by_epoch",
    "figures",
    "load_sets",
    "nets_of",
    "plot",
    "report",
    "run",
    "write_page",
]
