"""Every test that takes `backend` runs once for each backend of `minires/kernels`.

The backend for the GPU runs on a simulated one, and with ``pytest -m gpu`` on a real one.
"""

from importlib import import_module

import pytest

from minires.kernels.registry import BACKENDS

from ..gpu import GPUS, backend_on_arrays_of_numpy, in_use


@pytest.fixture(scope="module", params=[*BACKENDS, *GPUS])
def backend(request):
    if request.param in BACKENDS:
        yield import_module(f"minires.kernels.{request.param}")
    else:
        with in_use(request.param):
            yield backend_on_arrays_of_numpy()
