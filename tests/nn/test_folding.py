"""Batch norm folded into the layer before it: the same net in evaluation, with less to compute."""

import copy

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn
from minires.autograd import Tensor, no_grad
from minires.errors import ConfigError
from minires.nn import folding

# How many batch norms stay: in pre-activation nets that of every first layer of a block (except the
# first block, which has none) and the last.
SMALL = {
    "plain-8": (lambda: models.plain(8, width=4), 0),
    "resnet-8": (lambda: models.resnet(8, width=4), 0),
    "resnet-14 B": (lambda: models.resnet(14, width=4, shortcut="B"), 0),
    "resnet-8 C": (lambda: models.resnet(8, width=4, shortcut="C"), 0),
    "pre-activation": (lambda: models.resnet(14, width=4, pre_activation=True), 6),
    "pre-activation C": (lambda: models.resnet(8, width=4, pre_activation=True, shortcut="C"), 3),
    "survival_prob": (lambda: models.resnet(14, width=4, survival_prob=0.5), 0),
    "scaled": (lambda: models.resnet(8, width=4, shortcut_scale=0.5), 0),
    "plain mlp": (lambda: models.plain_mlp(6, width=8, image_size=16), 0),
    "residual mlp": (lambda: models.residual_mlp(6, width=8, image_size=16), 0),
}
LARGE = {
    "plain18": (lambda: models.plain18(num_classes=10), 0),
    "resnet18": (lambda: models.resnet18(num_classes=10), 0),
    "resnet18 v2": (lambda: models.resnet18(num_classes=10, pre_activation=True), 8),
    "resnet50": (lambda: models.resnet50(num_classes=10), 0),
    "resnet50 v2": (lambda: models.resnet50(num_classes=10, pre_activation=True), 16),
    "resnext50": (lambda: models.resnet50(num_classes=10, groups=32, width_per_group=4), 0),
}
NETS = SMALL | LARGE


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def at_work(net, dtype=np.float32):
    """In evaluation mode, with batch norm's numbers other than those at the start."""
    rng = np.random.default_rng(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.weight, 0.5, 1),
                (module.bias, -0.2, 0.2),
                (module.running_mean, -0.2, 0.2),
                (module.running_var, 0.5, 2),
            ):
                tensor.data[...] = rng.uniform(low, high, tensor.shape)
        elif isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            module.bias.data[...] = rng.uniform(-0.2, 0.2, module.bias.shape)
    for _, tensor in (*net.named_parameters(), *net.named_buffers()):
        tensor.data = tensor.data.astype(dtype)
    return net.eval()


def norms(net):
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]


def outcome(net, images, labels=(0, 2)):
    """Logits, and the gradient of the loss with respect to the images."""
    x = Tensor(images, requires_grad=True)
    logits = net(x)
    F.cross_entropy(logits, list(labels)).backward()
    return logits.data, x.grad


