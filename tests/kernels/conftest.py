"""Every test that takes `wing` runs once for each wing of `minires/kernels`: that of the GPU on a simulated one, and with
``pytest -m gpu`` on a real one."""

from importlib import import_module

import pytest

from minires.kernels.dispatch import WINGS

from ..gpu import GPUS, in_use, wing_on_arrays_of_numpy


@pytest.fixture(scope="module", params=[*WINGS, *GPUS])
def wing(request):
    if request.param in WINGS:
        yield import_module(f"minires.kernels.{request.param}")
    else:
        with in_use(request.param):
            yield wing_on_arrays_of_numpy()
