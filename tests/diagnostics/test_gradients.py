"""Gradient norms by layer."""

import numpy as np
import pytest

from minires import Tensor, functional as F, models, nn
from minires.diagnostics import gradient_norms


def test_a_linear_net_solved_by_hand():
    """L = sum(x w1 w2) with x = 1: dL/dw1 is w2 summed over its outputs, dL/dw2 is w1 in each of its columns."""
    net = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Linear(2, 3, bias=False))
    net[0].weight.data[...] = [[3, 4]]
    net[1].weight.data[...] = 1
    net(Tensor(np.ones((1, 1), np.float32))).sum().backward()
    first, second = gradient_norms(net)
    assert (first.layer, first.depth, second.layer, second.depth) == ("0", 1, "1", 2)
    assert first.gradient_norm == pytest.approx(np.sqrt(3 ** 2 + 3 ** 2))
    assert second.gradient_norm == pytest.approx(np.sqrt(3 * (3 ** 2 + 4 ** 2)))
    assert first.weight_norm == pytest.approx(5) and first.ratio == pytest.approx(first.gradient_norm / 5)


@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
def test_counts_the_layers_of_the_main_path_in_order(shortcut):
    net = models.resnet(14, width=4, shortcut=shortcut)
    F.cross_entropy(net(Tensor(np.ones((2, 8, 8, 3), np.float32))), np.array([0, 1])).backward()
    records = gradient_norms(net)
    assert [r.depth for r in records] == list(range(1, 15))
    assert records[0].layer == "conv1" and records[1].layer == "layer1.0.conv1" and records[-1].layer == "fc"


def test_plain_net_with_batch_norm_explodes_at_initialisation_and_the_residual_twin_does_not():
    """Yang et al. 2019: gradients grow layer by layer towards the images under ReLU and batch norm."""
    images, labels = np.random.default_rng(0).normal(size=(32, 16, 16, 3)).astype(np.float32), np.arange(32) % 10
    growth = {}
    for name, build in (("plain", models.plain), ("residual", models.resnet)):
        net = build(56, width=4)
        F.cross_entropy(net(Tensor(images)), labels).backward()
        records = gradient_norms(net)
        growth[name] = records[1].gradient_norm / records[-2].gradient_norm
    assert growth["plain"] > 100 > 10 > growth["residual"]


def test_layers_left_out_of_a_batch_and_layers_of_zeros():
    """No gradient is one of norm 0, and relative to weights of 0 every change is infinite."""
    images = Tensor(np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype(np.float32))
    dropped = models.resnet(8, width=4, survival=1e-9)
    F.cross_entropy(dropped(images), np.arange(4)).backward()
    assert dropped.layer3[0].conv1.weight.grad is None
    records = {r.layer: r for r in gradient_norms(dropped)}
    assert len(records) == 8 and records["layer3.0.conv1"].gradient_norm == records["layer3.0.conv1"].ratio == 0 < records["fc"].ratio

    fixup = models.resnet(8, width=4, batch_norm=False, init="fixup")
    F.cross_entropy(fixup(images), np.arange(4)).backward()
    records = {r.layer: r for r in gradient_norms(fixup)}
    assert records["fc"].gradient_norm > 0 == records["fc"].weight_norm and records["fc"].ratio == float("inf")
