"""Adam and AdamW."""

import numpy as np
import pytest

from minires import backend, models, nn, optim
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, DeviceError

from .steps import parameter, scheduled_steps, steps

KINDS = ["Adam", "AdamW"]
either = pytest.mark.parametrize("kind", KINDS)


def test_two_steps_by_hand():
    """The first step has length lr, whatever the gradient; the second depends on both gradients."""
    weight = parameter(1)
    first, second = steps(optim.Adam([weight], 0.1, (0.5, 0.75), eps=0), weight, [4, -2])
    assert first == pytest.approx(0.9)
    m, v = (0.5 * 2 - 1) / (1 - 0.5**2), (0.75 * 4 + 0.25 * 4) / (1 - 0.75**2)
    assert second == pytest.approx(0.9 - 0.1 * m / v**0.5)


def test_eps_is_added_to_the_root():
    weight = parameter(1)
    (moved,) = steps(optim.Adam([weight], 0.1, eps=2), weight, [2])
    assert moved == pytest.approx(1 - 0.1 * 2 / (2 + 2))


def test_the_two_kinds_of_weight_decay_by_hand():
    """The first step has length lr, whatever the gradient; decoupled decay is added to it."""
    coupled, apart = parameter(2), parameter(2)
    assert steps(optim.Adam([coupled], 0.1, weight_decay=0.5, eps=0), coupled, [1])[
        0
    ] == pytest.approx(2 - 0.1)
    assert steps(optim.AdamW([apart], 0.1, weight_decay=0.5, eps=0), apart, [1])[
        0
    ] == pytest.approx(2 - 0.1 * 0.5 * 2 - 0.1)


