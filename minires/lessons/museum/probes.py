"""Experiments on the code of an exhibit: each computes the numbers of one picture.

A probe takes the names that an assignment defines and returns an array with two axes. Right and
wrong code get the same input. If a naive kernel of minires computes the same thing, the right
numbers come from that kernel (`NAIVE`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import minires as mr

from ...kernels import naive
from ...types import Array
from .variants import Space

Probe = Callable[[Space], Array]


@cache
def _ring() -> Array:
    """A drawn ring as a batch of two images, (2, 12, 12, 3) of float64.

    The second image is the first one upside down, with half the contrast.
    """
    drawn, _ = mr.data.synthetic(60, 10, size=12)
    ring: Array = drawn.images[55] / 255 - 0.5
    return np.stack([ring, 0.5 * ring[::-1]])


def _filters() -> Array:
    """Three filters for three channels, (3, 3, 3, 3): random numbers, and an edge in the first
    filter.
    """
    rng = np.random.default_rng(1)
    edge = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    w = 0.3 * rng.standard_normal((3, 3, 3, 3))
    w[..., 0] += edge[:, :, None] / 4
    return w


def _gradient(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(2).standard_normal(shape)


def _conv(forward, backward, stride):
    x, w = _ring(), _filters()
    y, cache = forward(x, w, stride=stride, padding=1)
    dx, dw = backward(_gradient(y.shape), cache)
    return y, dx, dw


def _student(space, stride=1):
    return _conv(space["conv2d_forward"], space["conv2d_backward"], stride)


def _naive_conv(stride=1):
    return _conv(naive.conv2d.forward, naive.conv2d.backward, stride)


def conv_y(space: Space) -> Array:
    """The first channel of a convolution's output for the first image."""
    y: Array = space["conv2d_forward"](_ring(), _filters(), stride=1, padding=1)[0]
    return y[0, :, :, 0]


def conv_naive_y(space: Space) -> Array:
    """The same channel from `conv2d_naive`."""
    y: Array = space["conv2d_naive"](_ring(), _filters(), 1, 1)
    return y[0, :, :, 0]


def conv_dx(space: Space) -> Array:
    """The gradient of the first image's first channel."""
    dx: Array = _student(space)[1]
    return dx[0, :, :, 0]


def conv_dx_stride_2(space: Space) -> Array:
    """The gradient of the first image's first channel, with stride 2."""
    dx: Array = _student(space, stride=2)[1]
    return dx[0, :, :, 0]


def conv_dw(space: Space) -> Array:
    """The gradient of the filters: a row for each filter, a column for each of its 27 weights."""
    dw: Array = _student(space)[2]
    return dw.reshape(27, 3).T


def _norm_input() -> tuple[Array, Array, Array]:
    """Images (6, 5, 5, 4) whose channels, and whose images, differ in mean and spread."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((6, 5, 5, 4)) * np.array([1.0, 2.0, 0.5, 1.5]) + np.arange(4)
    x += np.arange(6)[:, None, None, None] * 0.4
    return x, np.array([1.0, 0.5, 1.5, 2.0]), np.array([0.0, 1.0, -1.0, 0.5])


def _batch_norm(forward, backward):
    x, weight, bias = _norm_input()
    y, cache = forward(x, weight, bias)
    return y, backward(_gradient(y.shape), cache)[0]


def norm_y(space: Space) -> Array:
    """Batch norm's output: a row for each image, with 12 pixels of each channel."""
    y, weight, bias = _norm_input()
    return _rows(space["batch_norm_forward"](y, weight, bias)[0])


def norm_dx(space: Space) -> Array:
    """The gradient of batch norm's input, in the same layout."""
    return _rows(_batch_norm(space["batch_norm_forward"], space["batch_norm_backward"])[1])


def _rows(values):
    images = values.shape[0]
    return values.reshape(images, 25, 4)[:, :12].transpose(0, 2, 1).reshape(images, 48)


def _relu(forward, backward):
    x = np.random.default_rng(4).standard_normal((8, 20))
    y, cache = forward(x)
    return y, backward(_gradient(x.shape), cache)


def relu_y(space: Space) -> Array:
    """ReLU of random numbers."""
    y: Array = _relu(space["relu_forward"], space["relu_backward"])[0]
    return y


def relu_dx(space: Space) -> Array:
    """The gradient of ReLU's input."""
    dx: Array = _relu(space["relu_forward"], space["relu_backward"])[1]
    return dx


def tape_twice(space: Space) -> Array:
    """The gradient of a matrix that is used twice, in y = relu(a) @ w + a."""
    rng = np.random.default_rng(5)
    node = space["Node"]
    a, w = node(rng.standard_normal((6, 6))), node(rng.standard_normal((6, 6)))
    y = space["add"](space["matmul"](space["relu"](a), w), a)
    space["backward"](y, _gradient((6, 6)))
    grad: Array = a.grad
    return grad


