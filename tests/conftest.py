"""Settings and fixtures for all tests."""

import pytest
from hypothesis import settings

# The same examples in every run, and no time limit for one of them: a busy machine is no reason to fail.
settings.register_profile("minires", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("minires")


@pytest.fixture(scope="session")
def torch():
    """PyTorch where it is installed: a second opinion, which minires itself never needs."""
    return pytest.importorskip("torch", reason="PyTorch, the second opinion, is not installed")


@pytest.fixture
def threads():
    """A function that sets how many threads the CPU kernels use, for the length of the test."""
    from minires import backend

    before = backend.num_threads()
    yield backend.set_num_threads
    backend.set_num_threads(before)
