"""Convolution, bias, addition and ReLU in one: the same numbers as one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minires import functional as F
from minires import kernels, models, nn
from minires.autograd import Tensor, no_grad
from minires.errors import ShapeError
from minires.kernels import cpu, naive
from minires.kernels import shapes as rules
from minires.kernels.cpu import channels, plan
from minires.kernels.cpu.conv import im2col_conv2d

from .checks import backward, check, random_arrays, run
from .test_conv import CORNERS, convolutions


def case(x, w, settings, with_shortcut, seed=0):
    """Arrays for these shapes of images and weights, with a bias and, if wanted, an array to
    add."""
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    y, _ = rules.conv2d(x, w, **usual | settings)
    return random_arrays(x, w, w[-1:], *[y] * with_shortcut, seed=seed)


@pytest.mark.parametrize("with_shortcut", [False, True])
@pytest.mark.parametrize("x, w, given_settings", CORNERS.values(), ids=CORNERS)
def test_corners(backend, x, w, given_settings, with_shortcut):
    check(backend, "conv2d_relu", *case(x, w, given_settings, with_shortcut), **given_settings)


@given(convolutions(), st.booleans(), st.integers(0, 99))
def test_any_convolution(backend, shapes, with_shortcut, seed):
    check(backend, "conv2d_relu", *case(*shapes, with_shortcut, seed), **shapes[2])


@given(convolutions(), st.booleans())
def test_small_chunks(shapes, with_shortcut):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "EPILOGUE_BYTES", 1)
        patch.setattr(channels, "MAX_ROW", 1)
        check(cpu, "conv2d_relu", *case(*shapes, with_shortcut), **shapes[2])


@pytest.mark.parametrize("kernel", ["conv2d", "conv2d_relu"])
@given(convolutions(), st.integers(1, 4))
def test_all_images_in_one_product(kernel, shapes, images):
    """As with large weights."""
    x, w, given_settings = shapes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "LARGE_WEIGHTS", 0)
        plan.forward_plan.cache_clear()  # forget plans that were made before the change
        arrays = case((images, *x[1:]), w, given_settings, with_shortcut=True)
        check(cpu, kernel, *arrays[: 4 if kernel == "conv2d_relu" else 2], **given_settings)
    plan.forward_plan.cache_clear()


def test_large_weights_for_real():
    """9 MiB of them, and several images in a chunk."""
    x, w = (array.astype(np.float32) for array in random_arrays((16, 7, 7, 512), (3, 3, 512, 512)))
    y, _ = im2col_conv2d.forward(x, w, padding=1)
    for n in (0, 7, 15):
        alone, _ = im2col_conv2d.forward(x[n : n + 1], w, padding=1)
        np.testing.assert_allclose(y[n : n + 1], alone, rtol=1e-4, atol=1e-3)
    middle = np.tensordot(x[7, 2:5, 3:6].astype(np.float64), w.astype(np.float64), 3)
    np.testing.assert_allclose(y[7, 3, 4], middle, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("with_shortcut", [False, True])
@pytest.mark.parametrize(
    "x, w, settings",
    [
        ((40, 32, 32, 16), (3, 3, 16, 16), {"padding": 1}),
        ((5, 9, 7, 8), (1, 1, 8, 3), {}),
        ((20, 16, 16, 8), (3, 3, 4, 6), {"padding": 1, "stride": 2, "groups": 2}),
    ],
)
def test_the_same_numbers_as_one_after_the_other(x, w, settings, with_shortcut):
    arrays = [array.astype(np.float32) for array in case(x, w, settings, with_shortcut)]
    y, gradients, dy = run(cpu.conv2d_relu, arrays, settings)
    z, conv_cache = cpu.conv2d.forward(*arrays[:2], **settings)
    z, _ = cpu.add.forward(z, arrays[2])
    if with_shortcut:
        z, _ = cpu.add.forward(z, arrays[3])
    expected, relu_cache = cpu.relu.forward(z)
    dz = cpu.relu.backward(dy, relu_cache)
    assert np.array_equal(y, expected)
    for got, right in zip(
        gradients, (*backward(cpu.conv2d, dz, conv_cache), dz.sum(axis=(0, 1, 2)), dz)
    ):
        assert np.array_equal(got, right)
    assert (expected == 0).any() and (dz == 0).any()  # the ReLU changed something


def test_nan_is_passed_on():
    arrays = case(
        (1, 3, 3, 1), (1, 1, 1, 32), {}, False
    )  # wide enough that neighbours are not computed together
    arrays[0][0, 1, 1] = np.nan
    assert np.isnan(cpu.conv2d_relu.forward(*arrays)[0]).sum() == 32


@pytest.mark.parametrize(
    "shapes, words",
    [
        (
            [(2, 5, 5, 3), (3, 3, 3, 4), (3,)],
            "conv2d_relu: bias: expected shape (4,), got shape (3,)",
        ),
        (
            [(2, 5, 5, 3), (3, 3, 3, 4), (4,), (2, 5, 5, 4)],
            "conv2d_relu: shortcut: expected shape (2, 3, 3, 4), the output's, got shape "
            "(2, 5, 5, 4)",
        ),
        ([(2, 5, 5, 3), (3, 3, 2, 4), (4,)], "conv2d: input channels do not match the weight"),
    ],
)
def test_bad_shapes(backend, shapes, words):
    with pytest.raises(ShapeError) as caught:
        backend.conv2d_relu.forward(*random_arrays(*shapes))
    assert words in str(caught.value)


# As a function of Tensors, and in layers.


def layer_and_images():
    conv = nn.Conv2d(3, 4, 3, padding=1, rng=np.random.default_rng(0)).eval()
    conv.bias.data[...] = [0.5, -0.5, 1, -1]
    x, shortcut = (
        Tensor(array.astype(np.float32)) for array in random_arrays((2, 5, 5, 3), (2, 5, 5, 4))
    )
    return conv, x, shortcut


def kernels_called(function):
    """The names of the kernels of interest that `function` runs."""
    called, names = [], ("conv2d", "add", "relu", "add_relu", "conv2d_relu")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            for backend in (cpu, naive):
                kernel = getattr(backend, name)
                patch.setattr(
                    kernel,
                    "forward",
                    staticmethod(
                        lambda *arrays, name=name, forward=kernel.forward, **settings: (
                            called.append(name) or forward(*arrays, **settings)
                        )
                    ),
                )
        with no_grad():
            function()
    return called


@pytest.mark.parametrize("with_shortcut", [True, False])
def test_in_a_layer_the_numbers_are_the_same(with_shortcut):
    conv, x, shortcut = layer_and_images()
    added = shortcut if with_shortcut else None
    recorded = nn.conv_norm_relu(conv, nn.Identity(), x, added)
    with no_grad():
        at_once = nn.conv_norm_relu(conv, nn.Identity(), x, added)
    assert recorded.requires_grad and np.array_equal(recorded.data, at_once.data)


def test_one_kernel_unless_a_part_is_swapped_or_watched():
    conv, x, shortcut = layer_and_images()
    norm = nn.Identity()

    def layer():
        nn.conv_norm_relu(conv, norm, x, shortcut)

    assert kernels_called(layer) == ["conv2d_relu"]
    for part in ("conv2d", "add", "relu"):
        with kernels.use(**{part: (getattr(naive, part).forward, getattr(naive, part).backward)}):
            assert "conv2d_relu" not in kernels_called(layer)
    with kernels.use(fused=False):
        assert kernels_called(layer)[:2] == ["conv2d", "add"]
    with kernels.use("naive"):
        assert kernels_called(layer) == [
            "conv2d_relu",
            "conv2d",
            "relu",
        ]  # the loops are made of the parts
    seen = []
    handle = conv.register_forward_hook(lambda module, inputs, y: seen.append(y.data.min()))
    assert "conv2d" in kernels_called(layer) and seen[0] < 0
    handle.remove()
    norm.forward = lambda x: x * 2
    assert "conv2d" in kernels_called(layer)


def test_under_recording_the_parts_are_called():
    conv, x, shortcut = layer_and_images()
    y = nn.conv_norm_relu(conv, nn.Identity(), x, shortcut)
    assert y._node.name == "add_relu"
    y = F.conv2d_relu(
        x, conv.weight, conv.bias, padding=1, shortcut=shortcut
    )  # a caller of the kernel itself gets it, with its gradient
    assert y._node.name == "conv2d_relu"
    y.sum().backward()
    assert conv.weight.grad.shape == conv.weight.shape and conv.bias.grad.shape == (4,)


@pytest.mark.parametrize(
    "build",
    [
        lambda: models.resnet(8, width=4, shortcut="B"),
        lambda: models.plain(8, width=4),
        lambda: models.resnet50(num_classes=10),
        lambda: models.resnet(8, width=4, pre_activation=True),
    ],
)
def test_a_fused_net_uses_it(build):
    net = nn.fuse(build().eval())
    x = Tensor(random_arrays((2, 32, 32, 3))[0].astype(np.float32))
    expected = net(x)
    assert "conv2d_relu" in kernels_called(lambda: net(x))
    with no_grad():
        assert np.array_equal(net(x).data, expected.data)