def difference(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    return np.linalg.norm(got - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize(
    "dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-12)], ids=["float32", "float64"]
)
@pytest.mark.parametrize("name", NETS)
def test_the_same_logits(name, dtype, tolerance):
    build, left = NETS[name]
    net = at_work(build(), dtype)
    images = numbers((2, 32, 32, 3) if name in LARGE else (2, 16, 16, 3)).astype(dtype)
    with no_grad():
        expected = net(Tensor(images)).data
        assert nn.fuse(net) is net and len(norms(net)) == left
        assert difference(net(Tensor(images)).data, expected) <= tolerance
        assert (
            difference(nn.fuse(net)(Tensor(images)).data, expected) <= tolerance
        )  # a second time there is nothing to do


@pytest.mark.parametrize("name", SMALL)
def test_the_same_gradient_of_the_images(name):
    """In float64: in float32 a few ReLUs decide otherwise."""
    net = at_work(NETS[name][0](), np.float64)
    images = numbers((2, 16, 16, 3)).astype(np.float64)
    expected = outcome(net, images)
    for got, right in zip(outcome(nn.fuse(net), images), expected):
        assert difference(got, right) <= 1e-12


@pytest.mark.parametrize("name", NETS)
def test_parameters(name):
    """A folded batch norm takes its weight and bias with it, and leaves a bias where there was
    none."""
    net = at_work(NETS[name][0]())
    biased = [layer for _, _, layer in folding.before_batch_norm(net) if layer.bias is not None]
    before, sizes = net.num_parameters(), {norm: norm.weight.size for norm in norms(net)}
    nn.fuse(net)
    folded = sum(size for norm, size in sizes.items() if norm not in norms(net))
    assert not biased and net.num_parameters() == before - folded
    assert len(list(net.named_buffers())) == 2 * len(norms(net))


def test_by_hand():
    """One channel: (3 x + 1 - 5) / sqrt(4) * 6 + 7 = 9 x - 5."""
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm2d(1, eps=0)).eval()
    numbers_by_name = {
        "0.weight": 3,
        "0.bias": 1,
        "1.running_mean": 5,
        "1.running_var": 4,
        "1.weight": 6,
        "1.bias": 7,
    }
    for name, array in net.state_dict().items():
        array[...] = numbers_by_name[name]
    nn.fuse(net)
    assert {name: array.item() for name, array in net.state_dict().items()} == {
        "0.weight": 9,
        "0.bias": -5,
    }
    assert (
        isinstance(net[1], nn.Identity)
        and isinstance(net[0].weight, nn.Parameter)
        and net[0].weight.requires_grad
    )


@pytest.mark.parametrize(
    "mistake",
    [
        lambda norm: norm.bias.data.__imul__(0),
        lambda norm: norm.running_mean.data.__imul__(0),
        lambda norm: setattr(norm, "eps", 0.1),
        lambda norm: norm.weight.data.__imul__(1.001),
        lambda norm: norm.running_var.data.__imul__(1.001),
    ],
)
def test_a_mistake_is_seen(mistake, monkeypatch):
    def wrong(norm, layer):
        mistake(norm)
        right(norm, layer)

    right = folding._fold
    monkeypatch.setattr(folding, "_fold", wrong)
    net, images = at_work(models.resnet(8, width=4)), Tensor(numbers((2, 16, 16, 3)))
    with no_grad():
        assert (
            difference(nn.fuse(net)(images).data, at_work(models.resnet(8, width=4))(images).data)
            > 1e-4
        )


def test_in_training_mode_it_is_an_error_and_nothing_changes():
    net = at_work(models.resnet(8, width=4))
    net.layer3[0].bn2.train()
    before = {name: array.copy() for name, array in net.state_dict().items()}
    with pytest.raises(
        ConfigError, match=r"fuse: a net in training mode: .*net\.eval\(\)"
    ) as caught:
        nn.fuse(net)
    assert "\n" not in str(caught.value)
    assert (
        all(np.array_equal(before[name], array) for name, array in net.state_dict().items())
        and len(norms(net)) == 7
    )


def test_a_copy_leaves_the_original():
    net = at_work(models.resnet(8, width=4))
    before = {name: array.copy() for name, array in net.state_dict().items()}
    nn.fuse(copy.deepcopy(net))
    assert before.keys() == net.state_dict().keys() and all(
        np.array_equal(before[name], array) for name, array in net.state_dict().items()
    )


@pytest.mark.parametrize("settings", [{}, {"init": "skipinit"}, {"init": "fixup"}], ids=str)
def test_nothing_to_fold(settings):
    net = models.resnet(8, width=4, batch_norm=False, **settings).eval()
    before = net.state_dict()
    after = nn.fuse(net).state_dict()
    assert list(before) == list(after) and all(before[name] is after[name] for name in before)


class Pair(nn.Module):
    """A convolution and a batch norm, and other modules that a test adds."""

    def __init__(self, **others):
        self.conv, self.bn = nn.Conv2d(4, 4, 1, rng=np.random.default_rng(0)), nn.BatchNorm2d(4)
        for name, value in others.items():
            setattr(self, name, value)

    def forward(self, x):
        return self.bn(self.conv(x))


class NormFirst(Pair):
    """Its modules are assigned in the order in which they are computed."""

    def __init__(self):
        self.bn, self.conv = nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1, rng=np.random.default_rng(0))

    def forward(self, x):
        return self.conv(self.bn(x))


class ReluBetween(Pair):
    def __init__(self):
        self.conv, self.relu, self.bn = (
            nn.Conv2d(4, 4, 1, rng=np.random.default_rng(0)),
            nn.ReLU(),
            nn.BatchNorm2d(4),
        )

    def forward(self, x):
        return self.bn(self.relu(self.conv(x)))


class Doubled(nn.BatchNorm2d):
    def forward(self, x):
        return 2 * super().forward(x)


def with_batch_norm_twice():
    pair = Pair()
    pair.again = nn.Sequential(pair.bn)
    return nn.Sequential(pair, pair.again)


def with_convolution_twice():
    pair = Pair()
    return nn.Sequential(pair, pair.conv)


def with_weights_shared():
    one, other = Pair(), Pair()
    other.conv.weight = one.conv.weight
    return nn.Sequential(one, other)


def with_a_forward_of_its_own():
    pair = Pair()
    pair.bn.forward = lambda x: x * 2
    return pair


def with_a_hook():
    pair = Pair()
    pair.conv.register_forward_hook(lambda module, inputs, y: y * 2)
    return pair


def of_a_subclass():
    pair = Pair()
    pair.bn = Doubled(4)
    return pair


@pytest.mark.parametrize(
    "build",
    [
        NormFirst,
        ReluBetween,
        with_batch_norm_twice,
        with_convolution_twice,
        with_weights_shared,
        with_a_forward_of_its_own,
        with_a_hook,
        of_a_subclass,
    ],
)
def test_pairs_that_are_not_folded(build):
    net = at_work(build())
    x, kinds = Tensor(numbers((2, 3, 3, 4))), [type(module) for module in net.modules()]
    before = net(x).data
    assert (
        np.array_equal(nn.fuse(net)(x).data, before)
        and [type(module) for module in net.modules()] == kinds
    )


def test_a_block_used_twice_is_fused_once():
    pair = at_work(Pair())
    net = nn.Sequential(pair, pair).eval()
    x = Tensor(numbers((2, 3, 3, 4)))
    before = net(x).data
    assert difference(nn.fuse(net)(x).data, before) <= 1e-6 and not norms(net)


def test_on_a_gpu(gpu):
    net, images = at_work(models.resnet(8, width=4, shortcut="B")), numbers((2, 8, 8, 3))
    with no_grad():
        expected = net(Tensor(images)).data
        nn.fuse(net.to("gpu"))
        assert {parameter.device for parameter in net.parameters()} == {"gpu"}
        assert difference(net(Tensor(images).to("gpu")).to("cpu").data, expected) <= 1e-5


def test_a_frozen_net_stays_frozen():
    net = nn.fuse(models.resnet(8, width=4).freeze().eval())
    assert not any(parameter.requires_grad for parameter in net.parameters())
