"""Suspected causes of degradation: compare what was measured in recorded runs with the errors.

A cause of the degradation should differ between plain-56 and plain-20, appear before the errors
differ, and predict which seeds end badly; and when it is removed, the error should fall. `measures`
reads the measured quantities, step by step. `apart` finds when they differ between two nets.
`ranks` computes how they correlate with the error from seed to seed. `interventions` shows how the
error changed in trainings without the suspected cause.
"""

from .apart import Apart, when_apart
from .interventions import CURES, Cure, cures
from .measures import MEASURES, Run, read_run
from .ranks import Ranked, chance_of_largest, ranked

__all__ = [
    "Apart",
    "CURES",
    "Cure",
    "MEASURES",
    "Ranked",
    "Run",
    "chance_of_largest",
    "cures",
    "ranked",
    "read_run",
    "when_apart",
]
