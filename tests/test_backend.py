"""Devices and threads."""

import pytest

from minires import backend
from minires.errors import ConfigError, DeviceError


@pytest.fixture
def environment(monkeypatch):
    """A function that sets environment variables and forgets the number of threads found before."""
    for variable in ("MINIRES_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(backend, "_num_threads", None)
    monkeypatch.setattr(backend, "available_cores", lambda: 7)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


def test_every_core_unless_told_otherwise(environment):
    assert backend.num_threads() == 7


@pytest.mark.parametrize("variables, threads", [
    ({"MINIRES_THREADS": "3"}, 3),
    ({"OMP_NUM_THREADS": "2"}, 2),
    ({"OMP_NUM_THREADS": "4,2"}, 4),
    ({"MINIRES_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
    ({"MINIRES_THREADS": "", "OMP_NUM_THREADS": "2"}, 2),
    ({"MINIRES_THREADS": "0"}, 7),
    ({"MINIRES_THREADS": "many"}, 7),
])
def test_threads_from_the_environment(environment, variables, threads):
    environment(**variables)
    assert backend.num_threads() == threads


def test_a_number_given_comes_before_the_environment(environment):
    environment(MINIRES_THREADS="3")
    backend.set_num_threads(5)
    assert backend.num_threads() == 5


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, None])
def test_bad_number_of_threads(threads):
    before = backend.num_threads()
    with pytest.raises(ConfigError, match="a whole number of at least 1, got "):
        backend.set_num_threads(threads)
    assert backend.num_threads() == before


def test_cores_of_this_machine():
    assert 1 <= backend.available_cores() <= 4096


def test_devices():
    assert backend.check_device("cpu") == "cpu"
    with pytest.raises(DeviceError, match="^model.to: .*expected 'cpu', got 'tpu'$"):
        backend.check_device("tpu", "model.to")
