"""How far a step moves each layer."""

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn, optim
from minires.autograd.tensor import Tensor
from minires.diagnostics import measured_updates, updates, weights_of
from minires.errors import ConfigError, GraphError

from .nets import KINDS, batch, in_float64


def backward(net, x, y):
    net.zero_grad()
    F.cross_entropy(net(Tensor(x)), y).backward()


def test_solved_by_hand():
    """w = (3, 4), dL/dw = x = (6, 8): |w| = 5, |dL/dw| = 10, a step of 0.5 moves by 5, and lr /
    |w|^2 = 0.5 / 25."""
    net = nn.Linear(2, 1, bias=False)
    net.weight.data[...] = [[3], [4]]
    net(Tensor(np.array([[6, 8]], np.float32))).sum().backward()
    (record,) = updates(net, lr=0.5)
    assert record[1:] == pytest.approx((1, 5, 10, 5, 1, 0.02))


def test_a_measured_step_solved_by_hand():
    """The same net with momentum 0.5 and weight decay 0.2.

    Step 1: v = (6, 8) + 0.2 (3, 4) = (6.6, 8.8) and |v| = 11, so lr 0.5 moves w by 5.5, to 5 - 5.5
    along (3, 4) / 5. Step 2: v = 5.5 + 10 - 0.1.
    """
    net = nn.Linear(2, 1, bias=False)
    net.weight.data[...] = [[3], [4]]
    optimizer = optim.SGD(net.parameters(), 0.5, 0.5, weight_decay=0.2)
    for expected in ((1, 5.5, 1.1), (1, 7.7, 15.4)):
        net.zero_grad()
        net(Tensor(np.array([[6, 8]], np.float32))).sum().backward()
        before = weights_of(net)
        optimizer.step()
        (record,) = measured_updates(net, before)
        assert record[1:] == pytest.approx(expected, rel=1e-5)


def test_weights_of_0_and_frozen_ones():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net[0].weight.requires_grad = False
    net[1].weight.data[...] = 0
    before = weights_of(net)
    net[1].weight.data[...] = 2
    (record,) = measured_updates(net, before)
    assert record.depth == 2 and record.update_norm == pytest.approx(12**0.5)
    assert record.update_ratio == np.inf


@pytest.mark.parametrize(
    "settings",
    [
        dict(),
        dict(momentum=0.9),
        dict(momentum=0.9, weight_decay=0.1),
        dict(momentum=0.9, weight_decay=0.1, nesterov=True),
    ],
    ids=str,
)
def test_it_predicts_the_optimisers_next_step(settings):
    net, (x, y) = in_float64(models.resnet(8, width=2, shortcut="B")), batch(dtype=np.float64)
    optimizer = optim.SGD(net.parameters(), 0.1, **settings)
    for _ in range(3):  # velocities build up
        backward(net, x, y)
        records = updates(net, optimizer=optimizer)
        before = {name: array.copy() for name, array in net.state_dict().items()}
        optimizer.step()
        after = net.state_dict()
        assert len(records) == 8
        for r in records:
            old, new = (state[r.layer + ".weight"] for state in (before, after))
            moved, weight = np.linalg.norm(new - old), np.linalg.norm(old)
            assert r.update_norm == pytest.approx(moved) and r.weight_norm == pytest.approx(weight)
            assert r.ratio == pytest.approx(moved / weight) and r.effective_lr == pytest.approx(
                0.1 / weight**2
            )


def test_each_group_has_its_own_settings_and_some_weights_are_in_no_group():
    net, (x, y) = in_float64(models.plain(8, width=2)), batch(dtype=np.float64)
    groups = [
        {"params": [net.conv1.weight], "weight_decay": 0.5},
        {"params": [net.fc.weight], "lr_scale": 0.25},
    ]
    optimizer = optim.SGD(groups, 1.0)
    backward(net, x, y)
    records = {r.layer: r for r in updates(net, optimizer=optimizer)}
    assert records["conv1"].update_norm == pytest.approx(
        np.linalg.norm(net.conv1.weight.grad + 0.5 * net.conv1.weight.data)
    )
    assert records["fc"].update_norm == pytest.approx(0.25 * np.linalg.norm(net.fc.weight.grad))
    assert records["fc"].effective_lr == pytest.approx(0.25 / np.sum(net.fc.weight.data**2))
    assert records["layer1.0.conv1"].update_norm == 0 < records["layer1.0.conv1"].gradient_norm


@pytest.mark.parametrize("which", KINDS)
def test_on_every_kind_of_block(which):
    net, (x, y) = in_float64(KINDS[which]()), batch(dtype=np.float64)
    optimizer = optim.SGD(net.parameters(), 0.1, 0.9)
    for _ in range(2):
        backward(net, x, y)
        records = updates(net, optimizer=optimizer)
        before = {name: array.copy() for name, array in net.state_dict().items()}
        optimizer.step()
    assert len(records) == (14 if "bottlenecks" in which else 8) and all(
        ".downsample." not in r.layer for r in records
    )
    for r in records:
        assert r.update_norm == pytest.approx(
            np.linalg.norm(net.state_dict()[r.layer + ".weight"] - before[r.layer + ".weight"]),
            abs=1e-12,
        )