def tape_bias(space: Space) -> Array:
    """The gradient of a bias that was added to every row of a batch of eight."""
    node = space["Node"]
    bias = node(np.zeros((1, 12)))
    y = space["add"](node(np.zeros((8, 12))), bias)
    space["backward"](y, _gradient((8, 12)))
    grad: Array = np.atleast_2d(bias.grad)
    return grad


def tape_relu(space: Space) -> Array:
    """The gradient of ReLU's input, by the rule of A1."""
    a = np.random.default_rng(4).standard_normal((8, 20))
    grad: Array = space["relu_backward"](_gradient(a.shape), a)
    return grad


def _moons(space: Space, steps: int) -> tuple[Array, Array]:
    """The first weights of A1's network before and after some steps."""
    from .training import moons

    parameters = moons(space)
    before = parameters[0].value.copy()
    space["train"](steps, 0.5)
    return before, parameters[0].value


def tape_step(space: Space) -> Array:
    """The change of A1's first weights in one step of training."""
    before, after = _moons(space, 1)
    moved: Array = after - before
    return moved


def tape_sixth_step(space: Space) -> Array:
    """The change of A1's first weights in six steps of training."""
    before, after = _moons(space, 6)
    moved: Array = after - before
    return moved


def he_signal(space: Space) -> Array:
    """The root mean square of the signal in 30 layers: a row of 30 numbers, as logarithms."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 100), dtype=np.float32)
    sizes = []
    for _ in range(30):
        x = np.maximum(x @ space["he_normal"]((100, 100), rng), 0)
        sizes.append(0.5 * np.log10(max(float((x**2).mean()), 1e-30)))
    return np.array([sizes])


def _block(space: Space, in_channels: int, out_channels: int, stride: int) -> tuple[Any, Any]:
    block = space["BasicBlock"](in_channels, out_channels, stride, "A", np.random.default_rng(0))
    images = _ring()[..., :1].repeat(in_channels, axis=3).astype(np.float32)
    images += 0.1 * np.random.default_rng(6).standard_normal(images.shape, dtype=np.float32)
    return block, mr.Tensor(images, requires_grad=True)


def block_y(space: Space) -> Array:
    """The first channel of a residual block's output."""
    block, x = _block(space, 4, 4, 1)
    y: Array = block(x).data
    return y[0, :, :, 0]


def block_dx(space: Space) -> Array:
    """The gradient of a residual block's input, first channel."""
    block, x = _block(space, 4, 4, 1)
    y = block(x)
    y.backward(_gradient(y.shape).astype(np.float32))
    dx: Array = x.grad
    return dx[0, :, :, 0]


def wide_block_channels(space: Space) -> Array:
    """The mean of each channel of a block that goes from 4 to 8 channels, for both images."""
    block, x = _block(space, 4, 8, 2)
    block.bn2.weight.data[...] = 0  # F(x) = 0: what is left came through the shortcut
    y: Array = block(x).data
    return y.mean(axis=(1, 2))


def net_moved(space: Space) -> Array:
    """The change of a residual net's first convolution in three steps of training.

    The four filters are the rows, their 27 weights the columns.
    """
    rng = np.random.default_rng(0)
    batches = [space["stripes"](8, 8, rng) for _ in range(3)]
    _, net = space["twins"](1, 4, 0)
    before = net.conv.weight.data.copy()
    space["train"](net, batches, 0.1)
    moved: Array = net.conv.weight.data - before
    return moved.reshape(27, 4).T


#: Probes whose right numbers come from a naive kernel of minires.
NAIVE: dict[Probe, Callable[[], Array]] = {
    conv_y: lambda: _naive_conv()[0][0, :, :, 0],
    conv_naive_y: lambda: _naive_conv()[0][0, :, :, 0],
    conv_dx: lambda: _naive_conv()[1][0, :, :, 0],
    conv_dx_stride_2: lambda: _naive_conv(stride=2)[1][0, :, :, 0],
    conv_dw: lambda: _naive_conv()[2].reshape(27, 3).T,
    norm_y: lambda: _rows(_batch_norm(naive.batch_norm.forward, naive.batch_norm.backward)[0]),
    norm_dx: lambda: _rows(_batch_norm(naive.batch_norm.forward, naive.batch_norm.backward)[1]),
    relu_y: lambda: _relu(naive.relu.forward, naive.relu.backward)[0],
    relu_dx: lambda: _relu(naive.relu.forward, naive.relu.backward)[1],
}
