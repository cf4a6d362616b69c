"""What tells plain-56 from plain-20? The measures of recorded runs, held against the errors.

A cause of the degradation should tell the two nets apart, be there before the error is, say which
seeds end badly, and the error should go when it is cured. `measures` reads what was recorded, step
by step; `apart` says when it tells two nets apart; `ranks` whether it goes with the error from seed
to seed; `interventions` what happened to the error when somebody took the suspect away.
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
