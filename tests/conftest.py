"""Settings and fixtures for all tests."""

import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from minires import backend, data
from minires.errors import DeviceError

from .gpu import GPUS, in_use

# The same examples in every run, without a time limit for each: a busy machine is no reason to
# fail.
settings.register_profile("minires", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("minires")


LONG_TESTS = {
    line
    for line in (Path(__file__).parent / "long.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
}


@pytest.hookimpl(tryfirst=True)  # before pytest chooses tests by their marks
def pytest_collection_modifyitems(config, items):
    """Those in long.txt are marked `long`. Tests for a real GPU run only where they are asked for:
    with ``-m gpu``."""
    for item in items:
        if item.nodeid in LONG_TESTS:
            item.add_marker(pytest.mark.long)
    if "gpu" not in config.option.markexpr:
        for_gpu = [item for item in items if item.get_closest_marker("gpu")]
        items[:] = [item for item in items if item not in for_gpu]
        config.hook.pytest_deselected(items=for_gpu)


def pytest_collection_finish(session):
    """An error where tests for a GPU are asked for and there is none, since skipped tests are
    easily overlooked."""
    if any(item.get_closest_marker("gpu") for item in session.items):
        try:
            backend.cupy("pytest -m gpu")
        except DeviceError as error:
            pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def torch():
    """PyTorch where it is installed: a second opinion, which minires itself never needs."""
    return pytest.importorskip("torch", reason="PyTorch, the second opinion, is not installed")


@pytest.fixture(scope="module", params=GPUS)
def gpu(request):
    """A GPU in use, for the tests that ask for it: the simulated one, and with ``pytest -m gpu`` a
    real one."""
    with in_use(request.param):
        yield request.param


@pytest.fixture(scope="session")
def sets():
    """Drawn images of 8x8 pixels: 64 to train on and 20 to test on. Some files have others."""
    train, test = data.synthetic(64, 20, seed=3)
    return train.resize(8), test.resize(8)


@pytest.fixture(scope="module")
def browser():
    """A Chromium, its own or the system's, for pages as a reader sees them."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason='Playwright is not installed: pip install -e ".[browser]"'
    )
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    with playwright.sync_playwright() as all_browsers:
        try:
            one = all_browsers.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium can be started: {str(error).splitlines()[0]}")
        yield one
        one.close()


@pytest.fixture
def no_cupy(monkeypatch):
    """A machine without CuPy, while the test runs."""
    monkeypatch.setattr("minires.backend.cupy_import._cupy", None)
    monkeypatch.setitem(sys.modules, "cupy", None)  # makes `import cupy` fail


@pytest.fixture
def threads():
    """A function that sets how many threads the CPU kernels use while the test runs."""
    before = backend.num_threads()
    yield backend.set_num_threads
    backend.set_num_threads(before)
