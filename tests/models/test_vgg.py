"""VGG-16 and 19: their sizes, and a small one beside PyTorch."""

import numpy as np
import pytest

from minires import Tensor, load, models
from minires.errors import ConfigError, ShapeError, WeightsWarning
from minires.models import vgg
from minires.nn import BatchNorm2d

from ..slow import slow_but


def small(batch_norm=False, **more):
    settings = {"image_size": 12, "num_classes": 5, "dropout": 0.5, "seed": 0, **more}
    return vgg.VGG([(1, 4), (2, 6)], 8, batch_norm=batch_norm, **settings)


def published(depth, batch_norm, image_size=224):
    """Parameters and multiply-adds, from table 1 of the paper alone."""
    parameters = multiply_adds = 0
    inputs, size = 3, image_size
    for convolutions, outputs in zip(vgg.CONVOLUTIONS[depth], (64, 128, 256, 512, 512)):
        for _ in range(convolutions):
            parameters += 9 * inputs * outputs + outputs + 2 * outputs * batch_norm
            multiply_adds += 9 * inputs * outputs * size**2
            inputs = outputs
        size //= 2
    for fan_in, outputs in ((512 * size**2, 4096), (4096, 4096), (4096, 1000)):
        parameters += fan_in * outputs + outputs
        multiply_adds += fan_in * outputs
    return parameters, multiply_adds


def test_the_published_sizes():
    """138 and 144 million parameters in the paper, 138.36 and 143.67 in torchvision; 15.5 and 19.6
    billion multiply-adds. He et al. count the 19.6; their 15.3 for VGG-16 is that of the
    convolutions alone."""
    assert published(16, False) == (138_357_544, 15_470_264_320)
    assert published(19, False) == (143_667_240, 19_632_062_464)
    assert published(16, True)[0] == 138_365_992 and published(19, True)[0] == 143_678_248
    linear = 512 * 49 * 4096 + 4096**2 + 4096 * 1000
    assert round((15_470_264_320 - linear) / 1e9, 1) == 15.3


@pytest.mark.parametrize("name", slow_but([], ["vgg16", "vgg19", "vgg16_bn", "vgg19_bn"]))
def test_the_nets_have_these_sizes_for_small_images(name):
    """At 32 pixels, so that the linear layers are small; the table of variants has the sizes at
    224."""
    depth, batch_norm = int(name[3:5]), name.endswith("bn")
    model = models.build(name, image_size=32)
    expected = published(depth, batch_norm, 32)
    found = model.num_parameters(), model.summary((1, 32, 32, 3)).multiply_adds
    assert found == expected
    assert any(isinstance(module, BatchNorm2d) for module in model.modules()) == batch_norm


@pytest.mark.parametrize("batch_norm", [False, True])
def test_logits_with_the_weights_of_the_same_net_in_pytorch(torch, tmp_path, batch_norm):
    """It tests the names, the order in which a map is flattened, and that evaluation has no
    dropout."""
    from torch import nn

    torch.manual_seed(0)
    layers = []
    for inputs, outputs, last in ((3, 4, True), (4, 6, False), (6, 6, True)):
        layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
        layers += [nn.BatchNorm2d(outputs)] if batch_norm else []
        layers.append(nn.ReLU())
        layers += [nn.MaxPool2d(2, 2)] if last else []
    classifier = [nn.Linear(6 * 9, 8), nn.ReLU(), nn.Dropout()]
    classifier += [nn.Linear(8, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 5)]
    theirs = nn.ModuleDict(
        {"features": nn.Sequential(*layers), "classifier": nn.Sequential(*classifier)}
    ).eval()
    torch.save(theirs.state_dict(), tmp_path / "vgg.pth")
    mine = small(batch_norm).eval()
    with pytest.warns(WeightsWarning, match="no known family"):
        load(mine, tmp_path / "vgg.pth")
    x = np.random.default_rng(0).standard_normal((2, 12, 12, 3)).astype(np.float32)
    with torch.no_grad():
        maps = theirs["features"](torch.tensor(x.transpose(0, 3, 1, 2).copy()))
        expected = theirs["classifier"](maps.flatten(1)).numpy()
    assert mine(Tensor(x)).data == pytest.approx(expected, abs=1e-5)


def test_dropout_leaves_out_half_of_the_hidden_units_in_training():
    net, x = small(), Tensor(np.ones((4, 12, 12, 3), np.float32))
    assert not np.array_equal(net(x).data[0], net(x).data[1])
    net.eval()
    assert np.array_equal(net(x).data[0], net(x).data[1])


@pytest.mark.parametrize(
    "settings, words",
    [({"image_size": 3}, "at least 4"), ({"num_classes": 0}, "num_classes"), ({"dropout": 2}, "p")],
)
def test_sizes_that_are_not_possible(settings, words):
    with pytest.raises(ConfigError, match=words):
        small(**settings)


def test_images_of_another_size():
    with pytest.raises(ShapeError, match="build the net with image_size=8"):
        small()(Tensor(np.ones((1, 8, 8, 3), np.float32)))
