"""All randomness of a run flows from one seed, split by purpose.

So the order of the images does not depend on how many weights the net draws, and two nets of one
seed see the same batches.
"""

import numpy as np

from . import checks
from .errors import unknown_name

# A new purpose goes to the end: its place is part of what its stream is seeded by.
PURPOSES = ("weights", "shortcut weights", "order of images", "augmentation", "stochastic depth")


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The generator of the random numbers for `purpose`, one of `PURPOSES`, in the run of that
    `seed`.
    """
    if purpose not in PURPOSES:
        raise unknown_name("stream", "purpose", purpose, PURPOSES)
    seed = checks.integer("stream", "seed", seed, 0)
    return np.random.default_rng([seed, PURPOSES.index(purpose)])
