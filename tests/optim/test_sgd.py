"""SGD, and features that all optimisers share: groups of parameters, checks, state."""

import numpy as np
import pytest

from minires import models, nn, optim
from minires.errors import ConfigError, DtypeError, ShapeError

from ..messages import message_of
from .steps import parameter, scheduled_steps, steps


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, [1 - 0.1 * 2, 0.8 - 0.1 * 4]),
        ({"momentum": 0.5}, [1 - 0.1 * 2, 0.8 - 0.1 * (0.5 * 2 + 4)]),
        ({"momentum": 0.5, "nesterov": True}, [1 - 0.1 * (2 + 0.5 * 2), 0.7 - 0.1 * (4 + 0.5 * 5)]),
        ({"weight_decay": 0.5}, [1 - 0.1 * (2 + 0.5), 0.75 - 0.1 * (4 + 0.375)]),
        ({"momentum": 0.5, "weight_decay": 1}, [1 - 0.1 * 3, 0.7 - 0.1 * (0.5 * 3 + 4 + 0.7)]),
    ],
)
def test_two_steps_by_hand(settings, expected):
    weight = parameter(1)
    assert steps(optim.SGD([weight], 0.1, **settings), weight, [2, 4]) == pytest.approx(expected)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"weight_decay": 0.1},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"momentum": 0.9, "weight_decay": 0.1, "nesterov": True},
    ],
)
def test_ten_steps_as_in_pytorch(torch, settings):
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 4)).astype(np.float32)
    mine, theirs = nn.Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    my_optimizer = optim.SGD([mine], 0.1, **settings)
    their_optimizer = torch.optim.SGD([theirs], 0.1, **settings)
    for step in range(10):
        gradient = rng.standard_normal((3, 4)).astype(np.float32)
        mine.grad, theirs.grad = gradient, torch.tensor(gradient)
        if step == 5:
            my_optimizer.lr = their_optimizer.param_groups[0]["lr"] = 0.01
        my_optimizer.step()
        their_optimizer.step()
        np.testing.assert_allclose(mine.data, theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "gradient, error, words",
    [
        (np.ones(2), DtypeError, "gradient of parameter 0: expected float32, got float64"),
        (
            np.ones(1, np.float32),
            ShapeError,
            "gradient of parameter 0: expected shape (2,), got shape (1,)",
        ),
    ],
)
def test_a_gradient_that_does_not_fit_its_parameter(gradient, error, words):
    weight = parameter(1, 2)
    optimizer = optim.SGD([weight], 0.1)
    weight.grad = gradient
    with pytest.raises(error) as caught:
        optimizer.step()
    assert words in str(caught.value)


def test_a_parameter_named_twice():
    weight = parameter(1)
    with pytest.raises(ConfigError, match="a parameter is named twice"):
        optim.SGD([{"params": [weight]}, {"params": [weight]}], 0.1)


def test_a_parameter_without_gradient_stays():
    moved, still = parameter(1), parameter(1)
    optimizer = optim.SGD([moved, still], 0.1, momentum=0.9, weight_decay=0.1)
    moved.grad = np.ones(1, np.float32)
    optimizer.step()
    assert moved.data != 1 and still.data == 1
    optimizer.zero_grad()
    assert moved.grad is None


def test_step_leaves_the_gradient_alone_and_writes_in_place():
    weight = parameter(1, 2)
    array, gradient = weight.data, np.array([3, 4], np.float32)
    weight.grad = gradient
    optim.SGD([weight], 0.1, momentum=0.9, weight_decay=0.1, nesterov=True).step()
    assert gradient.tolist() == [3, 4] and weight.grad is gradient and weight.data is array


def test_groups_with_a_weight_decay_of_their_own():
    decayed, free, common = parameter(1), parameter(1), parameter(1)
    optimizer = optim.SGD(
        [
            {"params": [decayed], "weight_decay": 1.0},
            {"params": iter([free]), "weight_decay": 0.0},
            {"params": [common]},
        ],
        0.1,
        weight_decay=0.5,
    )
    for weight in (decayed, free, common):
        weight.grad = np.zeros(1, np.float32)
    optimizer.step()
    moved = [weight.data.item() for weight in (decayed, free, common)]
    assert moved == pytest.approx([0.9, 1, 0.95])


def test_groups_with_a_rate_of_their_own():
    slow, still, common = parameter(1), parameter(1), parameter(1)
    optimizer = optim.SGD(
        [{"params": [slow], "lr_scale": 0.5}, {"params": [still], "lr_scale": 0}, common], 0.1
    )
    for weight in (slow, still, common):
        weight.grad = np.ones(1, np.float32)
    optimizer.step()
    assert [weight.data.item() for weight in (slow, still, common)] == pytest.approx([0.95, 1, 0.9])
    optimizer.lr = 0.2  # a schedule changes every group
    optimizer.step()
    assert [weight.data.item() for weight in (slow, still, common)] == pytest.approx([0.85, 1, 0.7])


