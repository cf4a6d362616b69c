"""The seeds of a run: a number of seeds from 0 on, or a list of seeds, and how to write them."""

from collections.abc import Sequence

import numpy as np

from .. import checks
from ..errors import ConfigError
from ..names import shown
from ..serialization.old_names import MOST_SEEDS
from ..training.kinds import SEEDS


def check_seeds(where: str, seeds: int | Sequence[int], first: int = 0) -> list[int]:
    """The seeds as a list in ascending order.

    Parameters
    ----------
    where : str
        The name of the calling function, for errors.
    seeds : int or sequence of int
        The number of seeds, from `first` on, or the seeds themselves.
    first : int

    Raises
    ------
    ConfigError
        If `seeds` is neither a whole number above 0 nor a list of different whole numbers of at
        least 0, or if there are more than `MOST_SEEDS`.
    """
    if not isinstance(seeds, (list, tuple, range, np.ndarray)):
        count = checks.integer(where, "seeds", seeds)
        if count > MOST_SEEDS:
            raise ConfigError(where, "seeds", f"at most {MOST_SEEDS:,}", shown(count))
        return list(range(first, first + count))
    if len(seeds) > MOST_SEEDS:
        raise ConfigError(where, "seeds", f"at most {MOST_SEEDS:,}", f"{len(seeds):,}")
    found = [int(seed) if checks.is_integer(seed, least=0) else seed for seed in seeds]
    if not all(isinstance(seed, int) for seed in found) or not SEEDS.accepts(sorted(found)):
        expected = "a number of seeds, or a list of different whole numbers of at least 0"
        raise ConfigError(where, "seeds", expected, shown(seeds))
    return sorted(found)


def parse_seeds(text: str) -> int | list[int] | None:
    """Read the seeds in a text such as `as_text` writes; None if the text is something else.

    ``3`` is a number of seeds, ``30-59`` are the seeds from 30 to 59, and ``0-2,7`` are four seeds.
    """
    parts = [part.split("-") for part in text.replace("_", "").split(",")]
    if not all(len(part) <= 2 and all(map(_is_whole, part)) for part in parts):
        return None
    ends = [(int(part[0]), int(part[-1])) for part in parts]
    if len(parts) == 1 and len(parts[0]) == 1:
        return ends[0][0]
    if any(first > last for first, last in ends):
        return None
    if sum(last - first + 1 for first, last in ends) > MOST_SEEDS:
        return None
    return [seed for first, last in ends for seed in range(first, last + 1)]


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 300


def as_text(seeds: Sequence[int]) -> str:
    """Ascending seeds in the form of ``--seeds``: ``3`` for 0, 1 and 2, otherwise as in `spans`."""
    return str(len(seeds)) if list(seeds) == list(range(len(seeds))) else spans(seeds)


def spans(seeds: Sequence[int]) -> str:
    """Ascending seeds in short: ``0-2,7``. A single seed is ``7-7``, since ``7`` means seven."""
    ends: list[list[int]] = []
    for seed in seeds:
        if ends and seed == ends[-1][1] + 1:
            ends[-1][1] = seed
        else:
            ends.append([seed, seed])
    if len(ends) == 1:
        return f"{ends[0][0]}-{ends[0][1]}"
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ends)


def in_words(seeds: Sequence[int]) -> str:
    """Ascending seeds as words in a sentence: "seed 7" or "seeds 0-2,7"."""
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {spans(seeds)}"
