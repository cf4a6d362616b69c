"""Shortcuts that fade out during training."""

from types import SimpleNamespace

import numpy as np
import pytest

from minires import data, models, no_grad
from minires.errors import ConfigError
from minires.models.fading import FadeShortcuts, fading_shortcuts
from minires.training import RunConfig, Trainer

from ..images import images
from .reference import check_gradients


def set_alpha(net, value):
    for shortcut in fading_shortcuts(net):
        shortcut.alpha.data[...] = value


def logits(net):
    with no_grad():
        return net(images(3, 8, 8, 3)).data


@pytest.mark.parametrize(
    "alpha, same", [(1, models.resnet), (0, models.plain)], ids=["as built", "faded"]
)
def test_it_starts_as_the_residual_net_and_ends_as_the_plain_one(alpha, same):
    net = models.fading_resnet(14, width=4, seed=2)
    assert len(fading_shortcuts(net)) == 6
    set_alpha(net, alpha)
    assert np.array_equal(logits(net), logits(same(14, width=4, seed=2)))
    assert net.num_parameters() == same(14, width=4).num_parameters()


def test_in_between():
    """Half of the way is what a `shortcut_scale` of one half computes."""
    net = models.fading_resnet(14, width=4, seed=2)
    set_alpha(net, 0.5)
    scaled = models.resnet(14, width=4, seed=2, shortcut_scale=0.5)
    assert np.array_equal(logits(net), logits(scaled))


def test_gradients():
    block = models.fading_resnet(8, width=2).layer2[0]
    set_alpha(block, 0.3)
    check_gradients(block, images(2, 4, 4, 2).data)


@pytest.mark.parametrize("share, expected", [(1, [0.9, 0.5, 0]), (0.5, [0.8, 0, 0])])
def test_the_schedule(share, expected):
    net, found = models.fading_resnet(8, width=2), []
    fade = FadeShortcuts(net, share)
    for iteration in (1, 5, 10):
        fade.after_step(SimpleNamespace(iteration=iteration, config=SimpleNamespace(iterations=10)))
        (value,) = {float(shortcut.alpha.data[0]) for shortcut in fading_shortcuts(net)}
        found.append(value)
    assert found == pytest.approx(expected)


def trainer(path=None, iterations=6):
    net = models.fading_resnet(8, width=2)
    sets = data.synthetic(40, 10, size=8)
    config = RunConfig(iterations=iterations, batch_size=20, milestones=(), crop_padding=0)
    return Trainer(
        net, *sets, config, path=path, progress=False, callbacks=[FadeShortcuts(net, 0.5)]
    )


def test_a_trained_net_is_plain_also_when_it_is_loaded(tmp_path):
    first = trainer(tmp_path / "run")
    first.run()
    again = trainer(tmp_path / "run")
    again.load(tmp_path / "run")
    expected = logits(first.model.eval())
    assert np.array_equal(logits(again.model.eval()), expected)
    assert np.array_equal(logits(models.as_plain(again.model)), expected)


def test_it_does_not_fold_while_it_has_shortcuts():
    net = models.fading_resnet(8, width=2).eval()
    set_alpha(net, 0.25)
    with pytest.raises(ConfigError, match="expected alpha = 0, got alpha = 0.25"):
        models.as_plain(net)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((models.resnet(8, width=2),), "a net from models.fading_resnet"),
        ((models.fading_resnet(8, width=2), 0), "above 0, at most 1"),
        ((models.fading_resnet(8, width=2), 1.5), "above 0, at most 1"),
    ],
)
def test_what_cannot_fade(arguments, words):
    with pytest.raises(ConfigError, match=words):
        FadeShortcuts(*arguments)
