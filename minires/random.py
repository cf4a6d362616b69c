"""All randomness of a run comes from one seed, split into a stream for each purpose.

So the order of the images does not depend on how many weights the net draws, and two nets with the
same seed see the same batches.
"""

from typing import Any

import numpy as np

from . import checks
from .errors import unknown_name

# Add new purposes at the end: a stream is seeded by the run's seed and its position in this tuple.
PURPOSES = (
    "weights",
    "shortcut weights",
    "order of images",
    "augmentation",
    "stochastic depth",
    "dropout",
)


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A new generator of the random numbers for one purpose, in a run with this seed.

    Parameters
    ----------
    seed : int
        At least 0. The same seed and purpose give the same numbers.
    purpose : str
        One of `PURPOSES`.

    Raises
    ------
    ConfigError
        For another purpose, or a seed that is not a whole number of at least 0.
    """
    if purpose not in PURPOSES:
        raise unknown_name("stream", "purpose", purpose, PURPOSES)
    seed = checks.integer("stream", "seed", seed, 0)
    return np.random.default_rng([seed, PURPOSES.index(purpose)])


def check_state(name: str, generator: np.random.Generator, state: Any) -> None:
    """Raise ValueError if `state` cannot be a state of `generator`.

    A state is what ``generator.bit_generator.state`` gives. NumPy itself finds some mistakes only
    after it has changed the generator, and others never; so the state is tried on a fresh one.
    `name` is the generator's name in the error.
    """
    other = type(generator.bit_generator)()
    try:
        other.state = state
        same = _plain(other.state) == _plain(state)
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{name} is not a state of a random generator: {error}") from None
    if not same:
        raise ValueError(f"{name} is not a state of a random generator")


def _plain(state):
    """`state` with lists instead of NumPy's arrays, so that two states can be compared by ==."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
