"""Group norm and layer norm instead of batch norm."""

import numpy as np
import pytest

from minires import models, nn
from minires.autograd import Tensor
from minires.diagnostics import growth, propagation
from minires.errors import ConfigError, ShapeError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("build", [models.plain, models.resnet])
@pytest.mark.parametrize("groups", [1, 2])
def test_every_batch_norm_is_replaced_and_nothing_else(build, groups):
    usual, net = build(8, width=4), build(8, width=4, norm_groups=groups)
    norms = [one for one in net.modules() if isinstance(one, nn.GroupNorm)]
    assert len(norms) == 7 and {one.num_groups for one in norms} == {groups}
    assert not any(isinstance(one, nn.BatchNorm2d) for one in net.modules())
    assert [name for name, _ in net.named_parameters()] == [
        name for name, _ in usual.named_parameters()
    ]
    for one, other in zip(net.parameters(), usual.parameters()):
        assert np.array_equal(one.data, other.data)


@pytest.mark.parametrize("settings", [{"shortcut": "B"}, {"shortcut": "C", "pre_activation": True}])
def test_in_projections_and_before_activations(settings):
    net = models.resnet(8, width=4, norm_groups=2, **settings)
    assert not any(isinstance(one, nn.BatchNorm2d) for one in net.modules())
    assert net(Tensor(RNG.standard_normal((2, 8, 8, 3)).astype(np.float32))).shape == (2, 10)


def test_an_images_logits_do_not_depend_on_its_batch_in_either_mode():
    net = models.plain(8, width=4, norm_groups=1)
    x = RNG.standard_normal((3, 8, 8, 3)).astype(np.float32)
    together, alone = net.train()(Tensor(x)).data, net.train()(Tensor(x[1:2])).data
    np.testing.assert_allclose(together[1:2], alone, atol=1e-6)
    np.testing.assert_allclose(net.eval()(Tensor(x)).data, together, atol=1e-6)
    usual = models.plain(8, width=4)
    assert not np.allclose(usual(Tensor(x)).data[1:2], usual(Tensor(x[1:2])).data, atol=1e-3)


def test_its_settings_build_it_again_and_the_name_does_too():
    net = models.build("plain-8", width=4, norm_groups=2)
    again = type(net)(**net.settings, seed=0)
    assert repr(again) == repr(net) and "GroupNorm(2, 4" in repr(net)


def test_impossible_settings():
    with pytest.raises(ShapeError, match="divisor of the 4 channels"):
        models.plain(8, width=4, norm_groups=3)
    with pytest.raises(ConfigError, match="norm_groups is for nets that normalise"):
        models.plain(8, width=4, norm_groups=2, batch_norm=False)
    with pytest.raises(ConfigError, match="norm_groups"):
        models.resnet(8, width=4, norm_groups=0)


def test_gradients_do_not_explode_with_layer_norm():
    """Wide layers with ReLU: layer norm divides by the length of a layer's output, which He's
    weights keep anyway. So |dL/dy| stays the same on the way back, where with batch norm each layer
    makes it 1.21 times as large."""
    widths = [256] * 14

    def build(seed):
        rng, layers = np.random.default_rng(seed), []
        for a, b in zip(widths, widths[1:]):
            layers += [nn.Linear(a, b, bias=False, rng=rng), nn.GroupNorm(1, b), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(widths[-1], 10, rng=rng))

    x, y = RNG.standard_normal((64, 256)).astype(np.float32), RNG.integers(0, 10, 64)
    found = propagation(build, x, y, seeds=4)
    assert growth(found.gradient_norms[:, 1:-1]).per_layer == pytest.approx(1, abs=0.02)
