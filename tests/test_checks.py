"""Checks of whole numbers and other numbers: one rule, and one wording."""

import json

import numpy as np
import pytest

from minires import checks
from minires.errors import ConfigError, ShapeError


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.int64(3)])
def test_integers_of_numpy_are_integers_and_come_back_as_pythons(value):
    found = checks.integer("f", "n", value)
    assert type(found) is int and found == 3 and json.dumps(found) == "3"


@pytest.mark.parametrize(
    "value",
    [0, -1, 3.0, "3", None, True, np.bool_(True), np.float64(3), float("nan"), [3], np.array([3])],
)
def test_only_whole_numbers_from_1_are_accepted(value):
    with pytest.raises(ConfigError, match="^f: n: expected a whole number of at least 1, got "):
        checks.integer("f", "n", value)


def test_a_range_and_another_class_of_error():
    assert checks.integer("f", "n", 0, least=0, most=2) == 0
    with pytest.raises(
        ShapeError, match="f: n: expected a whole number, 0 to 2, got 3; take fewer"
    ):
        checks.integer("f", "n", 3, least=0, most=2, error=ShapeError, todo="take fewer")


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.int64(1)])
def test_numbers_of_numpy_are_numbers(value):
    found = checks.number("f", "x", value, "a number above 0", lambda x: x > 0)
    assert type(found) in (int, float) and found == value


@pytest.mark.parametrize(
    "value", [0, -0.5, float("nan"), float("inf"), "1", None, True, np.bool_(True), 1j]
)
def test_only_numbers_above_0_are_accepted(value):
    with pytest.raises(ConfigError, match="f: x: expected a number above 0, got "):
        checks.number("f", "x", value, "a number above 0", lambda x: x > 0)


@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_too_long_to_write_or_to_compute_with(digits):
    """Python refuses to write 4,301 digits, and to make a float of 310."""
    huge = 10**digits
    assert not checks.is_number(huge) and not checks.is_integer(huge)
    for check in (
        lambda: checks.integer("net", "width", huge, 1, 10),
        lambda: checks.number("net", "lr", huge, "a number"),
        lambda: checks.boolean("net", "flip", huge),
    ):
        with pytest.raises(
            ConfigError, match="^net: .*: expected .*, got (1000|a number of more)"
        ) as error:
            check()
        assert len(str(error.value)) < 250
