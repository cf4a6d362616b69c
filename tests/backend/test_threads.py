"""How many threads the kernels use."""

import pytest

from minires import backend
from minires.backend import threads
from minires.errors import ConfigError


@pytest.fixture
def environment(monkeypatch):
    """A function that sets environment variables and forgets the number of threads found before."""
    for variable in ("MINIRES_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(threads, "_num_threads", None)
    monkeypatch.setattr(threads, "available_cores", lambda: 7)
    return lambda **variables: [
        monkeypatch.setenv(name, value) for name, value in variables.items()
    ]


def test_every_core_unless_told_otherwise(environment):
    assert backend.num_threads() == 7


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"MINIRES_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"MINIRES_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
        ({"MINIRES_THREADS": "", "OMP_NUM_THREADS": "2"}, 2),
        ({"MINIRES_THREADS": "0"}, 7),
        ({"MINIRES_THREADS": "many"}, 7),
    ],
)
def test_threads_from_the_environment(environment, variables, expected):
    environment(**variables)
    assert backend.num_threads() == expected


def test_a_number_given_comes_before_the_environment(environment):
    environment(MINIRES_THREADS="3")
    backend.set_num_threads(5)
    assert backend.num_threads() == 5


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True, None])
def test_bad_number_of_threads(wrong):
    before = backend.num_threads()
    with pytest.raises(ConfigError, match="a whole number of at least 1, got "):
        backend.set_num_threads(wrong)
    assert backend.num_threads() == before


def test_cores_of_this_machine():
    assert 1 <= backend.available_cores() <= 4096
