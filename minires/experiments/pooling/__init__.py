"""Pool runs with the same settings and different seeds into one run: ``minires merge``.

sources.py      the runs to be pooled: opened, locked and compared
parts.py        the part of a run that belongs to one net and seed; the same part in two runs
of_degradation.py, of_claims.py, of_sweeps.py     the parts of each experiment
copying.py      write a folder completely or not at all
pool.py         the whole of pooling
"""

from .pool import Pooled, merge

__all__ = ["Pooled", "merge"]