def test_single_numbers_at_a_rate_of_their_own():
    net = models.resnet(8, width=4, batch_norm=False, init="fixup")
    optimizer = optim.SGD(optim.parameter_groups(net, 0.1, scalar_lr_scale=0.1), 0.1)
    names = {id(weight): name for name, weight in net.named_parameters()}
    assert [names[id(weight)] for weight in optimizer.params] == list(names.values())
    scalars = {
        names[id(weight)]
        for weight, scale in zip(optimizer.params, optimizer.lr_scales)
        if scale == 0.1
    }
    assert scalars == {name for name, weight in net.named_parameters() if weight.size == 1}
    assert "layer1.0.scale" in scalars and "layer1.0.bias1a" in scalars and "fc.bias" not in scalars
    assert {
        scale for weight, scale in zip(optimizer.params, optimizer.lr_scales) if weight.size > 1
    } == {1.0}


def test_no_decay_on_batch_norm():
    net = models.resnet(8, width=4)
    optimizer = optim.SGD(optim.parameter_groups(net, 0.1, decay_batch_norm=False), 0.1)
    decays = {id(weight): decay for weight, decay in zip(optimizer.params, optimizer.decays)}
    assert len(decays) == len(list(net.parameters()))
    for name, weight in net.named_parameters():
        matrix = "conv" in name or name == "fc.weight"
        assert decays[id(weight)] == (0.1 if matrix else 0), name


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: optim.SGD([parameter(1)], -0.1), "lr: expected a number of at least 0, got -0.1"),
        (
            lambda: optim.SGD([parameter(1)], float("nan")),
            "lr: expected a number of at least 0, got nan",
        ),
        (lambda: optim.SGD([parameter(1)], 0.1, momentum=-1), "momentum"),
        (lambda: optim.SGD([parameter(1)], 0.1, weight_decay=-1), "weight_decay"),
        (
            lambda: optim.SGD([parameter(1)], 0.1, nesterov=True),
            "nesterov: expected a momentum above 0",
        ),
        (lambda: optim.SGD([parameter(1)], True), "lr: expected a number of at least 0, got True"),
        (lambda: optim.SGD([], 0.1), "at least one parameter, got none"),
        (
            lambda: optim.SGD([{"params": [parameter(1)], "weight_decai": 0.1}], 0.1),
            "did you mean 'weight_decay'?",
        ),
        (lambda: optim.SGD([{"params": [parameter(1)], "lr": 0.1}], 0.1), "unknown group setting"),
        (lambda: optim.SGD([{"weight_decay": 0.1}], 0.1), "params"),
        (
            lambda: optim.SGD([{"params": [parameter(1)], "lr_scale": -1}], 0.1),
            "lr_scale of a group: expected a number of at least 0, got -1",
        ),
    ],
)
def test_bad_settings(call, words):
    assert words in message_of(ConfigError, call)


def test_training_goes_on_from_a_saved_state():
    def start(weight):
        optimizer = optim.SGD([weight], 0.1, momentum=0.9)
        return optimizer, optim.MultiStepLR(optimizer, [2, 4], warmup=2)

    straight = scheduled_steps(*start(parameter(1)), [1, -2, 3, 0.5, 2, -1])

    weight = parameter(1)
    optimizer, schedule = start(weight)
    values = scheduled_steps(optimizer, schedule, [1, -2, 3])
    fresh_optimizer, fresh_schedule = start(weight)
    fresh_optimizer.load_state_dict(optimizer.state_dict())
    fresh_schedule.load_state_dict(schedule.state_dict())
    optimizer.velocities[0][...] = 99  # the fresh optimiser has its own copies
    assert fresh_optimizer.lr == optimizer.lr == pytest.approx(0.01)
    assert values + scheduled_steps(fresh_optimizer, fresh_schedule, [0.5, 2, -1]) == straight


def test_state_of_other_parameters():
    optimizer, other = optim.SGD([parameter(1)], 0.1), optim.SGD([parameter(1, 2)], 0.5)
    with pytest.raises(ConfigError, match="velocities"):
        optimizer.load_state_dict(other.state_dict())
    assert optimizer.lr == 0.1


def test_state_of_another_optimiser():
    optimizer, other = optim.SGD([parameter(1)], 0.1), optim.Adam([parameter(1)], 0.5)
    with pytest.raises(ConfigError) as caught:
        optimizer.load_state_dict(other.state_dict())
    assert str(caught.value) == (
        "SGD.load_state_dict: state of another optimiser: expected lr, "
        "velocities, got lr, exp_avgs, exp_avg_sqs, steps"
    )
    assert optimizer.lr == 0.1


def test_weight_decay_is_a_keyword_argument():
    """In PyTorch the fourth positional argument is another one, the dampening."""
    with pytest.raises(TypeError):
        optim.SGD([parameter(1)], 0.1, 0.9, 1e-4)
