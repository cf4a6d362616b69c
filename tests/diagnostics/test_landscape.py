"""The loss along lines and on planes through the weights."""

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn, optim
from minires.autograd.tensor import Tensor
from minires.diagnostics import evaluate, loss_line, loss_plane, random_direction, trajectory
from minires.errors import ConfigError, ShapeError

from .nets import NETS, batch, in_float64, lived_in


@pytest.mark.parametrize("which", NETS)
def test_each_filter_of_a_direction_has_the_norm_of_the_nets(which):
    net = lived_in(NETS[which]())
    net.conv1.weight.data[..., 0] *= 100
    direction = random_direction(net)
    assert list(direction) == [name for name, _ in net.named_parameters()]
    for name, w in net.named_parameters():
        d = direction[name]
        assert d.shape == w.shape and d.dtype == w.dtype
        if w.ndim == 1:
            assert not d.any()  # batch norm and biases are not moved
            continue
        for i in range(w.shape[-1]):
            assert np.linalg.norm(d[..., i]) == pytest.approx(
                np.linalg.norm(w.data[..., i]), rel=1e-5
            )
        assert abs((d * w.data).sum()) < 0.9 * np.linalg.norm(d) * np.linalg.norm(w.data)


def test_directions_are_random_and_can_be_repeated():
    net = models.resnet(8, width=4)
    one, again, other = (random_direction(net, seed)["layer3.0.conv2.weight"] for seed in (0, 0, 1))
    assert np.array_equal(one, again) and abs((one * other).sum()) < 0.1 * np.linalg.norm(one) ** 2


def test_a_filter_of_zeros_stays():
    net = models.resnet(8, width=2)
    net.conv1.weight.data[..., 1] = 0
    assert not random_direction(net)["conv1.weight"][..., 1].any()


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_at_position_0_the_loss_is_the_loss(mode):
    net, (x, y) = lived_in(models.resnet(8, width=2)), batch()
    batches = [(x[:4], y[:4]), (x[4:], y[4:])]
    found = loss_line(net, batches, random_direction(net), np.linspace(-1, 1, 5), mode)
    assert (found.loss[2], found.error[2]) == evaluate(net, batches, mode) and len(
        set(found.loss)
    ) == 5
    assert found.positions == pytest.approx([-1, -0.5, 0, 0.5, 1])


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_elsewhere_the_loss_is_that_of_the_moved_net(mode):
    net, (x, y) = lived_in(in_float64(models.resnet(8, width=2))), batch(dtype=np.float64)
    first, second = random_direction(net), random_direction(net, 1)
    found = loss_plane(net, [(x, y)], first, second, (-1, 0.5), (0, 0.25, 2), mode)
    assert (
        found.loss.shape == found.error.shape == (3, 2)
        and found.x.tolist() == [-1, 0.5]
        and found.y.tolist() == [0, 0.25, 2]
    )
    for name, p in net.named_parameters():
        p.data = p.data + 0.5 * first[name] + 2 * second[name]
    assert (found.loss[2, 1], found.error[2, 1]) == pytest.approx(evaluate(net, [(x, y)], mode))


def quadratic():
    """L(w) = mean over images of (x w - t)^2 for a linear layer w (2, 2): a quadratic function of
    w."""
    net, rng = in_float64(nn.Linear(2, 2, bias=False)), np.random.default_rng(0)
    x, t = rng.standard_normal((7, 2)), Tensor(rng.standard_normal((7, 2)))
    return net, [(x, np.zeros(7, int))], lambda y, labels: ((y - t) ** 2).sum() / 7


def test_a_quadratics_plane_is_a_quadratic():
    net, batches, loss = quadratic()
    first, second, grid = random_direction(net), random_direction(net, 1), np.linspace(-2, 2, 6)
    found = loss_plane(net, batches, first, second, grid, grid[:5], loss=loss)
    x, y = np.meshgrid(found.x, found.y)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1).reshape(-1, 6)
    coefficients, residual, *_ = np.linalg.lstsq(terms, found.loss.ravel())
    assert residual < 1e-20
    # The slopes at the middle are the gradient's products with the directions; the curvature along
    # the first is |x d|^2 / 7.
    images = batches[0][0]
    loss(net(Tensor(images)), None).backward()
    gradient = net.weight.grad
    assert coefficients[1:3] == pytest.approx(
        [(gradient * d["weight"]).sum() for d in (first, second)]
    )
    assert coefficients[3] == pytest.approx(((images @ first["weight"]) ** 2).sum() / 7)


def test_the_line_is_a_cut_through_the_plane():
    net, batches = lived_in(models.plain(8, width=2)), [batch()]
    first, second = random_direction(net), random_direction(net, 1)
    plane, line = (
        loss_plane(net, batches, first, second, (-1, 0, 1), (0, 1)),
        loss_line(net, batches, first, (-1, 0, 1)),
    )
    assert np.array_equal(plane.loss[0], line.loss) and not np.array_equal(plane.loss[1], line.loss)
    across = loss_line(net, batches, second, (0, 1))
    assert np.array_equal(plane.loss[:, 1], across.loss)


def test_scaling_filters_before_batch_norm_does_not_change_the_picture():
    """This is the purpose of filter normalisation: L(cw) = L(w), so a direction that grows with w
    shows the same line."""
    (x, y), lines = batch(dtype=np.float64), []
    for c in (1, 10):
        net = in_float64(models.resnet(8, width=2))
        for module in net.modules():
            module.eps = 0.0
        net.conv1.weight.data *= c
        net.layer2[0].conv1.weight.data *= c
        lines.append(
            loss_line(net, [(x, y)], random_direction(net), np.linspace(-1, 1, 5), "train").loss
        )
    assert lines[1] == pytest.approx(lines[0])


