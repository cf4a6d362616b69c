"""Functions of Tensors: each passes its arguments on to the right kernel.

The kernels' own numbers are tested in tests/kernels.
"""

import numpy as np
import pytest

from minires import functional as F
from minires import gradcheck, kernels, nn
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, DataError, DtypeError, ShapeError
from minires.kernels import cpu

from .messages import message_of


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


IMAGES, FILTERS = random(2, 7, 6, 4), random(3, 2, 2, 6, seed=1)
MASK = np.random.default_rng(5).random((3, 4), np.float32) >= 0.3


@pytest.mark.parametrize(
    "function, array, expected",
    [
        (F.relu, random(3, 4), lambda x: cpu.relu.forward(x)),
        (F.tanh, random(3, 4), lambda x: cpu.tanh.forward(x)),
        (F.log_softmax, random(3, 4), lambda x: cpu.log_softmax.forward(x)),
        (F.softmax, random(3, 4), lambda x: cpu.softmax.forward(x)),
        (
            lambda x: F.group_norm(x, 2, eps=0.5),
            IMAGES,
            lambda x: cpu.group_norm.forward(x, np.ones(4), np.zeros(4), 2, 0.5),
        ),
        (
            lambda x: F.mse_loss(x, Tensor(np.ones((3, 4)))),
            random(3, 4),
            lambda x: cpu.mse_loss.forward(x, np.ones((3, 4))),
        ),
        (
            lambda x: F.dropout(x, 0.3, rng=np.random.default_rng(5)),
            random(3, 4),
            lambda x: cpu.dropout.forward(x, MASK, 0.3),
        ),
        (
            lambda x: F.cross_entropy(x, [1, 0, 3], label_smoothing=0.3),
            random(3, 4),
            lambda x: cpu.cross_entropy.forward(x, [1, 0, 3], 0.3),
        ),
        (
            lambda x: F.max_pool2d(x, (3, 2), (2, 1), 1),
            IMAGES,
            lambda x: cpu.max_pool2d.forward(x, (3, 2), (2, 1), 1),
        ),
        (
            lambda x: F.avg_pool2d(x, (3, 2), (2, 1), 1),
            IMAGES,
            lambda x: cpu.avg_pool2d.forward(x, (3, 2), (2, 1), 1),
        ),
        (lambda x: F.max_pool2d(x, 2), IMAGES, lambda x: cpu.max_pool2d.forward(x, 2, 2)),
        (lambda x: F.avg_pool2d(x, 2), IMAGES, lambda x: cpu.avg_pool2d.forward(x, 2, 2)),
        (F.global_avg_pool2d, IMAGES, lambda x: cpu.global_avg_pool2d.forward(x)),
        (
            lambda x: F.pad(x, ((0, 1), (2, 0))),
            random(3, 4),
            lambda x: cpu.pad.forward(x, ((0, 1), (2, 0))),
        ),
        (
            lambda x: F.conv2d(x, Tensor(FILTERS), None, (2, 1), (1, 0), (1, 2), 2),
            IMAGES,
            lambda x: cpu.conv2d.forward(x, FILTERS, (2, 1), (1, 0), (1, 2), 2),
        ),
    ],
)
def test_arguments_arrive(function, array, expected):
    x = Tensor(array, requires_grad=True)
    y = function(x)
    assert np.array_equal(y.data, expected(array)[0])
    gradcheck(function, array)


def test_biases():
    x, w, b = random(2, 4), random(4, 3), random(3)
    np.testing.assert_allclose(F.linear(Tensor(x), Tensor(w), Tensor(b)).data, x @ w + b)
    np.testing.assert_allclose(F.linear(Tensor(x), Tensor(w)).data, x @ w)
    bias = random(6)
    convolved = F.conv2d(Tensor(IMAGES), Tensor(FILTERS), groups=2).data
    np.testing.assert_allclose(
        F.conv2d(Tensor(IMAGES), Tensor(FILTERS), Tensor(bias), groups=2).data, convolved + bias
    )


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, np.int64(1)])
def test_softmax_along_an_axis(name, axis):
    x, function = random(2, 3, 4), getattr(F, name)
    moved = np.moveaxis(x, axis, -1)
    expected = np.moveaxis(getattr(cpu, name).forward(moved)[0], -1, axis)
    assert np.array_equal(function(Tensor(x), axis).data, expected)
    gradcheck(lambda x: function(x, axis) * random(2, 3, 4, seed=1), x)


