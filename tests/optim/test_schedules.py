"""The learning rate over time."""

import numpy as np
import pytest

from minires import nn, optim
from minires.errors import ConfigError

from ..messages import message_of
from .steps import parameter


def rates(schedule, count):
    """The learning rate of each of the first `count` iterations."""
    rates = []
    for _ in range(count):
        rates.append(schedule.optimizer.lr)
        schedule.step()
    return rates


def test_milestones():
    schedule = optim.MultiStepLR(optim.SGD([parameter(1)], 1.0), [2, 5], gamma=0.1)
    assert rates(schedule, 7) == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_warm_up():
    """From a tenth to the full rate in equal steps."""
    schedule = optim.MultiStepLR(optim.SGD([parameter(1)], 1.0), [6], warmup=3)
    assert rates(schedule, 8) == pytest.approx([0.1, 0.4, 0.7, 1, 1, 1, 0.1, 0.1])
    from_nothing = optim.MultiStepLR(optim.SGD([parameter(1)], 1.0), [], warmup=2, warmup_factor=0)
    assert rates(from_nothing, 3) == pytest.approx([0, 0.5, 1])


def test_as_in_pytorch(torch):
    mine = optim.MultiStepLR(optim.SGD([parameter(1)], 0.1), [3, 7], gamma=0.5)
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    theirs = torch.optim.lr_scheduler.MultiStepLR(other, [3, 7], gamma=0.5)
    for rate in rates(mine, 10):
        assert rate == pytest.approx(other.param_groups[0]["lr"])
        other.step()
        theirs.step()


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [2, 1]),
            "milestones: expected rising iterations, got [2, 1]",
        ),
        (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [1, 1]), "milestones"),
        (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [-1]), "milestones"),
        (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [1.5]), "got [1.5]"),
        (
            lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [2], gamma=-1),
            "gamma: expected a number",
        ),
        (
            lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [2], warmup=2.5),
            "warmup: expected a number of iterations",
        ),
        (
            lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [2], warmup_factor=-1),
            "warmup_factor",
        ),
        (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [], warmup=-1), "warmup"),
    ],
)
def test_bad_settings(call, words):
    assert words in message_of(ConfigError, call)


@pytest.mark.parametrize("kind", [optim.MultiStepLR, optim.CosineLR])
def test_the_warm_up_is_a_keyword_argument(kind):
    """In PyTorch the next positional argument is another one, the last epoch."""
    numbers = [2] if kind is optim.MultiStepLR else 4
    with pytest.raises(TypeError):
        kind(optim.SGD([parameter(1)], 1), numbers, 0.1, 3)
    assert kind(optim.SGD([parameter(1)], 1), numbers, warmup=np.int64(2)).warmup == 2


def cosine(iterations, warmup=0, lr=0.4):
    optimizer = optim.SGD([nn.Parameter(np.zeros(1, np.float32))], lr)
    return optimizer, optim.CosineLR(optimizer, iterations, warmup=warmup)


def test_cosine_falls_from_lr_to_zero_and_is_half_way_at_a_half():
    optimizer, schedule = cosine(8)
    rates = [optimizer.lr]
    for _ in range(10):
        schedule.step()
        rates.append(optimizer.lr)
    assert rates[0] == 0.4 and rates[4] == pytest.approx(0.2) and rates[8:] == [0, 0, 0]
    assert rates[2] == pytest.approx(0.2 * (1 + np.sqrt(0.5)))
    assert all(a > b for a, b in zip(rates[:8], rates[1:]))


def test_cosine_agrees_with_pytorch(torch):
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.4)
    rule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 20)
    optimizer, schedule = cosine(20)
    for _ in range(20):
        assert optimizer.lr == pytest.approx(theirs.param_groups[0]["lr"], abs=1e-12)
        theirs.step()
        rule.step()
        schedule.step()


def test_cosine_begins_after_the_warm_up():
    optimizer, schedule = cosine(12, warmup=4)
    assert optimizer.lr == pytest.approx(0.04) and schedule.lr_at(2) == pytest.approx(0.4 * 0.55)
    assert schedule.lr_at(4) == 0.4 and schedule.lr_at(8) == pytest.approx(0.2)
    assert schedule.lr_at(12) == 0


@pytest.mark.parametrize(
    "iterations, warmup, words",
    [(0, 0, "at least 1"), (5, 6, "at most the 5 iterations"), (5, -1, "warmup")],
)
def test_invalid_cosines(iterations, warmup, words):
    with pytest.raises(ConfigError, match=words):
        cosine(iterations, warmup)
