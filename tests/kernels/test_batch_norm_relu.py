"""Batch norm, addition and ReLU in one: the same numbers as one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from minires import functional as F
from minires import gradcheck, kernels, nn
from minires.autograd.tensor import Tensor
from minires.errors import ShapeError
from minires.kernels import cpu, naive

from .checks import backward, check, random_arrays, run


def case(shape, with_shortcut, seed=0):
    """Images (or rows) of that shape, a weight and bias for each of their channels, and what is
    added."""
    return random_arrays(shape, shape[-1:], shape[-1:], *[shape] * with_shortcut, seed=seed)


@given(array_shapes(min_dims=2, max_dims=4, max_side=4), st.booleans(), st.integers(0, 99))
def test_training(backend, shape, with_shortcut, seed):
    check(backend, "batch_norm_relu", *case(shape, with_shortcut, seed))


@given(array_shapes(min_dims=2, max_dims=4, max_side=4), st.booleans(), st.integers(0, 99))
def test_inference(backend, shape, with_shortcut, seed):
    mean, var = random_arrays(shape[-1:], shape[-1:], seed=seed + 1)
    check(backend, "batch_norm_relu", *case(shape, with_shortcut, seed), mean=mean, var=abs(var))


@pytest.mark.parametrize("with_shortcut", [False, True])
@pytest.mark.parametrize(
    "backend, shape",
    [(naive, (3, 5, 4, 2)), (cpu, (3, 5, 4, 2)), (cpu, (40, 32, 32, 16))],
    ids=["naive", "cpu", "cpu, in chunks"],
)
def test_the_same_numbers_as_one_after_the_other(backend, shape, with_shortcut):
    arrays = [array.astype(np.float32) for array in case(shape, with_shortcut)]
    y, gradients, dy = run(backend.batch_norm_relu, arrays, {})
    z, norm_cache = backend.batch_norm.forward(*arrays[:3])
    if with_shortcut:
        z, _ = backend.add.forward(z, arrays[3])
    expected, relu_cache = backend.relu.forward(z)
    dz = backend.relu.backward(dy, relu_cache)
    assert np.array_equal(y, expected)
    for got, right in zip(gradients, (*backward(backend.batch_norm, dz, norm_cache), dz)):
        assert np.array_equal(got, right)
    assert (expected == 0).any() and (dz == 0).any()  # the ReLU changed something


@pytest.mark.parametrize(
    "arrays, words",
    [
        ([(3, 6, 5, 4), (3,), (4,)], "batch_norm_relu: weight: expected shape (4,)"),
        (
            [(3, 6, 5, 4), (4,), (4,), (3, 6, 5, 1)],
            "batch_norm_relu: shortcut: expected shape (3, 6, 5, 4)",
        ),
    ],
)
def test_bad_shapes(backend, arrays, words):
    with pytest.raises(ShapeError) as caught:
        backend.batch_norm_relu.forward(*random_arrays(*arrays))
    assert words in str(caught.value)


# As functions of Tensors and in layers.


def layer_and_images(dtype=np.float32):
    layer = nn.BatchNorm2d(3)
    layer.weight.data[...], layer.bias.data[...] = [0.5, 2, -1], [0.1, -0.2, 0.3]
    x, shortcut = (
        Tensor(array.astype(dtype), requires_grad=True)
        for array in random_arrays((4, 5, 5, 3), (4, 5, 5, 3))
    )
    return layer, x, shortcut


def all_numbers(layer, x, y):
    """The output, all gradients of its squares' sum, and the running statistics."""
    (y * y).sum().backward()
    numbers = [
        y.data,
        x.grad,
        layer.weight.grad,
        layer.bias.grad,
        layer.running_mean.data,
        layer.running_var.data,
    ]
    return [array.copy() for array in numbers]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("with_shortcut", [True, False])
def test_norm_relu_is_what_it_says(training, with_shortcut):
    layer, x, shortcut = layer_and_images()
    layer.train(training)
    together = all_numbers(layer, x, nn.norm_relu(layer, x, shortcut if with_shortcut else None))
    shortcut_grad = shortcut.grad
    layer, x, shortcut = layer_and_images()
    layer.train(training)
    y = layer(x)
    apart = all_numbers(layer, x, F.relu(y + shortcut if with_shortcut else y))
    assert all(np.array_equal(a, b) for a, b in zip(together, apart))
    assert not with_shortcut or np.array_equal(shortcut_grad, shortcut.grad)


def names_on_the_tape(y):
    """The kernels behind y, from the last to the first."""
    names, node = [], y._node
    while node.kernel is not None:
        names.append(node.name)
        node = node.parents[0]
    return names


def test_one_kernel_unless_a_part_is_swapped():
    layer, x, shortcut = layer_and_images()
    apart = ["relu", "add", "batch_norm"]
    expected = {"relu": apart, "add": apart, "batch_norm": ["add_relu", "batch_norm"]}
    assert names_on_the_tape(nn.norm_relu(layer, x, shortcut)) == ["batch_norm_relu"]
    for part, names in expected.items():
        with kernels.use(**{part: getattr(naive, part)}):
            assert names_on_the_tape(nn.norm_relu(layer, x, shortcut)) == names
    with kernels.use(conv2d=naive.conv2d), kernels.use("naive"):
        assert names_on_the_tape(nn.norm_relu(layer, x, shortcut)) == ["batch_norm_relu"]
    with kernels.use(relu=naive.relu, batch_norm_relu=naive.batch_norm_relu):
        assert names_on_the_tape(nn.norm_relu(layer, x, shortcut)) == ["batch_norm_relu"]


def test_a_hook_sees_the_output_of_batch_norm():
    layer, x, shortcut = layer_and_images()
    seen = []
    handle = layer.register_forward_hook(lambda module, inputs, y: seen.append(y.data.min()))
    hooked = nn.norm_relu(layer, x, shortcut)
    assert names_on_the_tape(hooked) == ["add_relu", "batch_norm"] and seen[0] < 0
    handle.remove()
    assert (
        names_on_the_tape(nn.norm_relu(layer, x, shortcut)) == ["batch_norm_relu"]
        and len(seen) == 1
    )
    layer.register_full_backward_hook(
        lambda module, grad_inputs, grad_output: seen.append(grad_output)
    )
    nn.norm_relu(layer, x).sum().backward()
    assert seen[1].shape == x.shape


def test_a_users_own_forward_is_called():
    layer, x, _ = layer_and_images()
    layer.forward = lambda x: x * 2
    assert np.array_equal(nn.norm_relu(layer, x).data, np.maximum(2 * x.data, 0))


def test_other_norms_are_not_fused_with_the_relu():
    _, x, shortcut = layer_and_images()
    assert names_on_the_tape(nn.norm_relu(nn.Identity(), x, shortcut)) == ["add_relu"]
    assert np.array_equal(nn.norm_relu(nn.Identity(), x).data, np.maximum(x.data, 0))


def test_slopes():
    def function(x, w, b, shortcut):
        return F.batch_norm_relu(
            x, Tensor(np.full(3, 0.2)), Tensor(np.full(3, 1.5)), w, b, True, shortcut=shortcut
        )

    gradcheck(function, *random_arrays((3, 2, 2, 3), (3,), (3,), (3, 2, 2, 3)))
