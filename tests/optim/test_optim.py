"""The optimiser, its schedule, and gradient clipping."""

import numpy as np
import pytest

from minires import backend, models, nn, optim
from minires.errors import ConfigError, DtypeError, ShapeError
from minires.autograd.tensor import Tensor


def parameter(*values):
    return nn.Parameter(np.array(values, np.float32))


def steps(optimizer, weight, gradients):
    """The values of `weight` after each step with the given gradients."""
    values = []
    for gradient in gradients:
        weight.grad = np.full(weight.shape, gradient, np.float32)
        optimizer.step()
        values.append(weight.data.item())
    return values


# SGD


@pytest.mark.parametrize("settings, expected", [
    ({}, [1 - 0.1 * 2, 0.8 - 0.1 * 4]),
    ({"momentum": 0.5}, [1 - 0.1 * 2, 0.8 - 0.1 * (0.5 * 2 + 4)]),
    ({"momentum": 0.5, "nesterov": True}, [1 - 0.1 * (2 + 0.5 * 2), 0.7 - 0.1 * (4 + 0.5 * 5)]),
    ({"weight_decay": 0.5}, [1 - 0.1 * (2 + 0.5), 0.75 - 0.1 * (4 + 0.375)]),
    ({"momentum": 0.5, "weight_decay": 1}, [1 - 0.1 * 3, 0.7 - 0.1 * (0.5 * 3 + 4 + 0.7)]),
])
def test_two_steps_by_hand(settings, expected):
    weight = parameter(1)
    assert steps(optim.SGD([weight], 0.1, **settings), weight, [2, 4]) == pytest.approx(expected)


@pytest.mark.parametrize("settings", [
    {}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}, {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.9, "weight_decay": 0.1, "nesterov": True},
])
def test_ten_steps_as_in_pytorch(torch, settings):
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 4)).astype(np.float32)
    mine, theirs = nn.Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    my_optimizer, their_optimizer = optim.SGD([mine], 0.1, **settings), torch.optim.SGD([theirs], 0.1, **settings)
    for step in range(10):
        gradient = rng.standard_normal((3, 4)).astype(np.float32)
        mine.grad, theirs.grad = gradient, torch.tensor(gradient)
        if step == 5:
            my_optimizer.lr = their_optimizer.param_groups[0]["lr"] = 0.01
        my_optimizer.step()
        their_optimizer.step()
        np.testing.assert_allclose(mine.data, theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("gradient, error, words", [
    (np.ones(2), DtypeError, "gradient of parameter 0: expected float32, got float64"),
    (np.ones(1, np.float32), ShapeError, "gradient of parameter 0: expected shape (2,), got shape (1,)"),
])
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
    optimizer = optim.SGD([{"params": [decayed], "weight_decay": 1.0}, {"params": iter([free]), "weight_decay": 0.0}, {"params": [common]}],
                          0.1, weight_decay=0.5)
    for weight in (decayed, free, common):
        weight.grad = np.zeros(1, np.float32)
    optimizer.step()
    assert [weight.data.item() for weight in (decayed, free, common)] == pytest.approx([0.9, 1, 0.95])


def test_groups_with_a_rate_of_their_own():
    slow, still, common = parameter(1), parameter(1), parameter(1)
    optimizer = optim.SGD([{"params": [slow], "lr_scale": 0.5}, {"params": [still], "lr_scale": 0}, common], 0.1)
    for weight in (slow, still, common):
        weight.grad = np.ones(1, np.float32)
    optimizer.step()
    assert [weight.data.item() for weight in (slow, still, common)] == pytest.approx([0.95, 1, 0.9])
    optimizer.lr = 0.2                                     # what a schedule does reaches every group
    optimizer.step()
    assert [weight.data.item() for weight in (slow, still, common)] == pytest.approx([0.85, 1, 0.7])


def test_single_numbers_at_a_rate_of_their_own():
    net = models.resnet(8, width=4, batch_norm=False, init="fixup")
    optimizer = optim.SGD(optim.parameter_groups(net, 0.1, scalar_lr_scale=0.1), 0.1)
    names = {id(weight): name for name, weight in net.named_parameters()}
    assert [names[id(weight)] for weight in optimizer.params] == list(names.values())
    scalars = {names[id(weight)] for weight, scale in zip(optimizer.params, optimizer.lr_scales) if scale == 0.1}
    assert scalars == {name for name, weight in net.named_parameters() if weight.size == 1}
    assert "layer1.0.scale" in scalars and "layer1.0.bias1a" in scalars and "fc.bias" not in scalars
    assert {scale for weight, scale in zip(optimizer.params, optimizer.lr_scales) if weight.size > 1} == {1.0}


def test_no_decay_on_batch_norm():
    net = models.resnet(8, width=4)
    optimizer = optim.SGD(optim.parameter_groups(net, 0.1, decay_batch_norm=False), 0.1)
    decays = {id(weight): decay for weight, decay in zip(optimizer.params, optimizer.decays)}
    assert len(decays) == len(list(net.parameters()))
    for name, weight in net.named_parameters():
        matrix = "conv" in name or name == "fc.weight"
        assert decays[id(weight)] == (0.1 if matrix else 0), name


@pytest.mark.parametrize("call, words", [
    (lambda: optim.SGD([parameter(1)], -0.1), "lr: expected a number of at least 0, got -0.1"),
    (lambda: optim.SGD([parameter(1)], float("nan")), "lr: expected a number of at least 0, got nan"),
    (lambda: optim.SGD([parameter(1)], 0.1, momentum=-1), "momentum"),
    (lambda: optim.SGD([parameter(1)], 0.1, weight_decay=-1), "weight_decay"),
    (lambda: optim.SGD([parameter(1)], 0.1, nesterov=True), "nesterov: expected a momentum above 0"),
    (lambda: optim.SGD([], 0.1), "at least one parameter, got none"),
    (lambda: optim.SGD([{"params": [parameter(1)], "weight_decai": 0.1}], 0.1), "did you mean 'weight_decay'?"),
    (lambda: optim.SGD([{"params": [parameter(1)], "lr": 0.1}], 0.1), "unknown group setting"),
    (lambda: optim.SGD([{"weight_decay": 0.1}], 0.1), "params"),
    (lambda: optim.SGD([{"params": [parameter(1)], "lr_scale": -1}], 0.1), "lr_scale of a group: expected a number of at least 0, got -1"),
    (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [2, 1]), "milestones: expected rising iterations, got [2, 1]"),
    (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [1, 1]), "milestones"),
    (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [-1]), "milestones"),
    (lambda: optim.MultiStepLR(optim.SGD([parameter(1)], 1), [], warmup=-1), "warmup"),
    (lambda: optim.clip_grad_norm([parameter(1)], 0), "max_norm: expected a number above 0, got 0"),
    (lambda: optim.clip_grad_norm([parameter(1)], float("nan")), "max_norm"),
])
def test_bad_settings(call, words):
    with pytest.raises(ConfigError) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)


