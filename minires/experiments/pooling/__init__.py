"""Runs with the same settings and different seeds become one run: ``minires merge``.

sources.py      the runs that are pooled: opened, locked, and compared
parts.py        what a run holds of a net and seed; the same one in two runs
of_degradation.py, of_claims.py, of_sweeps.py     what the parts of each experiment are
copying.py      a folder that is there as a whole or not at all
pool.py         all of it together
"""

from .pool import Pooled, merge

__all__ = ["Pooled", "merge"]
