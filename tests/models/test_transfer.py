"""Features, frozen parts, and new heads."""

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn, optim
from minires.autograd import Tensor, no_grad
from minires.errors import ConfigError
from minires.models.transfer import head_of
from minires.serialization.heads import num_classes

IMAGES = np.random.default_rng(0).standard_normal((4, 16, 16, 3), dtype=np.float32)
NETS = {
    "resnet": lambda: models.resnet(8, width=4),
    "pre-activation": lambda: models.resnet(8, width=4, pre_activation=True),
    "bottleneck": lambda: models.resnet50(num_classes=10),
    "mlp": lambda: models.residual_mlp(4, width=8, image_size=16),
    "bare": lambda: models.bare(8, width=4),
    "dense": lambda: models.densenet(10, growth=2),
    "vgg": lambda: small_vgg(),
}


def small_vgg():
    settings = {"image_size": 16, "num_classes": 10, "dropout": 0.5, "seed": 0}
    return models.VGG([(1, 4), (1, 6)], 8, batch_norm=False, **settings)


@pytest.mark.parametrize("name", NETS)
def test_the_head_makes_the_logits_of_the_features(name):
    net = NETS[name]().eval()
    with no_grad():
        found = models.extract_features(net, IMAGES)
        _, head = head_of(net)
        assert np.array_equal(head(found).data, net(Tensor(IMAGES)).data)
    assert found.shape == (4, head.weight.shape[0]) and head.weight.shape[1] == 10


@pytest.mark.parametrize("name", NETS)
def test_every_kind_of_net_gets_a_new_head(name):
    """VGG's is the last part of its classifier. It used to have no head that could be replaced."""
    net = NETS[name]()
    before = list(net.state_dict())
    assert models.replace_head(net, 3)(Tensor(IMAGES)).shape == (4, 3)
    assert list(net.state_dict()) == before and num_classes(net.state_dict()) == 3


def test_a_net_without_a_head():
    net, words = nn.Sequential(nn.Linear(2, 2)), "Linear named 'fc' or 'classifier.6', got none"
    with pytest.raises(ConfigError, match=f"^extract_features: Sequential: .*{words}"):
        models.extract_features(net, IMAGES)
    with pytest.raises(ConfigError, match=f"^replace_head: Sequential: .*{words}"):
        models.replace_head(net, 3)
    net.fc = nn.ReLU()
    with pytest.raises(ConfigError, match=f"^replace_head: Sequential: .*{words}"):
        models.replace_head(net, 3)


def test_features_of_a_layer_are_its_output():
    net, seen = models.resnet(8, width=4).eval(), {}
    for name, module in net.named_modules():
        if name in ("layer2", "layer2.0.conv1", "bn1"):
            module.register_forward_hook(
                lambda module, inputs, y, name=name: seen.update({name: y.data})
            )
    net(Tensor(IMAGES))
    for name, expected in dict(seen).items():
        assert np.array_equal(models.extract_features(net, IMAGES, name).data, expected), name


def test_no_later_layer_is_computed_and_no_hook_stays():
    net, called = models.resnet(8, width=4), []
    net.layer3.register_forward_hook(lambda *_: called.append(1))
    models.extract_features(net, IMAGES, "layer2")
    assert not called and not net.layer2.has_hooks()
    net(Tensor(IMAGES))
    assert called


def test_gradients_pass_through_features():
    net = models.resnet(8, width=4)
    models.extract_features(net, IMAGES).sum().backward()
    assert net.conv1.weight.grad is not None and net.fc.weight.grad is None


@pytest.mark.parametrize("layer, words", [("layer5", "did you mean 'layer"), ("", "unknown layer")])
def test_layers_that_do_not_exist(layer, words):
    with pytest.raises(ConfigError, match=words):
        models.extract_features(models.resnet(8, width=4), IMAGES, layer)


def test_a_layer_that_is_not_called():
    net = models.resnet(8, width=4)
    net.spare = nn.ReLU()
    with pytest.raises(ConfigError, match="did not call 'spare'"):
        models.extract_features(net, IMAGES, "spare")


def test_a_new_head():
    net = models.resnet(8, width=4)
    before = net.conv1.weight.data.copy()
    assert models.replace_head(net, 3) is net and net(Tensor(IMAGES)).shape == (4, 3)
    assert list(net.state_dict())[-2:] == ["fc.weight", "fc.bias"] and np.array_equal(
        net.conv1.weight.data, before
    )
    again = models.replace_head(models.resnet(8, width=4, seed=5), 3)
    assert np.array_equal(again.fc.weight.data, net.fc.weight.data) and not np.array_equal(
        models.replace_head(again, 3, seed=1).fc.weight.data, net.fc.weight.data
    )
    for wrong in (0, -1, 2.5, "3", True):
        with pytest.raises(
            ConfigError,
            match="^replace_head: num_classes: expected a whole number of at least 1, got "
            f"{wrong!r}$",
        ):
            models.replace_head(net, wrong)
    assert (
        net.fc.weight.shape[1] == 3
        and models.replace_head(net, np.int64(2)).fc.weight.shape[1] == 2
    )


def step(net, lr=0.1):
    optimizer = optim.SGD(optim.parameter_groups(net, 1e-4), lr, momentum=0.9)
    F.cross_entropy(net.train()(Tensor(IMAGES)), np.arange(4)).backward()
    optimizer.step()


@pytest.mark.parametrize(
    "layer, trained",
    [
        ("fc", ("fc",)),
        ("layer3", ("layer3", "fc")),
        ("conv1", ("conv1", "bn1", "layer1", "layer2", "layer3", "fc")),
    ],
)
def test_frozen_parts_stay_to_the_bit_and_the_rest_moves(layer, trained):
    """Running statistics too: frozen batch norm computes as in evaluation, although the net is in
    training mode."""
    net = models.freeze_before(models.resnet(8, width=4), layer)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    step(net)
    for name, array in net.state_dict().items():
        assert np.array_equal(array, before[name]) == (name.split(".")[0] not in trained), name


def test_frozen_and_unfrozen_again():
    net = models.freeze_before(models.resnet(8, width=4), "fc").train()
    assert not net.layer1.training and net.fc.training and not net.bn1.weight.requires_grad
    models.freeze_before(net, "conv1")
    assert (
        net.layer1.training and net.bn1.weight.requires_grad and net.train().layer2[0].bn1.training
    )
    net.eval().freeze(False)
    assert not net.layer1.training


def test_a_frozen_net_leaves_nothing_to_train():
    with pytest.raises(ConfigError, match="nothing to train"):
        optim.SGD(optim.parameter_groups(models.resnet(8, width=4).freeze(), 0), 0.1)
    with pytest.raises(ConfigError, match="did you mean 'layer3'"):
        models.freeze_before(models.resnet(8, width=4), "layer4")


def test_a_new_head_is_in_the_mode_and_dtype_of_the_old_one():
    net = models.plain(8, width=4).eval()
    for parameter in net.parameters():
        parameter.data = parameter.data.astype(np.float64)
    models.replace_head(net, 5)
    assert not net.fc.training and net.fc.weight.dtype == np.float64
    nn.fuse(net)


def test_a_net_with_a_new_head_says_so_and_can_be_deepened():
    net = models.replace_head(models.plain(8, width=4), 5)
    assert net.settings["num_classes"] == 5
    assert models.deepen(net, 14, Tensor(IMAGES)).fc.weight.shape == (16, 5)