def test_weight_and_bias_of_a_normalisation_can_be_left_out():
    x, one, zero = Tensor(IMAGES), Tensor(np.ones(4)), Tensor(np.zeros(4))
    statistics = [Tensor(np.full(4, 0.5)), Tensor(np.full(4, 2.0))]
    for function in (
        lambda *more: F.batch_norm(x, *statistics, *more),
        lambda *more: F.batch_norm_relu(x, *statistics, *more),
        lambda *more: F.group_norm(x, 2, *more),
    ):
        expected = function(one, zero).data
        for more in ((), (one,), (None, zero)):
            assert np.array_equal(function(*more).data, expected)


def test_batch_norm_that_keeps_no_running_statistics():
    expected = F.batch_norm(Tensor(IMAGES), Tensor(np.zeros(4)), Tensor(np.ones(4)), training=True)
    got = F.batch_norm(Tensor(IMAGES), None, None, training=True)
    assert np.array_equal(got.data, expected.data)


# Dropout


def test_dropout_keeps_the_share_it_says_and_the_mean():
    x = Tensor(np.ones((200, 100), np.float32), requires_grad=True)
    y = F.dropout(x, 0.2, rng=np.random.default_rng(0))
    assert y.dtype == np.float32 and (y.data == 0).mean() == pytest.approx(0.2, abs=0.01)
    assert np.unique(y.data) == pytest.approx([0, 1.25])
    assert y.data.mean() == pytest.approx(1, abs=0.01)
    y.sum().backward()
    assert np.array_equal(x.grad, y.data)  # the same mask, the same factor


def test_dropout_draws_from_its_generator_alone():
    x, rng = Tensor(np.ones((4, 5))), np.random.default_rng(0)
    first, second = F.dropout(x, rng=rng), F.dropout(x, rng=rng)
    again = F.dropout(x, rng=np.random.default_rng(0))
    assert np.array_equal(first.data, again.data) and not np.array_equal(first.data, second.data)


@pytest.mark.parametrize("settings", [{"training": False}, {"p": 0}])
def test_dropout_that_drops_nothing_draws_nothing(settings):
    x, rng = Tensor(np.ones(3)), np.random.default_rng(0)
    state = rng.bit_generator.state
    assert F.dropout(x, **settings, rng=rng) is x and rng.bit_generator.state == state


def test_concatenate():
    a, b = Tensor(random(2, 3), requires_grad=True), Tensor(random(2, 1), requires_grad=True)
    y = F.concatenate([a, b], axis=1)
    (y * np.arange(8.0).reshape(2, 4)).sum().backward()
    assert (
        y.shape == (2, 4)
        and a.grad.tolist() == [[0, 1, 2], [4, 5, 6]]
        and b.grad.tolist() == [[3], [7]]
    )
    assert F.concatenate((a, a)).shape == (4, 3)


# Batch norm's running statistics


def statistics():
    return Tensor(np.array([1.0, 2.0])), Tensor(np.array([3.0, 4.0]))


ONE, ZERO = Tensor(np.ones(2)), Tensor(np.zeros(2))


def test_training_moves_the_running_statistics():
    """By a tenth of the way; the variance towards the unbiased one, divided by one less than the
    number of values."""
    mean, var = statistics()
    mean_array, x = mean.data, random(4, 3, 3, 2)
    F.batch_norm(Tensor(x), mean, var, ONE, ZERO, training=True)
    np.testing.assert_allclose(mean.data, 0.9 * np.array([1, 2]) + 0.1 * x.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(
        var.data, 0.9 * np.array([3, 4]) + 0.1 * x.var(axis=(0, 1, 2), ddof=1)
    )
    assert mean.data is mean_array  # in place: a state_dict taken before sees it


def test_momentum_is_the_fraction_that_is_new():
    mean, var = statistics()
    x = random(4, 3, 3, 2)
    F.batch_norm(Tensor(x), mean, var, ONE, ZERO, training=True, momentum=1.0)
    np.testing.assert_allclose(mean.data, x.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(var.data, x.var(axis=(0, 1, 2), ddof=1))


def test_inference_uses_the_running_statistics_and_leaves_them():
    mean, var = statistics()
    x = random(4, 3, 3, 2)
    y = F.batch_norm(Tensor(x), mean, var, ONE, ZERO, training=False, eps=0.5)
    np.testing.assert_allclose(y.data, (x - [1, 2]) / np.sqrt([3.5, 4.5]))
    assert mean.data.tolist() == [1, 2] and var.data.tolist() == [3, 4]


@pytest.mark.parametrize("running", [True, False])
def test_one_value_a_channel_is_an_error_and_moves_no_statistics(running):
    mean, var = statistics() if running else (None, None)
    with pytest.raises(ShapeError, match="every gradient 0: .* take larger batches or images"):
        F.batch_norm(Tensor(random(1, 1, 1, 2)), mean, var, ONE, ZERO, training=True)
    if running:
        assert np.array_equal(var.data, statistics()[1].data)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(3, 0), (), (4,), (0, 3)])
