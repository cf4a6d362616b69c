"""Layers: their parameters, and the function to which each passes them."""

import numpy as np
import pytest

from minires import functional as F
from minires import gradcheck, nn
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, DtypeError, ShapeError

from ..images import images
from ..messages import message_of


def rng():
    return np.random.default_rng(3)


def test_conv2d():
    layer = nn.Conv2d(
        4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2, rng=rng()
    )
    layer.bias.data += 1
    x = images(2, 7, 8, 4)
    assert layer.weight.shape == (3, 2, 2, 6) and layer.bias.shape == (6,)
    expected = F.conv2d(x, layer.weight, layer.bias, (2, 1), (1, 0), (1, 2), 2)
    assert np.array_equal(layer(x).data, expected.data)
    assert nn.Conv2d(4, 6, 3, bias=False).bias is None


def test_linear():
    layer = nn.Linear(4, 3, rng=rng())
    layer.bias.data += 1
    x = images(5, 4)
    np.testing.assert_allclose(layer(x).data, x.data @ layer.weight.data + 1, rtol=1e-5)
    without = nn.Linear(4, 3, bias=False, rng=rng())
    np.testing.assert_allclose(without(x).data, layer(x).data - 1, rtol=1e-5, atol=1e-6)
    assert [name for name, _ in without.named_parameters()] == ["weight"]


def test_initial_values():
    conv, linear, small = (
        nn.Conv2d(16, 64, 3, rng=rng()),
        nn.Linear(500, 100, rng=rng()),
        nn.Linear(500, 100, rng=rng(), std=0.01),
    )
    assert (
        conv.weight.data.std() == pytest.approx(np.sqrt(2 / 144), rel=0.05)
        and (conv.bias.data == 0).all()
    )
    assert (
        linear.weight.data.std() == pytest.approx(np.sqrt(2 / 500), rel=0.05)
        and (linear.bias.data == 0).all()
    )
    assert small.weight.data.std() == pytest.approx(0.01, rel=0.05)


def test_batch_norm_in_training_and_in_evaluation():
    layer, x = nn.BatchNorm2d(3, momentum=1.0), images(8, 4, 4, 3)
    x.data[...] = 2 * x.data + 5
    y = layer(x).data
    assert y.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=1e-5) and y.std(
        axis=(0, 1, 2)
    ) == pytest.approx(1, abs=1e-4)
    assert layer.running_mean.data == pytest.approx(x.data.mean(axis=(0, 1, 2)), rel=1e-5)
    assert layer.running_var.data == pytest.approx(x.data.var(axis=(0, 1, 2), ddof=1), rel=1e-5)

    layer.eval()
    statistics = layer.running_mean.data.copy()
    alone = layer(Tensor(x.data[:1])).data  # one image no longer depends on the others
    np.testing.assert_allclose(alone, layer(x).data[:1], rtol=1e-5, atol=1e-6)
    assert np.array_equal(layer.running_mean.data, statistics)
    fresh = nn.BatchNorm2d(3).eval()
    # the running statistics start as mean 0, variance 1
    np.testing.assert_allclose(fresh(x).data, x.data, rtol=1e-4)


def test_batch_norm_passes_its_settings_on():
    layer, x = nn.BatchNorm2d(2, eps=3.0, momentum=0.25), images(4, 2, 2, 2)
    mean, var = x.data.mean(axis=(0, 1, 2)), x.data.var(axis=(0, 1, 2))
    np.testing.assert_allclose(
        layer(x).data, (x.data - mean) / np.sqrt(var + 3), rtol=1e-4, atol=1e-6
    )
    assert layer.running_mean.data == pytest.approx(0.25 * mean, rel=1e-4)


def test_tanh_and_crelu():
    x = Tensor(np.array([[-2.0, 0.0, 1.0]]), requires_grad=True)
    assert nn.Tanh()(x).data == pytest.approx(np.tanh(x.data))
    both = nn.CReLU()(x)
    assert both.data.tolist() == [[0, 0, 1, 2, 0, 0]]
    both.backward(np.array([[1.0, 2, 3, 4, 5, 6]]))
    assert x.grad.tolist() == [[-4, 0, 3]]


def test_relu_identity_and_sequential():
    net = nn.Sequential(
        nn.Linear(3, 4, rng=rng()), nn.ReLU(), nn.Identity(), nn.Linear(4, 2, rng=rng())
    )
    x = images(5, 3)
    expected = np.maximum(x.data @ net[0].weight.data, 0) @ net[3].weight.data
    np.testing.assert_allclose(net(x).data, expected, rtol=1e-5, atol=1e-6)
    assert (
        len(net) == 4
        and type(net[-1]) is nn.Linear
        and [type(layer).__name__ for layer in net.children()][1] == "ReLU"
    )
    assert [name for name, _ in net.named_parameters()] == [
        "0.weight",
        "0.bias",
        "3.weight",
        "3.bias",
    ]
    with pytest.raises(IndexError):
        net[4]
    assert np.array_equal(nn.Sequential()(x).data, x.data)