def test_between_two_nets():
    """A direction need not be random. From one net's weights to another's, position 1 is the other
    net."""
    one, other, batches = models.resnet(8, width=2), models.resnet(8, width=2, seed=1), [batch()]
    direction = {name: other.state_dict()[name] - p.data for name, p in one.named_parameters()}
    found = loss_line(one, batches, direction, (0, 1), "train")
    assert found.loss == pytest.approx(
        [evaluate(net, batches, "train").loss for net in (one, other)], rel=1e-5
    )


# Trajectories


def saved(net):
    return {name: array.copy() for name, array in net.state_dict().items()}


def test_a_trajectory_in_a_known_plane():
    """The weights move along two orthogonal directions, much further along one of them. Both are
    found, and all variance is explained."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((8, 2)))[0].T  # two unit vectors
    way = np.array(
        [[4.0, 1], [4, -1], [-4, 1], [-4, -1], [0, 0]]
    )  # uncorrelated, mean 0, ends in the middle
    start = rng.standard_normal(8)
    states = [
        {"weight": (start + place @ basis).reshape(2, 4), "bn": np.full(3, 100.0 * i)}
        for i, place in enumerate(way)
    ]
    found = trajectory(states)
    assert found.explained == pytest.approx([16 / 17, 1 / 17])
    assert found.positions == pytest.approx(way) or found.positions == pytest.approx(way * [1, -1])
    for direction, vector, place in zip(found.directions, basis, way[0]):
        assert list(direction) == ["weight"] and direction["weight"].shape == (
            2,
            4,
        )  # not the unit vectors
        assert abs(direction["weight"].ravel() @ vector) == pytest.approx(1)
    for state, position in zip(states, found.positions):
        there = states[-1]["weight"] + sum(
            p * d["weight"] for p, d in zip(position, found.directions)
        )
        assert there == pytest.approx(state["weight"])


def test_explained_is_a_share_of_all_variance():
    """Compared with the singular values of the centred matrix, for weights that move in many
    directions."""
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((6, 10)).cumsum(axis=0)
    found = trajectory(
        [{"a": row[:4].reshape(2, 2), "b": row[4:].reshape(3, 2)} for row in weights]
    )
    singular = np.linalg.svd(weights - weights.mean(axis=0))[1] ** 2
    assert found.explained == pytest.approx(singular[:2] / singular.sum())
    flat = [np.concatenate([d["a"].ravel(), d["b"].ravel()]) for d in found.directions]
    assert np.array(flat) @ np.array(flat).T == pytest.approx(np.eye(2))
    assert found.positions == pytest.approx((weights - weights[-1]) @ np.array(flat).T)


def test_a_straight_trajectory_has_one_direction_only():
    found = trajectory([{"w": np.full((2, 2), float(i), np.float32)} for i in (3, 2, 1, 0)])
    assert found.explained == pytest.approx([1, 0]) and found.positions == pytest.approx(
        np.outer([6, 4, 2, 0], [1, 0])
    )
    assert (
        found.directions[0]["w"] == pytest.approx(np.full((2, 2), 0.5))
        and not found.directions[1]["w"].any()
    )
    assert found.directions[0]["w"].dtype == np.float32


def test_the_way_of_training_on_the_plane():
    """At the position of the last weights the loss is theirs, and the first component points back
    to the start of the training."""
    net, (x, y) = models.resnet(8, width=2), batch(10)
    optimizer, states = optim.SGD(net.parameters(), 0.05, 0.9), [saved(net)]
    for _ in range(8):
        optimizer.zero_grad()
        F.cross_entropy(net(Tensor(x)), y).backward()
        optimizer.step()
        states.append(saved(net))
    found = trajectory(states)
    assert (
        found.positions.shape == (9, 2)
        and found.positions[-1] == pytest.approx([0, 0])
        and found.positions[0, 0] > 0
    )
    assert 0.5 < found.explained.sum() <= 1 and found.explained[0] > found.explained[1] > 0
    plane = loss_plane(
        net,
        [(x, y)],
        *found.directions,
        [0, found.positions[0, 0]],
        [0, found.positions[0, 1]],
        "train",
    )
    assert plane.loss[0, 0] == evaluate(net, [(x, y)], "train").loss < plane.loss[1, 1]


def test_errors():
    net, batches = models.resnet(8, width=2), [batch()]
    with pytest.raises(
        ConfigError,
        match="unknown parameter in the direction: .*got 'conv1.weigth'; did you mean "
        "'conv1.weight'",
    ):
        loss_line(net, batches, {"conv1.weigth": net.conv1.weight.data}, [0])
    with pytest.raises(
        ShapeError,
        match=r"direction of conv1.weight: expected shape \(3, 3, 3, 2\), got shape \(2,\)",
    ):
        loss_line(net, batches, {"conv1.weight": net.bn1.weight.data}, [0])
    with pytest.raises(ConfigError, match="an iterator"):
        loss_line(net, iter(batches), random_direction(net), [0])
    with pytest.raises(ConfigError, match="states: expected at least 3, to span a plane, got 2"):
        trajectory([saved(net)] * 2)
    with pytest.raises(
        ConfigError,
        match="the weights never moved: expected states that differ, got 5 equal .*save copies",
    ):
        trajectory([net.state_dict()] * 5)