def test_layers_left_out_by_stochastic_depth_do_not_move():
    net, (x, y) = models.resnet(8, width=2, survival_prob=1e-9), batch()
    backward(net, x, y)
    optimizer = optim.SGD(optim.parameter_groups(net, 0.1), 0.5, 0.9)
    for velocity in optimizer.velocities:
        velocity += 1  # from earlier steps; without a gradient they move nothing
    for records in (updates(net, lr=0.5), updates(net, optimizer=optimizer)):
        records = {r.layer: r for r in records}
        still, moving = records["layer3.0.conv2"], records["fc"]
        assert (
            net.layer3[0].conv2.weight.grad is None
            and still.gradient_norm == still.update_norm == still.ratio == 0 < moving.update_norm
        )
        assert still.effective_lr == pytest.approx(0.5 / still.weight_norm**2)


def test_a_given_lr_overrides_the_optimisers():
    net, (x, y) = models.plain(8, width=2), batch()
    backward(net, x, y)
    optimizer = optim.SGD(net.parameters(), 0.1)
    one, two = updates(net, optimizer=optimizer)[0], updates(net, lr=0.2, optimizer=optimizer)[0]
    assert two.update_norm == pytest.approx(
        2 * one.update_norm
    ) and two.effective_lr == pytest.approx(2 * one.effective_lr)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_before_batch_norm_the_gradient_is_inverse_to_the_weights(scale):
    """van Laarhoven 2017: L(cw) = L(w), so dL/dw at cw is 1/c of the gradient at w, lr c^2 is the
    same effective rate, and a step at that rate has the same ratio."""
    net, (x, y) = in_float64(models.resnet(14, width=2)), batch(dtype=np.float64)
    for module in net.modules():
        module.eps = 0.0  # otherwise batch norm's eps makes the loss not quite invariant
    backward(net, x, y)
    before = updates(net, lr=0.1)
    net.layer2[0].conv1.weight.data *= scale
    backward(net, x, y)
    after = updates(net, lr=0.1)
    scaled = [i for i, r in enumerate(before) if r.layer == "layer2.0.conv1"]
    for i, (old, new) in enumerate(zip(before, after)):
        c = scale if i in scaled else 1
        assert new.weight_norm == pytest.approx(
            c * old.weight_norm
        ) and new.gradient_norm == pytest.approx(old.gradient_norm / c)
        assert new.effective_lr == pytest.approx(
            old.effective_lr / c**2
        ) and new.ratio == pytest.approx(old.ratio / c**2)
    same = updates(net, lr=0.1 * scale**2)[scaled[0]]
    assert same.ratio == pytest.approx(before[scaled[0]].ratio)
    assert same.effective_lr == pytest.approx(before[scaled[0]].effective_lr)


def test_without_batch_norm_it_is_not():
    net, (x, y) = in_float64(models.resnet(8, width=2, batch_norm=False)), batch(dtype=np.float64)
    backward(net, x, y)
    before = updates(net, lr=0.1)[1].gradient_norm
    net.layer1[0].conv1.weight.data *= 3
    backward(net, x, y)
    assert updates(net, lr=0.1)[1].gradient_norm != pytest.approx(before / 3, rel=0.1)


def test_nothing_is_moved():
    net, (x, y) = models.resnet(8, width=2), batch()
    optimizer = optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=0.1, nesterov=True)
    backward(net, x, y)
    before = [(p.data.copy(), p.grad.copy()) for p in net.parameters()]
    updates(net, optimizer=optimizer)
    assert all(
        np.array_equal(p.data, w) and np.array_equal(p.grad, g)
        for p, (w, g) in zip(net.parameters(), before)
    )
    assert not any(v.any() for v in optimizer.velocities)


def test_a_weight_of_zeros_has_no_ratio():
    net = nn.Linear(2, 1)
    net.weight.data[...] = 0
    net(Tensor(np.ones((1, 2), np.float32))).sum().backward()
    (record,) = updates(net, lr=1)
    assert (
        record.gradient_norm == pytest.approx(2**0.5)
        and np.isnan([record.ratio, record.effective_lr]).all()
    )


def test_errors():
    net = models.plain(8, width=2)
    with pytest.raises(ConfigError, match="expected lr or optimizer, got neither"):
        updates(net)
    with pytest.raises(
        GraphError, match=r"conv1.weight has no gradient; call loss.backward\(\) first"
    ):
        updates(net, lr=0.1)


def test_another_kind_of_optimiser():
    net = nn.Linear(2, 1)
    with pytest.raises(ConfigError, match="expected an optim.SGD, got Adam; pass lr instead"):
        updates(net, optimizer=optim.Adam(net.parameters()))
