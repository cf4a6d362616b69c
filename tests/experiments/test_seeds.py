"""The seeds of a run, given as a number or as a list."""

import numpy as np
import pytest

from minires.errors import ConfigError
from minires.experiments.seeds import as_text, check_seeds, in_words, parse_seeds, spans


@pytest.mark.parametrize(
    "seeds, expected",
    [
        (3, [0, 1, 2]),
        (np.int64(2), [0, 1]),
        (range(30, 33), [30, 31, 32]),
        ([7, 0], [0, 7]),
        (np.array([5, 4]), [4, 5]),
    ],
)
def test_a_number_or_a_list(seeds, expected):
    found = check_seeds("here", seeds)
    assert found == expected and all(type(seed) is int for seed in found)


def test_a_number_counts_from_the_first_seed():
    assert check_seeds("here", 2, first=4) == [4, 5]


@pytest.mark.parametrize(
    "seeds",
    [0, -1, 1.5, True, "3", None, [], [1, 1], [-1], [0.5], [True], ["a"], 10**30, range(10**6)],
)
def test_invalid_lists_of_seeds(seeds):
    with pytest.raises(ConfigError, match="^here: seeds: expected "):
        check_seeds("here", seeds)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("3", 3),
        ("30-32", [30, 31, 32]),
        ("7-7", [7]),
        ("0-2,7", [0, 1, 2, 7]),
        ("3,5", [3, 5]),
        ("1_0", 10),
    ],
)
def test_on_the_command_line(text, expected):
    assert parse_seeds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "3-", "-3", "5-3", "a", "1-2-3", "1,,2", "0.5", "８", "0-" + "9" * 30, "²"]
)
def test_invalid_seeds_on_the_command_line(text):
    assert parse_seeds(text) is None


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2], [7], [30, 31], [0, 1, 2, 7], [1, 3, 4, 9]])
def test_seeds_as_text_are_read_back(seeds):
    for text in (as_text(seeds), spans(seeds)):
        assert check_seeds("here", parse_seeds(text)) == seeds
    assert as_text([0, 1, 2]) == "3" and spans([0, 1, 2]) == "0-2"
    assert (in_words([7]), in_words([0, 1, 7])) == ("seed 7", "seeds 0-1,7")
