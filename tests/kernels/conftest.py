"""Every test that takes `wing` runs once for each wing of `minires/kernels`."""

from importlib import import_module

import pytest

from minires.kernels.dispatch import WINGS


@pytest.fixture(scope="session", params=WINGS)
def wing(request):
    return import_module(f"minires.kernels.{request.param}")
