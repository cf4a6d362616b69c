"""Sweeps: several runs of ``minires train`` that differ in settings or in the seed.

Each run has a folder of its own, like any run of ``minires train``. ``sweep.csv`` lists the results
of all runs.
"""

from .results import figures, plot, report
from .runs import configs, settings_of
from .table import NAME, RESULTS, write_table
from .training import run

__all__ = [
    "NAME",
    "RESULTS",
    "configs",
    "figures",
    "plot",
    "report",
    "run",
    "settings_of",
    "write_table",
]
