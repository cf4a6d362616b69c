"""The Hessian's largest eigenvalue, on losses whose Hessian is known."""

import numpy as np
import pytest

import minires.functional as F
from minires import models, nn
from minires.autograd import Tensor
from minires.diagnostics import hessian_product, sharpest_curvature, stability_limit
from minires.errors import ConfigError, ShapeError

from .nets import batch, in_float64

RNG = np.random.default_rng(0)
NOTHING = [(np.zeros((1, 1), np.float32), np.zeros(1, int))]  # the loss ignores these images


class Point(nn.Module):
    """A net that is nothing but a vector w."""

    def __init__(self, w):
        self.w = nn.Parameter(np.asarray(w, np.float32))

    def forward(self, x):
        return self.w


def quadratic(eigenvalues):
    """A matrix of these eigenvalues, and the loss w^T A w / 2 of a `Point`, whose Hessian it is."""
    size = len(eigenvalues)
    q = np.linalg.qr(RNG.standard_normal((size, size)))[0]
    a = q * np.array(eigenvalues) @ q.T
    return a, lambda w, labels: ((w.reshape(1, size) @ a) * w).sum() * 0.5


def test_a_quadratic_bowl_has_its_matrix_as_hessian():
    a, loss = quadratic([9.0, 2.0, 1.0, -4.0])
    point, v = Point([1.0, -2.0, 3.0, 0.5]), RNG.standard_normal(4)
    assert hessian_product(point, NOTHING, v, loss=loss) == pytest.approx(a @ v, rel=1e-6)
    found = sharpest_curvature(point, NOTHING, loss=loss, tolerance=1e-3, most=200)
    assert found.sharpness == pytest.approx(9, rel=1e-5) and found.residual <= 1e-3


def test_where_the_largest_in_magnitude_is_negative():
    """The largest eigenvalue is wanted, not the largest in magnitude: only in valleys can a step be
    too long."""
    _, loss = quadratic([3.0, 1.0, -7.0])
    found = sharpest_curvature(Point([1, 1, 1]), NOTHING, loss=loss, tolerance=1e-3, most=200)
    assert found.sharpness == pytest.approx(3, rel=1e-4)


def test_a_loss_without_curvature():
    found = sharpest_curvature(Point([1, 2]), NOTHING, loss=lambda w, labels: w.sum())
    assert found.sharpness == pytest.approx(0, abs=1e-6)


def test_of_a_linear_layer_with_softmax():
    """For a single layer with logits x W the Hessian is known: the mean of x x^T (x) (diag(p) - p
    p^T)."""
    x, labels = RNG.standard_normal((7, 3)), RNG.integers(0, 4, 7)
    layer = nn.Linear(3, 4, bias=False, rng=RNG)
    logits = x @ layer.weight.data.astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    hessian = np.mean(
        [np.kron(np.outer(a, a), np.diag(q) - np.outer(q, q)) for a, q in zip(x, p)], axis=0
    )
    parts = [(x[:3], labels[:3]), (x[3:], labels[3:])]  # the mean is over images, not over batches
    v = RNG.standard_normal(12)
    assert hessian_product(layer, parts, v) == pytest.approx(hessian @ v, abs=1e-5)
    found = sharpest_curvature(layer, parts, tolerance=1e-3, most=300)
    assert found.sharpness == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-5)


def test_of_a_small_net_against_second_differences_of_its_loss():
    """With batch norm and ReLU: the Hessian entry by entry, from the loss alone."""
    net = nn.Sequential(
        nn.Linear(2, 3, rng=RNG), nn.BatchNorm2d(3), nn.ReLU(), nn.Linear(3, 3, rng=RNG)
    )
    x, labels = RNG.standard_normal((9, 2)), RNG.integers(0, 3, 9)
    found = sharpest_curvature(net, [(x, labels)], tolerance=1e-4, step=1e-6)
    in_float64(net)
    places = [(one.data, i) for one in net.parameters() for i in np.ndindex(one.shape)]
    h = 1e-4

    def loss(*moves):
        for (data, i), by in moves:
            data[i] += by
        value = F.cross_entropy(net.train()(Tensor(x)), labels).item()
        for (data, i), by in moves:
            data[i] -= by
        return value

    hessian = [
        [
            sum(one * two * loss((a, one * h), (b, two * h)) for one in (1, -1) for two in (1, -1))
            / (4 * h * h)
            for a in places
        ]
        for b in places
    ]
    assert found.sharpness == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-3)


