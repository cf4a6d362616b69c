"""PyTorch's opinion, where it is installed, over random shapes: the operations as a user calls
them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from minires import functional as F
from minires.autograd.tensor import Tensor

from .checks import assert_close, random_arrays
from .test_conv import convolutions
from .test_pooling import poolings


def channels_first(array):
    """(N, H, W, C) to PyTorch's (N, C, H, W)."""
    return array.transpose(0, 3, 1, 2)


def channels_last(array):
    return array.transpose(0, 2, 3, 1)


def filters_first(w):
    """(KH, KW, C / groups, O) to PyTorch's (O, C / groups, KH, KW)."""
    return w.transpose(3, 2, 0, 1)


def same(array):
    return array


def compare(torch, mine, theirs, arrays, to_theirs, images_out=True):
    """Results and gradients of `mine(*tensors)` and `theirs(*tensors)`, which gets its arrays in
    the layout of `to_theirs`."""
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    others = [
        torch.tensor(turn(array).copy(), requires_grad=True)
        for array, turn in zip(arrays, to_theirs)
    ]
    y, other_y = mine(*tensors), theirs(*others)
    turn_y = channels_first if images_out else same
    dy = np.asarray(np.random.default_rng(5).standard_normal(y.shape))
    y.backward(dy)
    other_y.backward(torch.tensor(turn_y(dy).copy()))
    assert_close(turn_y(y.data), other_y.detach().numpy(), "y", 1e-8)
    for i, (tensor, other, turn) in enumerate(zip(tensors, others, to_theirs)):
        assert_close(turn(tensor.grad), other.grad.numpy(), f"gradient {i}", 1e-8)


@given(convolutions(), st.integers(0, 99))
def test_conv2d(torch, case, seed):
    x, w, settings = case
    arrays = random_arrays(x, w, w[-1:], seed=seed)
    compare(
        torch,
        lambda x, w, b: F.conv2d(x, w, b, **settings),
        lambda x, w, b: torch.nn.functional.conv2d(x, w, b, **settings),
        arrays,
        (channels_first, filters_first, same),
    )


@given(poolings(), st.integers(0, 99))
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling(torch, name, case, seed):
    shape, settings = case
    compare(
        torch,
        lambda x: getattr(F, name)(x, **settings),
        lambda x: getattr(torch.nn.functional, name)(x, **settings),
        random_arrays(shape, seed=seed),
        (channels_first,),
    )


def test_global_average(torch):
    compare(
        torch,
        F.global_avg_pool2d,
        lambda x: x.mean((2, 3)),
        random_arrays((2, 3, 4, 5)),
        (channels_first,),
        images_out=False,
    )


@given(
    st.tuples(st.integers(2, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    st.booleans(),
    st.integers(0, 99),
)
def test_batch_norm_and_its_running_statistics(torch, shape, training, seed):
    x, weight, bias, mean, var = random_arrays(shape, *4 * [shape[-1:]], seed=seed)
    var = abs(var) + 0.1
    my_mean, my_var, their_mean, their_var = (
        Tensor(mean.copy()),
        Tensor(var.copy()),
        torch.tensor(mean),
        torch.tensor(var),
    )
    compare(
        torch,
        lambda x, w, b: F.batch_norm(x, my_mean, my_var, w, b, training, momentum=0.3, eps=1e-3),
        lambda x, w, b: torch.nn.functional.batch_norm(
            x, their_mean, their_var, w, b, training, momentum=0.3, eps=1e-3
        ),
        (x, weight, bias),
        (channels_first, same, same),
    )
    assert_close(my_mean.data, their_mean.numpy())
    assert_close(my_var.data, their_var.numpy())


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.booleans(), st.integers(0, 99))
def test_cross_entropy(torch, n, classes, smoothing, weighted, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    weight = rng.uniform(0.1, 3, classes) if weighted else None
    compare(
        torch,
        lambda x: F.cross_entropy(x, labels, weight, label_smoothing=smoothing),
        lambda x: torch.nn.functional.cross_entropy(
            x,
            torch.tensor(labels),
            None if weight is None else torch.tensor(weight, dtype=x.dtype),
            label_smoothing=smoothing,
        ),
        random_arrays((n, classes), seed=seed),
        (same,),
        images_out=False,
    )


@given(
    st.tuples(st.integers(1, 3), st.integers(2, 4), st.integers(1, 4)),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_group_norm(torch, shape, num_groups, size, seed):
    shape = (*shape, num_groups * size)
    compare(
        torch,
        lambda x, w, b: F.group_norm(x, num_groups, w, b, eps=1e-3),
        lambda x, w, b: torch.nn.functional.group_norm(x, num_groups, w, b, eps=1e-3),
        random_arrays(shape, shape[-1:], shape[-1:], seed=seed),
        (channels_first, same, same),
    )


@given(array_shapes(max_dims=4, max_side=4), st.data())
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_along_any_axis(torch, name, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    compare(
        torch,
        lambda x: getattr(F, name)(x, axis),
        lambda x: getattr(torch.nn.functional, name)(x, axis),
        random_arrays(shape, seed=len(shape)),
        (same,),
        images_out=False,
    )


@given(array_shapes(max_dims=4, max_side=4), st.integers(0, 99))
def test_mean_squared_error(torch, shape, seed):
    compare(
        torch,
        F.mse_loss,
        torch.nn.functional.mse_loss,
        random_arrays(shape, shape, seed=seed),
        (same, same),
        images_out=False,
    )


@pytest.mark.parametrize("p", [0.0, 0.25, 0.9, 1.0])
def test_dropout_scales_as_pytorch_does(torch, p):
    """Two random masks do not agree, but the factor of a number that is kept does."""
    ones = np.ones((100, 100))
    mine = F.dropout(Tensor(ones), p, rng=np.random.default_rng(0)).data
    theirs = torch.nn.functional.dropout(torch.tensor(ones), p).numpy()
    assert_close(np.unique(mine), np.unique(theirs))
    assert (mine == 0).mean() == pytest.approx((theirs == 0).mean(), abs=0.03)


EQUAL = [np.array([[1.0, 3.0, 3.0], [-2.0, 0.0, -2.0]])]  # with equal elements, and the kink of abs


@pytest.mark.parametrize("arrays", [random_arrays((3, 4)), EQUAL], ids=["random", "equal elements"])
def test_abs_min_and_max(torch, arrays):
    compare(torch, abs, torch.abs, arrays, (same,), images_out=False)
    for axis in (0, 1, None):
        dim = (0, 1) if axis is None else axis
        compare(
            torch, lambda x: x.min(axis), lambda x: x.amin(dim), arrays, (same,), images_out=False
        )
        compare(
            torch,
            lambda x: x.max(axis, keepdims=True),
            lambda x: x.amax(dim, keepdim=True),
            arrays,
            (same,),
            images_out=False,
        )


def test_sigmoid(torch):
    compare(torch, F.sigmoid, torch.sigmoid, random_arrays((3, 4)), (same,), images_out=False)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4))
def test_linear_and_log_softmax(torch, n, in_features, out_features):
    compare(
        torch,
        lambda x, w, b: F.log_softmax(F.linear(x, w, b)),
        lambda x, w, b: torch.nn.functional.log_softmax(torch.nn.functional.linear(x, w.T, b), -1),
        random_arrays((n, in_features), (in_features, out_features), (out_features,)),
        (same, same, same),
        images_out=False,
    )