# Schedule


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


# State


def test_training_goes_on_from_a_saved_state():
    def start(weight):
        optimizer = optim.SGD([weight], 0.1, momentum=0.9)
        return optimizer, optim.MultiStepLR(optimizer, [2, 4], warmup=2)

    def train(optimizer, schedule, gradients):
        values = []
        for gradient in gradients:
            values += steps(optimizer, optimizer.params[0], [gradient])
            schedule.step()
        return values

    straight = train(*start(parameter(1)), [1, -2, 3, 0.5, 2, -1])

    weight = parameter(1)
    optimizer, schedule = start(weight)
    values = train(optimizer, schedule, [1, -2, 3])
    fresh_optimizer, fresh_schedule = start(weight)
    fresh_optimizer.load_state_dict(optimizer.state_dict())
    fresh_schedule.load_state_dict(schedule.state_dict())
    optimizer.velocities[0][...] = 99                              # the fresh one has copies of its own
    assert fresh_optimizer.lr == optimizer.lr == pytest.approx(0.01)
    assert values + train(fresh_optimizer, fresh_schedule, [0.5, 2, -1]) == straight


def test_state_of_other_parameters():
    optimizer, other = optim.SGD([parameter(1)], 0.1), optim.SGD([parameter(1, 2)], 0.5)
    with pytest.raises(ConfigError, match="velocities"):
        optimizer.load_state_dict(other.state_dict())
    assert optimizer.lr == 0.1


# Clipping


def test_clipping_by_hand():
    a, b, without = parameter(0, 0), parameter(0), parameter(0)
    a.grad, b.grad = np.array([3, 0], np.float32), np.array([4], np.float32)
    assert optim.clip_grad_norm([a, b, without], 1.0) == pytest.approx(5)
    assert a.grad == pytest.approx([0.6, 0]) and b.grad == pytest.approx([0.8]) and without.grad is None


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
    """Squares of 1e30 do not fit into float32; an exploding net's gradients must not be scaled to 0."""
    weight = parameter(0, 0)
    weight.grad = np.array([3e30, 4e30], np.float32)
    assert optim.clip_grad_norm([weight], 1.0) == pytest.approx(5e30, rel=1e-6)
    assert weight.grad == pytest.approx([0.6, 0.8])


def test_clipping_as_in_pytorch(torch):
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape).astype(np.float32) for shape in ((3, 4), (5,), (2, 2, 2))]
    mine = [nn.Parameter(np.zeros_like(gradient)) for gradient in gradients]
    theirs = [torch.nn.Parameter(torch.zeros(gradient.shape)) for gradient in gradients]
    for weight, other, gradient in zip(mine, theirs, gradients):
        weight.grad, other.grad = gradient, torch.tensor(gradient)
    assert optim.clip_grad_norm(mine, 0.5) == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, 0.5)), rel=1e-5)
    for weight, other in zip(mine, theirs):
        np.testing.assert_allclose(weight.grad, other.grad.numpy(), rtol=1e-5)


# Norms kept


def lengths(model):
    return {name: float(np.linalg.norm(weight.data)) for name, weight in model.named_parameters() if weight.ndim > 1}


