"""Gradients clipped to a length."""

import numpy as np
import pytest

from minires import nn, optim
from minires.errors import ConfigError

from ..messages import message_of
from .steps import parameter


def test_clipping_by_hand():
    a, b, without = parameter(0, 0), parameter(0), parameter(0)
    a.grad, b.grad = np.array([3, 0], np.float32), np.array([4], np.float32)
    assert optim.clip_grad_norm([a, b, without], 1.0) == pytest.approx(5)
    assert (
        a.grad == pytest.approx([0.6, 0])
        and b.grad == pytest.approx([0.8])
        and without.grad is None
    )


def test_small_gradients_are_not_clipped():
    weight = parameter(0)
    weight.grad = np.array([0.5], np.float32)
    assert optim.clip_grad_norm(iter([weight]), 1.0) == 0.5 and weight.grad == 0.5


def test_clipping_leaves_the_array_it_was_given_and_its_dtype():
    weight = parameter(0)
    gradient = weight.grad = np.array([5], np.float32)
    optim.clip_grad_norm([weight], np.float64(1))
    assert gradient == 5 and weight.grad == 1 and weight.grad.dtype == np.float32


def test_norm_of_huge_gradients():
    """Squares of 1e30 do not fit into float32. Such gradients must not be scaled to 0."""
    weight = parameter(0, 0)
    weight.grad = np.array([3e30, 4e30], np.float32)
    assert optim.clip_grad_norm([weight], 1.0) == pytest.approx(5e30, rel=1e-6)
    assert weight.grad == pytest.approx([0.6, 0.8])


def test_an_infinite_limit_only_measures():
    weight = parameter(0, 0)
    gradient = weight.grad = np.array([3, 4], np.float32)
    assert optim.clip_grad_norm([weight], float("inf")) == 5 and weight.grad is gradient


def test_clipping_as_in_pytorch(torch):
    rng = np.random.default_rng(0)
    shapes = (3, 4), (5,), (2, 2, 2)
    gradients = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    mine = [nn.Parameter(np.zeros_like(gradient)) for gradient in gradients]
    theirs = [torch.nn.Parameter(torch.zeros(gradient.shape)) for gradient in gradients]
    for weight, other, gradient in zip(mine, theirs, gradients):
        weight.grad, other.grad = gradient, torch.tensor(gradient)
    expected = float(torch.nn.utils.clip_grad_norm_(theirs, 0.5))
    assert optim.clip_grad_norm(mine, 0.5) == pytest.approx(expected, rel=1e-5)
    for weight, other in zip(mine, theirs):
        np.testing.assert_allclose(weight.grad, other.grad.numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: optim.clip_grad_norm([parameter(1)], 0),
            "max_norm: expected a number above 0, got 0",
        ),
        (lambda: optim.clip_grad_norm([parameter(1)], float("nan")), "max_norm"),
        (lambda: optim.clip_grad_norm([parameter(1)], float("-inf")), "max_norm"),
        (lambda: optim.clip_grad_norm([parameter(1)], True), "max_norm"),
    ],
)
def test_bad_settings(call, words):
    assert words in message_of(ConfigError, call)


def test_a_single_parameter_and_a_net():
    parameter = nn.Parameter(np.ones(4, np.float32))
    parameter.grad = np.full(4, 5, np.float32)
    assert optim.clip_grad_norm(parameter, 1.0) == 10
    assert np.array_equal(parameter.grad, np.full(4, 0.5, np.float32))
    with pytest.raises(ConfigError, match=r"pass net.parameters\(\)"):
        optim.clip_grad_norm(nn.Linear(2, 2), 1.0)