def test_normalising_needs_channels_and_values(shape, training):
    statistics = [Tensor(np.ones(shape[-1:], np.float32)) for _ in range(2)]
    for function in (F.batch_norm, F.batch_norm_relu):
        with pytest.raises(ShapeError, match=r"shape \(N, ..., C\) with at least two axes"):
            function(Tensor(np.ones(shape, np.float32)), *statistics, training=training)


def test_statistics_stay_float32():
    mean, var = Tensor(np.zeros(2, np.float32)), Tensor(np.ones(2, np.float32))
    one, zero = Tensor(np.ones(2, np.float32)), Tensor(np.zeros(2, np.float32))
    for training in (True, False):
        y = F.batch_norm(
            Tensor(random(4, 3, 3, 2).astype(np.float32)),
            mean,
            var,
            one,
            zero,
            training,
            np.float64(0.1),
            np.float64(1e-5),
        )
        assert {y.dtype, mean.dtype, var.dtype} == {np.dtype(np.float32)}


# Arguments that do not fit


def grouped_convolution(bias):
    return F.conv2d(Tensor(IMAGES), Tensor(FILTERS), Tensor(bias), groups=2)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: F.relu(np.zeros(2)),
            DtypeError,
            "relu: input: expected a Tensor, got ndarray; wrap it: Tensor(array)",
        ),
        (
            lambda: F.conv2d(Tensor(IMAGES), FILTERS),
            DtypeError,
            "conv2d: input 2 of 2: expected a Tensor, got ndarray; wrap it: Tensor(array)",
        ),
        (
            lambda: F.linear(Tensor(random(2, 3)), Tensor(random(4, 5))),
            ShapeError,
            "inner sizes differ",
        ),
        (
            lambda: F.conv2d(Tensor(IMAGES), Tensor(FILTERS)),
            ShapeError,
            "conv2d: input channels do not match the weight",
        ),
        (
            lambda: F.conv2d(Tensor(random(2, 3, 8, 9)), Tensor(random(3, 3, 3, 4))),
            ShapeError,
            "got 9 (input (2, 3, 8, 9)); images are (N, H, W, C); from PyTorch's (N, C, H, W): "
            "x.transpose(0, 2, 3, 1)",
        ),
        (
            lambda: grouped_convolution(random(5)),
            ShapeError,
            "conv2d: bias: expected shape (6,), got shape (5,)",
        ),
        (
            lambda: grouped_convolution(random(1)),
            ShapeError,
            "conv2d: bias: expected shape (6,), got shape (1,)",
        ),
        (
            lambda: F.cross_entropy(Tensor(random(2, 3)), [0, 3]),
            DataError,
            "label out of range: expected 0 to 2 (3 classes), got 3",
        ),
        (
            lambda: F.cross_entropy(Tensor(random(2, 3)), Tensor([0, 1])),
            DtypeError,
            "target: expected an array or a list of integers, got a Tensor",
        ),
        (lambda: F.concatenate([]), ShapeError, "at least one array"),
        (
            lambda: F.softmax(random(2, 3), 0),
            DtypeError,
            "softmax: input: expected a Tensor, got ndarray",
        ),
        (
            lambda: F.softmax(Tensor(random(2, 3)), 2),
            ShapeError,
            "softmax: axis: expected axes between -2 and 1, got 2",
        ),
        (
            lambda: F.log_softmax(Tensor(random(2, 3)), None),
            ShapeError,
            "one of the axes, got None",
        ),
        (
            lambda: F.batch_norm(Tensor(IMAGES), None, None),
            ConfigError,
            "pass training=True to use the batch's own",
        ),
        (
            lambda: F.batch_norm(IMAGES, None, None, training=True),
            DtypeError,
            "batch_norm: input: expected a Tensor",
        ),
        (lambda: F.group_norm(Tensor(IMAGES), 3), ShapeError, "a divisor of the 4 channels"),
        (
            lambda: F.mse_loss(Tensor(random(3, 1)), Tensor(random(3))),
            ShapeError,
            "mse_loss broadcasts nothing",
        ),
        (
            lambda: F.mse_loss(Tensor(random(3)), random(3)),
            DtypeError,
            "expected a Tensor, got ndarray",
        ),
        (
            lambda: F.dropout(Tensor(random(3)), 1.5, rng=np.random.default_rng(0)),
            ConfigError,
            "dropout: p: expected a probability from 0 to 1, got 1.5",
        ),
        (
            lambda: F.dropout(Tensor(random(3)), rng=None),
            ConfigError,
            "dropout: rng: expected an np.random.Generator, got None",
        ),
        (
            lambda: F.dropout(random(3), rng=np.random.default_rng(0)),
            DtypeError,
            "dropout: input: expected a Tensor",
        ),
        (
            lambda: F.concatenate([Tensor(random(2, 3)), random(2, 3)]),
            DtypeError,
            "expected a Tensor, got ndarray",
        ),
        (lambda: F.pad(Tensor(random(2, 3)), 1), ShapeError, "for each of the 2 axes"),
    ],
)
def test_bad_input(call, error, words):
    assert words in message_of(error, call)


