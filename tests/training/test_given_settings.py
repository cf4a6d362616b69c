"""Settings that contradict each other are refused; settings that change nothing are mentioned."""

import pytest

from minires.errors import ConfigError
from minires.training.config import RunConfig
from minires.training.given_settings import check_given


def lines(**given):
    return check_given(given, RunConfig.for_data(**given))


@pytest.mark.parametrize(
    "given, words",
    [
        ({"drops": (0.5,), "milestones": (1,)}, "drops and milestones: expected one of them"),
        ({"drops": (0.5,), "schedule": "cosine"}, 'none, or schedule "steps"'),
        ({"drops": (0.5,), "dataset": "folder"}, 'none, or schedule "steps"'),
    ],
)
def test_contradictions(given, words):
    with pytest.raises(ConfigError, match=words):
        lines(**given)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"workers": 2}, "workers changes nothing: only photographs"),
        ({"muon_lr_scale": 0.5}, "only optimizer 'muon' has a rate of its own"),
        ({"cache": "x"}, "cache changes nothing: only photographs"),
        ({"warmup_from_depth": 5}, "changes nothing without a warmup"),
        ({"warmup": 100, "iterations": 2}, "lr stays below 0.1 in all 2 steps"),
        ({"milestones": (1, 5, 9), "iterations": 5}, "milestones 5 9 change nothing"),
    ],
)
def test_settings_that_change_nothing(given, words):
    (line,) = lines(**given)
    assert words in line


def test_settings_that_are_used():
    assert lines(dataset="folder", val_fraction=0.3, workers=2, cache="x") == []
    assert lines(warmup=5, warmup_from_depth=50, iterations=10, milestones=(8,)) == []
    assert lines(drops=(), schedule="cosine") == []
    assert lines(muon_lr_scale=0.5, optimizer="muon") == []


def test_nesterov_without_momentum():
    with pytest.raises(ConfigError, match="nesterov: expected a momentum above 0"):
        RunConfig(nesterov=True, momentum=0)