def test_attributes_are_pytorchs():
    conv = nn.Conv2d(4, 6, np.int64(3), (2, 1), padding=1, dilation=(1, 2), groups=2)
    assert (conv.in_channels, conv.out_channels, conv.groups) == (4, 6, 2)
    assert (conv.kernel_size, conv.stride) == ((3, 3), (2, 1))
    assert (conv.padding, conv.dilation) == ((1, 1), (1, 2))
    linear = nn.Linear(np.int32(4), 3)
    assert (linear.in_features, linear.out_features) == (4, 3) and type(linear.in_features) is int
    norm = nn.BatchNorm2d(5, 1e-3, 0.2)
    assert (norm.num_features, norm.eps, norm.momentum) == (5, 1e-3, 0.2)
    groups = nn.GroupNorm(2, 6, 1e-4, False)
    assert (groups.num_groups, groups.num_channels, groups.eps, groups.affine) == (
        2,
        6,
        1e-4,
        False,
    )
    pool = nn.MaxPool2d(3, 2, 1)
    assert (pool.kernel_size, pool.stride, pool.padding, nn.AvgPool2d(2).stride) == (3, 2, 1, 2)
    assert (nn.Flatten(0, 2).start_axis, nn.Flatten().end_axis, nn.Softmax(0).axis) == (0, -1, 0)


def test_arguments_by_position_are_in_pytorchs_order():
    x = images(2, 9, 9, 4)
    by_position = nn.Conv2d(4, 6, 3, 2, 1, 2, 2, False, rng=rng())
    by_name = nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False, rng=rng())
    assert by_position.bias is None and np.array_equal(by_position(x).data, by_name(x).data)
    with pytest.raises(ShapeError, match="dilation: expected an int or a pair of ints"):
        nn.Conv2d(4, 6, 3, 2, 1, False)  # the order of minires 0.1


def test_settings_of_a_layer_in_its_repr():
    assert repr(nn.Conv2d(4, 6, 3, 2, 1, 2, 2, False)) == (
        "Conv2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2), "
        "groups=2, "
        "bias=False)"
    )
    assert repr(nn.Conv2d(4, 6, 1)) == "Conv2d(4, 6, kernel_size=(1, 1), stride=(1, 1))"
    assert repr(nn.Linear(4, 6, False)) == "Linear(in_features=4, out_features=6, bias=False)"
    assert repr(nn.GroupNorm(2, 6)) == "GroupNorm(2, 6, eps=1e-05, affine=True)"
    assert repr(nn.AvgPool2d(2)) == "AvgPool2d(kernel_size=2, stride=2, padding=0)"
    assert repr(nn.Flatten()) == "Flatten(start_axis=1, end_axis=-1)"
    assert repr(nn.Softmax()) == "Softmax(axis=-1)" and repr(nn.ReLU()) == "ReLU()"


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("Conv2d", (4, 6, 3, 2, 1, 2, 2, False)),
        ("Conv2d", (4, 6, (3, 1))),
        ("Linear", (4, 6, False)),
    ],
)
def test_the_repr_is_pytorchs(torch, kind, settings):
    assert repr(getattr(nn, kind)(*settings)) == repr(getattr(torch.nn, kind)(*settings))


def test_group_norm():
    layer, x = nn.GroupNorm(2, 4, eps=0.1), images(3, 5, 5, 4)
    layer.weight.data += np.arange(4, dtype=np.float32)
    layer.bias.data += 1
    expected = F.group_norm(x, 2, layer.weight, layer.bias, 0.1).data
    assert np.array_equal(layer(x).data, expected)
    assert np.array_equal(layer.eval()(x).data, expected)  # the same in evaluation as in training
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    plain = nn.GroupNorm(2, 4, eps=0.1, affine=False)
    assert not list(plain.parameters()) and plain.weight is None
    assert np.array_equal(plain(x).data, F.group_norm(x, 2, eps=0.1).data)


@pytest.mark.parametrize(
    "layer, function",
    [
        (nn.MaxPool2d((3, 2), 2, 1), lambda x: F.max_pool2d(x, (3, 2), 2, 1)),
        (nn.MaxPool2d(2), lambda x: F.max_pool2d(x, 2)),
        (nn.AvgPool2d(3, (1, 2), (1, 0)), lambda x: F.avg_pool2d(x, 3, (1, 2), (1, 0))),
        (nn.GlobalAvgPool2d(), F.global_avg_pool2d),
        (nn.Softmax(), F.softmax),
        (nn.Softmax(1), lambda x: F.softmax(x, 1)),
        (nn.Flatten(), lambda x: x.reshape(2, 7 * 8 * 4)),
        (nn.Flatten(end_axis=2), lambda x: x.reshape(2, 56, 4)),
        (nn.Flatten(-2, 3), lambda x: x.reshape(2, 7, 32)),
        (nn.Flatten(2, 2), lambda x: x),
        (nn.Flatten(0), lambda x: x.reshape(448)),
    ],
)
def test_layers_without_parameters(layer, function):
    x = images(2, 7, 8, 4)
    y = layer(x)
    assert y.shape == function(x).shape and np.array_equal(y.data, function(x).data)
    assert not list(layer.parameters())


