"""How kernels on the GPU are launched: with which grid, how often, on which arrays, and with
threads in any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minires import backend, kernels, models, optim
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.errors import DeviceError, DtypeError
from minires.kernels import gpu
from minires.kernels.gpu import conv, launch
from minires.kernels.gpu.launch import THREADS
from minires.kernels.gpu.normalization import MAX_SLABS, ROWS, sum_geometry

from .. import simulator
from ..gpu import SIMULATED, backend_on_arrays_of_numpy, in_use, to_cpu
from .checks import check, random_arrays, run
from .test_contract import EXAMPLES, arrays_and_settings


@pytest.fixture(scope="module", autouse=True)
def simulated():
    with in_use(SIMULATED):
        yield


@pytest.fixture
def launched():
    """A function that returns the names of the kernels launched since its last call."""

    def names():
        found = [name for name, _, _ in simulator.launches]
        simulator.launches.clear()
        return found

    names()
    return names


def on_gpu(*shapes, dtype=np.float32):
    return [backend.move(array.astype(dtype), "gpu") for array in random_arrays(*shapes)]


def normalised(x):
    """The cache of a batch norm of x, on the GPU."""
    channels = x.shape[-1]
    arrays = x, np.ones(channels, np.float32), np.zeros(channels, np.float32)
    return gpu.batch_norm.forward(*(backend.move(array, "gpu") for array in arrays))[1]


# Geometry


@given(st.integers(0, 10**9))
def test_each_element_gets_a_thread(elements):
    blocks, threads = launch.one_thread_each(elements)
    assert blocks * threads >= elements > (blocks - 1) * threads or elements == blocks == 0


@given(st.integers(1, 10**7), st.integers(1, 3000))
def test_each_channel_and_row_is_summed(rows, channels):
    (columns, slabs), (width, height) = sum_geometry(rows, channels)
    assert columns * width >= channels > (columns - 1) * width
    # halved until one value is left
    assert width * height == THREADS and height & (height - 1) == 0
    assert 1 <= slabs <= MAX_SLABS and (slabs - 1) * height * ROWS < rows


def test_sums_of_many_slabs():
    """Several slabs, where channels do not fill the last block and rows do not fill the last
    slab."""
    check(backend_on_arrays_of_numpy(), "batch_norm", *random_arrays((1, 60, 10, 35), (35,), (35,)))
    assert sum_geometry(600, 35)[0] == (2, 5)


def test_sums_of_a_single_thread_with_nothing_to_add():
    """Threads without a row take no part in the sum, however large the numbers are."""
    x = np.full((3, 2), 3e19, np.float32) * np.array([[1], [1], [2]], np.float32)
    cache = normalised(x)
    np.testing.assert_allclose(to_cpu(cache.mean), 4e19, rtol=1e-6)
    assert np.isfinite(to_cpu(cache.mean)).all() and not np.isnan(to_cpu(cache.var)).any()


def test_a_mean_far_from_zero_costs_no_digits():
    x = (1000 + np.random.default_rng(0).standard_normal((64, 8, 8, 4))).astype(np.float32)
    exact = x.var(axis=(0, 1, 2), dtype=np.float64)
    np.testing.assert_allclose(to_cpu(normalised(x).var), exact, rtol=1e-4)


@pytest.mark.parametrize("classes", [1, 2, 3, 10, 33, 255, 256, 257, 1000])
def test_rows_of_any_number_of_classes(classes):
    backend = backend_on_arrays_of_numpy()
    check(backend, "log_softmax", *random_arrays((2, classes)))
    check(
        backend,
        "cross_entropy",
        *random_arrays((2, classes)),
        labels=np.array([classes - 1, 0]),
        label_smoothing=0.2,
    )


def test_arrays_too_large_for_32_bits_are_refused():
    with pytest.raises(DeviceError, match="fewer than 2\\^31 elements, got 2147483648"):
        launch.launch("activation", "relu", np.float32, 1, THREADS, 2**31)


def test_other_types_are_refused():
    with pytest.raises(DtypeError, match="float32 or float64, got float16"):
        launch.launch("activation", "relu", np.float16, 1, THREADS)


# What is launched


def test_forward_and_backward_of_a_convolution(launched):
    x, w = on_gpu((4, 6, 6, 3), (3, 3, 3, 5))
    y, cache = gpu.conv2d.forward(x, w, padding=1)
    assert launched() == ["im2col"]  # and one matrix product
    gpu.conv2d.backward(y, cache)
    assert launched() == ["im2col_backward"]  # and two
    gpu.conv2d.backward(y, cache, (False, True))
    assert launched() == ["im2col"]  # the first layer
    gpu.conv2d.backward(y, cache, (True, False))
    assert launched() == ["im2col_backward"]


def test_the_columns_of_a_1x1_convolution_are_the_images(launched):
    x, w = on_gpu((4, 6, 6, 3), (1, 1, 3, 5))
    y, cache = gpu.conv2d.forward(x, w)
    gpu.conv2d.backward(y, cache)
    assert launched() == []
    gpu.conv2d.forward(x, w, stride=2)
    assert launched() == ["im2col"]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("needs", [(True, True), (False, True)])
def test_columns_are_made_for_a_few_images_at_a_time(launched, monkeypatch, groups, needs):
    x, w = random_arrays((5, 6, 5, 4), (3, 3, 4 // groups, 6))
    backend = backend_on_arrays_of_numpy()
    y, cache = backend.conv2d.forward(x, w, padding=1, groups=groups)
    dy = np.random.default_rng(3).standard_normal(y.shape)
    expected = y, *backend.conv2d.backward(dy, cache, needs)
    launched()
    columns_of_two_images = 2 * 30 * 9 * 4 // groups * 8
    monkeypatch.setattr(conv, "MAX_COLUMN_BYTES", columns_of_two_images)
    y, cache = backend.conv2d.forward(x, w, padding=1, groups=groups)
    assert launched() == ["im2col"] * 3 * groups
    for got, right in zip((y, *backend.conv2d.backward(dy, cache, needs)), expected):
        assert (got is None and right is None) or np.allclose(got, right, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(conv, "MAX_COLUMN_BYTES", 1)  # never fewer than one
    assert np.allclose(backend.conv2d.forward(x, w, padding=1, groups=groups)[0], expected[0])


def test_batch_norm_relu_and_addition_take_three_launches_each_way(launched):
    x, gain, bias, shortcut = on_gpu((4, 6, 6, 3), (3,), (3,), (4, 6, 6, 3))
    y, cache = gpu.batch_norm_relu.forward(x, gain, bias, shortcut)
    assert launched() == ["moments", "finish_moments", "normalise"]
    gpu.batch_norm_relu.backward(y, cache)
    assert launched() == ["gradient_sums", "finish_gradient_sums", "input_gradient"]
    gpu.batch_norm_relu.forward(x, gain, bias, shortcut, gain, abs(bias))
    assert launched() == ["given_statistics", "normalise"]


def test_sgd_takes_one_launch_for_all_parameters(launched):
    net = models.resnet(8, width=4).to("gpu")
    optimizer = optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=1e-4)
    for parameter in net.parameters():
        parameter.grad = parameter.data.copy()
    launched()
    optimizer.step()
    assert launched() == ["sgd"]


def test_a_training_step_runs_on_our_own_kernels(launched):
    net = models.resnet(8, width=4).to("gpu")
    (images,) = on_gpu((4, 8, 8, 3))
    F.cross_entropy(net(Tensor(images)), [0, 1, 2, 3]).backward()
    fused = launched()
    assert fused.count("normalise") == 7 and "relu" not in fused
    assert fused.count("im2col") == 7 + 1  # and one in the first layer's backward
    with kernels.use(fused=False):
        F.cross_entropy(net(Tensor(images)), [0, 1, 2, 3]).backward()
    one_by_one = launched()
    assert one_by_one.count("relu") == 7 and one_by_one.count("add") >= 3
    assert len(one_by_one) > len(fused)


@pytest.mark.parametrize(
    "depth, fused, launches", [(20, True, 185), (20, False, 232), (56, True, 527)]
)
def test_launches_of_a_training_step(launched, depth, fused, launches):
    """Only our own kernels are counted; matrix products and CuPy's copies are extra. At batch 128
    each launch takes more time in Python than on the GPU, so their number matters."""
    net = models.resnet(depth, width=2).to("gpu")
    optimizer = optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=1e-4)
    (images,) = on_gpu((2, 4, 4, 3))
    launched()
    with kernels.use(fused=fused):
        F.cross_entropy(net(Tensor(images)), [0, 1]).backward()
        optimizer.step()
    assert len(launched()) == launches


def test_empty_arrays_launch_nothing(launched):
    assert gpu.relu.forward(on_gpu((0, 3))[0])[0].shape == (0, 3) and launched() == []


# The order of threads


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_threads_may_run_in_any_order(example):
    """A forgotten barrier, or two threads that write to one address, would give other bits."""
    kernel = getattr(backend_on_arrays_of_numpy(), example.name)
    results = []
    for order in ("ascending", "descending"):
        with simulator.thread_order(order):
            y, gradients, _ = run(kernel, *arrays_and_settings(example, np.float32))
        results.append([y, *gradients])
    assert all(np.array_equal(a, b) for a, b in zip(*results))


@pytest.mark.parametrize(
    "name, shapes", [("batch_norm_relu", [(2, 40, 10, 5), (5,), (5,)]), ("log_softmax", [(3, 300)])]
)
def test_threads_of_several_blocks_and_warps_may_too(name, shapes):
    kernel = getattr(backend_on_arrays_of_numpy(), name)
    results = []
    for order in ("ascending", "descending"):
        with simulator.thread_order(order):
            y, gradients, _ = run(kernel, random_arrays(*shapes), {})
        results.append([y, *gradients])
    assert all(np.array_equal(a, b) for a, b in zip(*results))
