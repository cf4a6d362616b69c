"""Nets that fold into plain ones: the same logits from a net without shortcuts."""

import numpy as np
import pytest

import minires as mr
from minires import Tensor, models, nn, no_grad
from minires.errors import ConfigError
from minires.models.fading import fading_shortcuts
from minires.models.shortcuts import NoShortcut

from ..diagnostics.nets import in_float64, lived_in

FOLDING = {
    "repvgg": lambda **more: models.repvgg(14, width=4, **more),
    "diracnet": lambda **more: models.diracnet(14, width=4, **more),
    "fading": lambda **more: models.fading_resnet(14, width=4, **more),
}


def trained(kind, **more):
    """A net in evaluation mode as if it had been trained; if its shortcuts can fade, they have."""
    net = lived_in(FOLDING[kind](**more)).eval()
    for shortcut in fading_shortcuts(net):
        shortcut.alpha.data[...] = 0
    return net


every_kind = pytest.mark.parametrize("kind", FOLDING)


def images(*shape, dtype=np.float32):
    return Tensor(np.random.default_rng(0).standard_normal(shape).astype(dtype))


def logits(net, x):
    with no_grad():
        return net(x).data


def difference(first, second, x):
    expected = logits(first, x)
    return np.linalg.norm(logits(second, x) - expected) / np.linalg.norm(expected)


@every_kind
def test_the_same_logits_from_a_plain_net(kind):
    net = trained(kind, num_classes=3, seed=5)
    plain, x = models.as_plain(net), images(4, 9, 8, 3)
    assert difference(net, plain, x) < 1e-5
    assert all(type(block.shortcut) is NoShortcut for block in plain.blocks())
    assert plain.config.shortcut is None and plain.config.layers == "usual"
    assert sum(type(module) is nn.Conv2d for module in plain.modules()) == 13
    assert not any(module.training for module in plain.modules())


@every_kind
def test_exact_except_for_rounding(kind):
    net = in_float64(trained(kind))
    assert difference(net, models.as_plain(net), images(3, 8, 8, 3, dtype=np.float64)) < 1e-12


@every_kind
def test_the_net_is_not_changed(kind):
    net = trained(kind)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    for array in models.as_plain(net).state_dict().values():
        array[...] = 7  # no array is shared
    after = net.state_dict()
    assert list(before) == list(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@every_kind
def test_saved_and_loaded(kind, tmp_path):
    net, x = trained(kind), images(2, 8, 8, 3)
    mr.save(net, tmp_path / "net.safetensors")
    mr.save(models.as_plain(net), tmp_path / "plain.safetensors")
    again = FOLDING[kind](seed=9)
    mr.load(again, tmp_path / "net.safetensors")
    assert np.array_equal(logits(again.eval(), x), logits(net, x))
    plain = models.plain(14, width=4, batch_norm=kind != "repvgg", seed=9)
    mr.load(plain, tmp_path / "plain.safetensors")
    assert difference(net, plain.eval(), x) < 1e-5


@pytest.mark.parametrize(
    "net, words",
    [
        (lambda: models.resnet(8, width=2).eval(), "the net: expected one from models"),
        (lambda: models.plain_mlp(4, width=2).eval(), "got Mlp"),
        (lambda: models.repvgg(8, width=2), r"evaluation mode, got training mode; call net\.eval"),
        *(
            (
                lambda build=build: nn.fuse(build(8, width=2).eval()),
                "one after nn.fuse; fold the net",
            )
            for build in (models.repvgg, models.diracnet, models.fading_resnet)
        ),
    ],
)
def test_nets_that_do_not_fold(net, words):
    with pytest.raises(ConfigError, match=words) as caught:
        models.as_plain(net())
    assert "\n" not in str(caught.value)