def test_labels_are_not_a_tensor():
    with pytest.raises(DtypeError, match="pass the array itself"):
        F.cross_entropy(Tensor(np.zeros((2, 3), np.float32)), Tensor([0, 1]))


def test_a_users_own_batch_norm_must_return_its_statistics():
    pair = (
        lambda x, weight, bias, mean=None, var=None, eps=1e-5: (x, None),
        lambda dy, cache: (dy, dy, dy),
    )
    layer = nn.BatchNorm2d(3)
    with kernels.use(batch_norm=pair), pytest.raises(ConfigError, match="the batch's mean and var"):
        layer(Tensor(np.zeros((2, 4, 4, 3), np.float32)))


def test_a_kernel_for_square_windows_serves_a_net():
    """Layers keep pairs such as (1, 1). A kernel that is swapped in gets 1, and a pair only where
    height and width differ."""
    given = []

    class conv2d(kernels.Kernel):
        def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
            given.append((stride, padding, dilation, groups))
            return kernels.cpu.conv2d.forward(x, w, stride, padding, dilation, groups)

        def backward(dy, cache):
            return kernels.cpu.conv2d.backward(dy, cache)

    x = Tensor(np.ones((1, 6, 6, 2), np.float32))
    with kernels.use(conv2d=conv2d):
        nn.Conv2d(2, 2, 3, stride=2, padding=1)(x)
        nn.Conv2d(2, 2, (3, 1), stride=(2, 1), padding=(1, 0), dilation=2)(x)
    assert given == [(2, 1, 1, 1), ((2, 1), (1, 0), 2, 1)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("running", [np.zeros((5, 3), np.float32), np.zeros(1, np.float32)])
def test_running_statistics_of_another_shape(running, training):
    x, one = Tensor(np.ones((2, 3), np.float32)), Tensor(np.ones(3, np.float32))
    with pytest.raises(ShapeError, match=r"running_mean: expected shape \(3,\)"):
        F.batch_norm(x, Tensor(running), one, training=training)
    with pytest.raises(DtypeError, match="running_var: expected a Tensor"):
        F.batch_norm(x, one, one.data, training=training)


def test_a_learners_sum_with_relu_is_used_after_a_learners_batch_norm():
    called = []

    class my_add_relu(kernels.Kernel):
        def forward(a, b):
            called.append("add_relu")
            return cpu.add_relu.forward(a, b)

        def backward(dy, cache):
            return cpu.add_relu.backward(dy, cache)

    x = Tensor(np.ones((2, 3), np.float32))
    with kernels.use(batch_norm=cpu.batch_norm, add_relu=my_add_relu):
        F.batch_norm_relu(x, None, None, training=True, shortcut=x)
    assert called == ["add_relu"]


@pytest.mark.parametrize("shape", [(0, -1), (-1, 0)])
def test_a_size_that_cannot_be_determined(shape):
    with pytest.raises(ShapeError, match="the number of elements must stay"):
        Tensor(np.zeros((0, 3), np.float32)).reshape(*shape)
