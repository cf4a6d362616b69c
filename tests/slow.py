"""Tests that take seconds: `pytest` leaves them out, `pytest -m "slow or not slow"` runs all."""

import pytest


def slow_but(quick, values):
    """The values of a parameter, all marked slow but those in `quick`."""
    return [
        value if value in quick else pytest.param(value, marks=pytest.mark.slow) for value in values
    ]


def but_long(long, values):
    """The values of a parameter; those in `long` are marked slow and long."""
    marks = [pytest.mark.slow, pytest.mark.long]
    return [pytest.param(value, marks=marks) if value in long else value for value in values]