def test_flattening_no_images():
    assert nn.Flatten()(images(0, 4, 4, 3)).shape == (0, 48)


def test_gradients_of_a_net_of_layers():
    def net(x, w1, b1, w2):
        layers = nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.Conv2d(3, 2, 1, bias=False),
        )
        layers[0].weight, layers[0].bias, layers[3].weight = w1, b1, w2
        for tensor in (
            layers[1].weight,
            layers[1].bias,
            layers[1].running_mean,
            layers[1].running_var,
        ):
            tensor.data = tensor.data.astype(np.float64)
        return layers(x)

    inputs = [
        np.random.default_rng(i).standard_normal(shape)
        for i, shape in enumerate([(2, 4, 4, 2), (3, 3, 2, 3), (3,), (1, 1, 3, 2)])
    ]
    assert gradcheck(net, *inputs, projections=5).checked == 20


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: nn.Conv2d(0, 4, 3),
            ConfigError,
            "Conv2d: in_channels: expected a whole number of at least 1, got 0",
        ),
        (
            lambda: nn.Conv2d(3, 4.5, 3),
            ConfigError,
            "out_channels: expected a whole number of at least 1, got 4.5",
        ),
        (
            lambda: nn.Conv2d(3, 4, 0),
            ShapeError,
            "Conv2d: kernel_size: expected an int or a pair of ints, each at least 1, got 0",
        ),
        (lambda: nn.Conv2d(3, 4, (3, 0)), ShapeError, "got (3, 0)"),
        (lambda: nn.Conv2d(3, 4, None), ShapeError, "got None"),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            ShapeError,
            "groups: expected a divisor of both 3 and 4 channels, got 2",
        ),
        (lambda: nn.Linear(3, 0), ConfigError, "out_features"),
        (lambda: nn.BatchNorm2d(True), ConfigError, "num_features"),
        (
            lambda: nn.BatchNorm2d(3, eps=-1),
            ConfigError,
            "eps: expected a number of at least 0, got -1",
        ),
        (lambda: nn.BatchNorm2d(3, momentum=2), ConfigError, "a number from 0 to 1, got 2"),
        (
            lambda: nn.Conv2d(3, 4, 3, stride=0),
            ShapeError,
            "Conv2d: stride: expected an int or a pair",
        ),
        (lambda: nn.Conv2d(3, 4, 3, groups=True), ConfigError, "groups: expected a whole number"),
        (
            lambda: nn.GroupNorm(3, 4),
            ShapeError,
            "GroupNorm: num_groups: expected a divisor of the 4",
        ),
        (
            lambda: nn.GroupNorm(0, 4),
            ConfigError,
            "num_groups: expected a whole number of at least 1",
        ),
        (lambda: nn.GroupNorm(2, 4)(images(2, 3, 3, 6)), ShapeError, "weight: expected shape (6,)"),
        (lambda: nn.MaxPool2d(0), ShapeError, "MaxPool2d: kernel_size: expected an int or a pair"),
        (lambda: nn.AvgPool2d(2, padding=-1), ShapeError, "AvgPool2d: padding"),
        (
            lambda: nn.Flatten(4)(images(2, 3, 3, 6)),
            ShapeError,
            "flatten: axis: expected axes between",
        ),
        (
            lambda: nn.Flatten(2, 1)(images(2, 3, 3, 6)),
            ShapeError,
            "expected start_axis before end_axis, got 2 and 1",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3)(images(2, 8, 8, 1)),
            ShapeError,
            "conv2d: input channels do not match the weight: expected 3 channels",
        ),
        (
            lambda: nn.Conv2d(3, 4, 5)(images(2, 4, 8, 3)),
            ShapeError,
            "conv2d: the window does not fit into the image",
        ),
        (
            lambda: nn.Linear(3, 4)(images(2, 2, 2, 3)),
            ShapeError,
            "linear: input does not match the weight",
        ),
        (
            lambda: nn.BatchNorm2d(3)(images(2, 4, 4, 1)),
            ShapeError,
            "batch_norm: weight: expected shape (1,)",
        ),
        (
            lambda: nn.BatchNorm2d(3)(Tensor(np.zeros((2, 4, 4, 3)))),
            DtypeError,
            "inputs of two dtypes",
        ),
    ],
)
def test_bad_input(call, error, words):
    assert words in message_of(error, call)


@pytest.mark.parametrize(
    "modules, got", [(([nn.ReLU()],), "a list"), ((nn.ReLU(), F.relu), "a function")]
)
def test_sequential_takes_modules_only(modules, got):
    with pytest.raises(ConfigError, match=f"expected a Module, got {got}"):
        nn.Sequential(*modules)