def disturbed(model):
    """All parameters moved, as by a large step. Returns the lengths of matrices and filters before and after."""
    rng, before = np.random.default_rng(0), lengths(model)
    for weight in model.parameters():
        weight.data += rng.uniform(0.5, 1, weight.shape).astype(np.float32)
    return before, lengths(model)


@pytest.mark.parametrize("build, free", [
    (lambda: models.plain(8, width=4), {"fc.weight"}),
    (lambda: models.resnet(8, width=4, shortcut="C"), {"fc.weight"}),
    (lambda: models.resnet(8, width=4, pre_activation=True, shortcut="B"),      # what is added to x no batch norm takes alone
     {"fc.weight", "layer2.0.downsample.0.weight", "layer3.0.downsample.0.weight", *(f"layer{i}.0.conv2.weight" for i in (1, 2, 3))}),
    (lambda: models.plain_mlp(4, width=8, image_size=4), {"fc.weight"}),
])
def test_norms_are_kept_of_layers_before_a_batch_norm_alone(build, free):
    model = build()
    keep = optim.KeepNorms(model)
    others = {name: array for name, array in model.state_dict().items() if array.ndim == 1}
    before, moved = disturbed(model)
    directions = {name: weight.data / moved[name] for name, weight in model.named_parameters() if name in moved}
    untouched = {name: array.copy() for name, array in others.items()}
    keep.after_step("a trainer")
    for name, length in lengths(model).items():
        assert length == pytest.approx((moved if name in free else before)[name], rel=1e-6), name
    for name, weight in model.named_parameters():
        assert weight.dtype == np.float32
        if weight.ndim > 1:
            np.testing.assert_allclose(weight.data / lengths(model)[name], directions[name], rtol=1e-5)
    assert all(np.array_equal(array, untouched[name]) for name, array in others.items())


@pytest.mark.parametrize("build", [lambda: models.plain(8, width=4), lambda: models.resnet(8, width=4, pre_activation=True, shortcut="B"),
                                   lambda: models.residual_mlp(4, width=8, image_size=8)])
def test_batch_norm_makes_the_net_blind_to_the_norms_that_are_kept(build):
    """The same output, for what is scaled is normalised again; and the array stays the optimiser's own."""
    model, x = build(), Tensor(np.random.default_rng(1).standard_normal((8, 8, 8, 3), dtype=np.float32))
    keep, array = optim.KeepNorms(model), next(model.parameters()).data
    disturbed(model)
    expected = model(x).data
    keep.after_step()
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-3, atol=1e-3 * abs(expected).max())
    assert next(model.parameters()).data is array


def test_weights_of_length_0_have_no_length_to_be_kept_at():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3), nn.Linear(3, 3), nn.BatchNorm2d(3))
    model[0].weight.data[...] = 0
    keep = optim.KeepNorms(model)
    model[0].weight.data[...] = 5
    model[2].weight.data[...] = 0
    keep.after_step()
    assert (model[0].weight.data == 5).all() and (model[2].weight.data == 0).all()


def test_no_norms_to_keep():
    with pytest.raises(ConfigError) as caught:
        optim.KeepNorms(models.resnet(8, width=4, batch_norm=False))
    assert "KeepNorms: nothing to keep: expected a Conv2d or Linear, and a BatchNorm2d assigned right after it, got none" in str(caught.value)


def test_norms_kept_on_a_gpu(gpu):
    model = models.plain(8, width=4).to("gpu")
    keep, optimizer = optim.KeepNorms(model), optim.SGD(model.parameters(), 0.1)
    before = backend.move(model.conv1.weight.data, "cpu").copy()
    for weight in model.parameters():
        weight.grad = weight.data * 3 + 1
    optimizer.step()
    keep.after_step()
    after = backend.move(model.conv1.weight.data, "cpu")
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=1e-5) and not np.allclose(after, before)
    assert model.conv1.weight.data is optimizer._rule.weights[0]


def cosine(iterations, warmup=0, lr=0.4):
    optimizer = optim.SGD([nn.Parameter(np.zeros(1, np.float32))], lr)
    return optimizer, optim.CosineLR(optimizer, iterations, warmup=warmup)


def test_cosine_falls_from_lr_to_zero_by_way_of_a_half():
    optimizer, schedule = cosine(8)
    rates = [optimizer.lr]
    for _ in range(10):
        schedule.step()
        rates.append(optimizer.lr)
    assert rates[0] == 0.4 and rates[4] == pytest.approx(0.2) and rates[8:] == [0, 0, 0]
    assert rates[2] == pytest.approx(0.2 * (1 + np.sqrt(0.5))) and all(a > b for a, b in zip(rates[:8], rates[1:]))


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
    assert schedule.lr_at(4) == 0.4 and schedule.lr_at(8) == pytest.approx(0.2) and schedule.lr_at(12) == 0


@pytest.mark.parametrize("iterations, warmup, words", [(0, 0, "at least 1"), (5, 6, "at most the 5 iterations"), (5, -1, "warmup")])
def test_cosines_that_cannot_be(iterations, warmup, words):
    with pytest.raises(ConfigError, match=words):
        cosine(iterations, warmup)
