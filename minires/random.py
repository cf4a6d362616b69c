"""All randomness of a run flows from one seed, split by purpose.

So the order of the images does not depend on how many weights the net draws, and two nets of one
seed see the same batches.
"""

from typing import Any

import numpy as np

from . import checks
from .errors import unknown_name

# A new purpose goes to the end: its place is part of what its stream is seeded by.
PURPOSES = (
    "weights",
    "shortcut weights",
    "order of images",
    "augmentation",
    "stochastic depth",
    "dropout",
)


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The generator of the random numbers for `purpose`, one of `PURPOSES`, in the run of that
    `seed`.
    """
    if purpose not in PURPOSES:
        raise unknown_name("stream", "purpose", purpose, PURPOSES)
    seed = checks.integer("stream", "seed", seed, 0)
    return np.random.default_rng([seed, PURPOSES.index(purpose)])


def check_state(name: str, generator: np.random.Generator, state: Any) -> None:
    """Raise ValueError if `state` is none that ``generator.bit_generator.state`` could have had.

    NumPy itself finds some of what is wrong only once it has changed the generator, or not at all.
    `name` is what to call the generator.
    """
    other = type(generator.bit_generator)()
    try:
        other.state = state
        same = _plain(other.state) == _plain(state)
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{name} is no state of a random generator: {error}") from None
    if not same:
        raise ValueError(f"{name} is no state of a random generator")


def _plain(state):
    """With lists for NumPy's arrays, which some generators have in their state."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