def test_kinks_count_at_lengths_that_meet_many():
    """The mean of |w - c| over many points c spread over [-1, 1] is a bowl with curvature 1 that
    consists of kinks: between them it is straight."""
    c = np.random.default_rng(1).uniform(-1, 1, (100_000, 1))
    loss = lambda w, labels: (F.relu(w - c) + F.relu(c - w)).mean()  # noqa: E731
    point, v = Point([0.1]), np.ones(1)
    assert hessian_product(point, NOTHING, v, loss=loss, step=0.05)[0] == pytest.approx(1, rel=0.05)
    assert hessian_product(point, NOTHING, v, loss=loss, step=1e-9)[0] == 0


def test_the_net_is_not_changed():
    net = models.plain(8, width=2)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    arrays = [one.data for one in net.parameters()]
    # its graph must stay usable, in float32
    loss = F.cross_entropy(net(Tensor(batch()[0])), batch()[1])
    before |= {name: array.copy() for name, array in net.state_dict().items()}
    sharpest_curvature(net, [batch()], most=2)
    loss.backward()
    net.zero_grad()
    assert all(one.data is array for one, array in zip(net.parameters(), arrays))
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())
    assert all(array.dtype == np.float32 for array in net.state_dict().values())
    assert all(one.grad is None for one in net.parameters()) and net.training


def test_with_dropout_both_gradients_use_the_same_mask():
    net = nn.Sequential(
        nn.Linear(6, 8, rng=RNG), nn.Dropout(0.5, rng=np.random.default_rng(1)), nn.Linear(8, 3)
    )
    x, labels = RNG.standard_normal((9, 6)), RNG.integers(0, 3, 9)
    v = RNG.standard_normal(sum(one.size for one in net.parameters()))
    long, short = (hessian_product(net, [(x, labels)], v, step=step) for step in (1e-3, 1e-4))
    assert long == pytest.approx(short, abs=1e-4)


def test_frozen_parameters_do_not_count():
    net = models.plain(8, width=2)
    for parameter in net.layer1.parameters():
        parameter.requires_grad = False
    free = sum(one.size for one in net.parameters() if one.requires_grad)
    assert hessian_product(net, [batch()], np.ones(free)).shape == (free,)


def test_a_net_with_nothing_to_train():
    net = models.plain(8, width=2).freeze()
    for measure in (
        lambda: sharpest_curvature(net, [batch()]),
        lambda: hessian_product(net, [batch()], np.ones(0)),
    ):
        with pytest.raises(ConfigError, match="no trainable parameters: .* got CifarResNet; model"):
            measure()


def test_the_limit():
    """By hand: w <- w - lr s w stays bounded for lr s up to 2, and with momentum up to 2 (1 +
    beta)."""
    assert stability_limit(0.1, 0.9) == pytest.approx(38)
    for momentum in (0.0, 0.9):
        for share, stable in ((0.98, True), (1.02, False)):
            s, w, velocity = share * stability_limit(0.1, momentum), 1.0, 0.0
            for _ in range(2000):
                velocity = momentum * velocity + s * w
                w -= 0.1 * velocity
            assert (abs(w) < 1) == stable


def test_invalid_arguments():
    net = models.plain(8, width=2)
    with pytest.raises(ShapeError, match="hessian_product"):
        hessian_product(net, [batch()], np.ones(3))
    with pytest.raises(ConfigError, match="at least one image"):
        sharpest_curvature(net, [])
    with pytest.raises(ConfigError, match="can be used up only once"):
        sharpest_curvature(net, iter([batch()]))
    with pytest.raises(ConfigError, match="most"):
        sharpest_curvature(net, [batch()], most=0)
    with pytest.raises(ConfigError, match="mode"):
        sharpest_curvature(net, [batch()], mode="test")
    for step in (0, -1e-3, "a", float("nan"), True):
        with pytest.raises(ConfigError, match="hessian_product: step: expected a number above 0"):
            hessian_product(net, [batch()], np.ones(net.num_parameters()), step=step)
        with pytest.raises(ConfigError, match="sharpest_curvature: step: expected a number"):
            sharpest_curvature(net, [batch()], step=step)
    for tolerance in (-1, "a", float("nan"), True):
        with pytest.raises(ConfigError, match="tolerance: expected a number of at least 0"):
            sharpest_curvature(net, [batch()], tolerance=tolerance)
    for seed in (-1, "a"):
        with pytest.raises(ConfigError, match="seed: expected a whole number"):
            sharpest_curvature(net, [batch()], seed=seed)
    with pytest.raises(ConfigError, match="lr"):
        stability_limit(0)
    with pytest.raises(ConfigError, match="momentum"):
        stability_limit(0.1, 1.0)