@either
@pytest.mark.parametrize(
    "settings",
    [{}, {"weight_decay": 0.1}, {"betas": (0.5, 0.9), "eps": 1e-3}, {"lr": 0.1, "weight_decay": 0}],
)
def test_fifty_steps_as_in_pytorch(torch, kind, settings):
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 4)).astype(np.float32)
    mine, theirs = nn.Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    my_optimizer = getattr(optim, kind)([mine], **settings)
    their_optimizer = getattr(torch.optim, kind)([theirs], **settings)
    for step in range(50):
        gradient = (rng.standard_normal((3, 4)) * 10 ** rng.uniform(-4, 2)).astype(np.float32)
        mine.grad, theirs.grad = gradient, torch.tensor(gradient)
        if step % 7 == 3:  # a step without a gradient
            mine.grad = theirs.grad = None
        if step == 20:
            my_optimizer.lr = their_optimizer.param_groups[0]["lr"] = 0.01
        my_optimizer.step()
        their_optimizer.step()
        np.testing.assert_allclose(mine.data, theirs.detach().numpy(), rtol=1e-5, atol=1e-6)
    state = their_optimizer.state[theirs]
    np.testing.assert_allclose(
        my_optimizer.exp_avgs[0], state["exp_avg"].numpy(), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(my_optimizer.exp_avg_sqs[0], state["exp_avg_sq"].numpy(), rtol=1e-4)
    assert my_optimizer.steps == [int(state["step"])]


@either
def test_defaults_and_order_of_arguments(kind):
    optimizer = getattr(optim, kind)([parameter(1)])
    assert (optimizer.lr, optimizer.betas, optimizer.eps) == (1e-3, (0.9, 0.999), 1e-8)
    assert optimizer.decays == [0.01 if kind == "AdamW" else 0]
    optimizer = getattr(optim, kind)([parameter(1)], 0.1, (0.8, 0.9), 1e-3, 0.5)
    assert (optimizer.lr, optimizer.betas, optimizer.eps) == (0.1, (0.8, 0.9), 1e-3)
    assert optimizer.decays == [0.5]


@either
def test_a_frozen_parameter_and_one_without_gradient_stay(kind):
    """Weight decay does not move them either, and their step does not count."""
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    net[0].freeze()
    before = {name: array.copy() for name, array in net.state_dict().items()}
    optimizer = getattr(optim, kind)(net.parameters(), 0.1, weight_decay=0.5)
    x, target = (Tensor(np.full((1, 2), number, np.float32)) for number in (1, 9))
    F.mse_loss(net[1](net[0](x)), target).backward()
    optimizer.step()
    moved = {
        name for name, array in net.state_dict().items() if not np.array_equal(array, before[name])
    }
    assert moved == {"1.weight", "1.bias"} and optimizer.steps == [0, 0, 1, 1, 0, 0]
    assert all((optimizer.exp_avgs[i] == 0).all() for i in (0, 1, 4, 5))


@either
def test_groups_with_a_rate_and_a_decay_of_their_own(kind):
    slow, free, common = parameter(1), parameter(1), parameter(1)
    groups = [{"params": [slow], "lr_scale": 0.5}, {"params": [free], "weight_decay": 0}, common]
    optimizer = getattr(optim, kind)(groups, 0.1, eps=0, weight_decay=0.2)
    for weight in (slow, free, common):
        weight.grad = np.ones(1, np.float32)
    optimizer.step()
    decayed = 0.2 if kind == "AdamW" else 0
    assert [weight.data.item() for weight in (slow, free, common)] == pytest.approx(
        [1 - 0.05 - 0.05 * decayed, 0.9, 0.9 - 0.1 * decayed]
    )


@either
def test_step_leaves_the_gradient_alone_writes_in_place_and_stays_float32(kind):
    weight = parameter(1, 2)
    array, gradient = weight.data, np.array([3, 4], np.float32)
    weight.grad = gradient
    optimizer = getattr(optim, kind)(
        [weight],
        np.float64(0.1),
        (np.float64(0.9), np.float64(0.99)),
        np.float64(1e-8),
        np.float64(0.1),
    )
    optimizer.step()
    assert gradient.tolist() == [3, 4] and weight.data is array and weight.grad is gradient
    arrays = [weight.data, *optimizer.exp_avgs, *optimizer.exp_avg_sqs]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_gradients_of_0_do_not_divide_by_0():
    weight = parameter(1)
    assert steps(optim.Adam([weight], 0.1), weight, [0, 0]) == [1, 1]


@either
def test_training_goes_on_from_a_saved_state(kind):
    def start(weight):
        optimizer = getattr(optim, kind)([weight], 0.1, weight_decay=0.1)
        return optimizer, optim.CosineLR(optimizer, 8, warmup=2)

    straight = scheduled_steps(*start(parameter(1)), [1, -2, 3, 0.5, 2, -1])

    weight = parameter(1)
    optimizer, schedule = start(weight)
    values = scheduled_steps(optimizer, schedule, [1, -2, 3])
    fresh_optimizer, fresh_schedule = start(weight)
    state = optimizer.state_dict()
    fresh_optimizer.load_state_dict(state)
    fresh_schedule.load_state_dict(schedule.state_dict())
    optimizer.exp_avgs[0][...] = 99  # the fresh optimiser has its own copies
    optimizer.steps[0] = 99
    assert state["steps"] == [3]
    assert values + scheduled_steps(fresh_optimizer, fresh_schedule, [0.5, 2, -1]) == straight


def test_state_of_other_parameters():
    optimizer, other = optim.Adam([parameter(1)]), optim.Adam([parameter(1, 2)], 0.5)
    with pytest.raises(
        ConfigError, match="Adam.load_state_dict: exp_avgs: expected 1 of the parameters"
    ):
        optimizer.load_state_dict(other.state_dict())
    assert optimizer.lr == 1e-3 and optimizer.steps == [0]


@either
def test_a_net_learns(kind):
    net, labels = models.resnet(8, width=4), np.arange(16) % 10
    images = Tensor(np.random.default_rng(0).standard_normal((16, 8, 8, 3), np.float32))
    optimizer, losses = getattr(optim, kind)(net.parameters(), 0.01), []
    for _ in range(30):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


@either
@pytest.mark.parametrize(
    "settings, words",
    [
        ({"betas": (0.9, 1)}, "betas: expected two numbers from 0 to below 1, got (0.9, 1)"),
        ({"betas": 0.9}, "betas"),
        ({"betas": (0.9,)}, "betas"),
        ({"betas": (True, 0.9)}, "betas"),
        ({"betas": (float("nan"), 0.9)}, "betas"),
        ({"eps": -1}, "eps: expected a number of at least 0"),
        ({"lr": -1}, "lr: expected a number of at least 0, got -1"),
        ({"weight_decay": -1}, "weight_decay"),
    ],
)
def test_bad_settings(kind, settings, words):
    with pytest.raises(ConfigError) as caught:
        getattr(optim, kind)([parameter(1)], **settings)
    assert str(caught.value).startswith(f"{kind}: {words}") and "\n" not in str(caught.value)


@either
def test_on_a_gpu_as_on_the_cpu(gpu, kind):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    found = {}
    for device in ("cpu", "gpu"):
        weights = [nn.Parameter(backend.move(start.copy(), device)) for _ in range(2)]
        optimizer = getattr(optim, kind)(weights, 0.1, weight_decay=0.1)
        for gradient in gradients:
            weights[0].grad = backend.move(gradient, device)
            optimizer.step()
        assert {backend.device_of(array) for array in optimizer.exp_avgs} == {device}
        found[device] = [backend.move(weight.data, "cpu") for weight in weights]
    for here, there in zip(found["cpu"], found["gpu"]):
        np.testing.assert_allclose(there, here, rtol=1e-12)
    assert np.array_equal(found["gpu"][1], start)
    weights[0].grad = gradients[0]
    with pytest.raises(DeviceError, match=f"{kind}: gradient of parameter 0: expected on the gpu"):
        optimizer.step()
