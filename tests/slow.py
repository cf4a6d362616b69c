"""Tests that take seconds: `pytest` leaves them out, `pytest -m "slow or not slow"` runs all."""

import pytest

LONG = [pytest.mark.slow, pytest.mark.long]


def slow_but(quick, values, long=()):
    """The values of a parameter, marked slow except those in `quick`; those in `long` are marked
    long as well."""
    return [
        value
        if value in quick
        else pytest.param(value, marks=LONG if value in long else pytest.mark.slow)
        for value in values
    ]


def but_long(long, values):
    """The values of a parameter; those in `long` are marked slow and long."""
    return [pytest.param(value, marks=LONG) if value in long else value for value in values]
