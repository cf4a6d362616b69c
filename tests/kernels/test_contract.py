"""Rules that every kernel of every backend keeps, whatever it computes."""

from typing import NamedTuple

import numpy as np
import pytest

from minires import kernels
from minires.kernels import Kernel, cpu, naive

from .checks import assert_close, backward, check, random_arrays, run


class Example(NamedTuple):
    """A kernel's name, the shapes of its arrays, and its settings."""

    name: str
    shapes: list
    settings: dict = {}
    positive: bool = False


MASK = np.random.default_rng(3).random((3, 4, 5)) < 0.7
STATISTICS = {"mean": np.array([0.3, -1.0]), "var": np.array([0.5, 2.0])}
EXAMPLES = [
    Example("add", [(2, 3, 4), (3, 1)]),
    Example("subtract", [(3, 1), (2, 3, 4)]),
    Example("multiply", [(2, 3, 4), (4,)]),
    Example("divide", [(2, 1, 4), (3, 1)], positive=True),
    Example("negative", [(2, 3)]),
    Example("abs", [(2, 3)]),
    Example("power", [(2, 3)], {"exponent": 2.5}, positive=True),
    Example("exp", [(2, 3)]),
    Example("log", [(2, 3)], positive=True),
    Example("sqrt", [(2, 3)], positive=True),
    Example("relu", [(4, 5, 3)]),
    Example("sigmoid", [(4, 5, 3)]),
    Example("tanh", [(4, 5, 3)]),
    Example("add_relu", [(4, 5, 3), (4, 5, 3)]),
    Example("add_relu", [(4, 5, 3), (5, 1)]),
    Example("matmul", [(2, 3, 4), (4, 5)]),
    Example("linear", [(3, 4), (4, 5), (5,)]),
    Example("sum", [(2, 3, 4)], {"axis": (0, 2)}),
    Example("mean", [(2, 3, 4)], {"axis": 1, "keepdims": True}),
    Example("max", [(2, 3, 4)], {"axis": -1}),
    Example("min", [(2, 3, 4)], {"axis": (0, 1), "keepdims": True}),
    Example("reshape", [(2, 3, 4)], {"shape": (4, -1)}),
    Example("transpose", [(2, 3, 4)], {"axes": (2, 0, 1)}),
    Example("pad", [(2, 3)], {"widths": ((1, 2), (0, 3))}),
    Example("getitem", [(4, 5)], {"index": (np.array([0, 2, 2]), slice(1, None, 2))}),
    Example("concatenate", [(2, 3), (2, 1), (2, 4)], {"axis": 1}),
    Example("softmax", [(3, 5)]),
    Example("log_softmax", [(3, 5)]),
    Example("mse_loss", [(3, 4, 2), (3, 4, 2)]),
    Example("dropout", [(3, 4, 5)], {"mask": MASK, "p": 0.3}),
    Example("cross_entropy", [(3, 5)], {"labels": np.array([4, 0, 2]), "label_smoothing": 0.1}),
    Example("cross_entropy", [(3, 4)], {"labels": np.array([3, 0, 2]), "weight": [1, 2, 0.5, 3]}),
    Example(
        "conv2d",
        [(3, 6, 5, 4), (3, 2, 2, 6)],
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
    ),
    Example("conv2d", [(2, 5, 6, 2), (3, 3, 2, 3)], {"padding": 1}),
    Example("conv2d", [(2, 5, 6, 2), (1, 1, 2, 3)]),
    Example(
        "conv2d_relu",
        [(3, 6, 5, 4), (3, 2, 2, 6), (6,)],
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
    ),
    Example("conv2d_relu", [(2, 5, 6, 2), (3, 3, 2, 3), (3,), (2, 5, 6, 3)], {"padding": 1}),
    Example("batch_norm", [(3, 4, 5, 2), (2,), (2,)]),
    Example("batch_norm", [(3, 4, 5, 2), (2,), (2,)], STATISTICS),
    Example("batch_norm_relu", [(3, 4, 5, 2), (2,), (2,)]),
    Example("batch_norm_relu", [(3, 4, 5, 2), (2,), (2,), (3, 4, 5, 2)], STATISTICS),
    Example("group_norm", [(3, 4, 5, 6), (6,), (6,)], {"num_groups": 3}),
    Example("max_pool2d", [(2, 6, 5, 3)], {"kernel_size": 3, "stride": 2, "padding": 1}),
    Example("avg_pool2d", [(2, 6, 5, 3)], {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1}),
    Example("global_avg_pool2d", [(2, 4, 5, 3)]),
]

every_kernel = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def arrays_and_settings(example, dtype=np.float64, seed=0):
    """The arrays and settings of an example, with all its floating-point arrays of that dtype."""
    arrays = [
        array.astype(dtype)
        for array in random_arrays(*example.shapes, seed=seed, positive=example.positive)
    ]
    settings = {
        name: value.astype(dtype)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for name, value in example.settings.items()
    }
    return arrays, settings


def test_every_backend_has_every_kernel(backend):
    names = {
        name
        for name, value in vars(backend).items()
        if isinstance(value, type) and issubclass(value, Kernel)
    }
    assert names == set(kernels.names()) == {example.name for example in EXAMPLES}


@every_kernel
def test_numbers_are_those_of_the_definition_and_gradients_are_slopes(backend, example):
    arrays, settings = arrays_and_settings(example)
    check(backend, example.name, *arrays, **settings)


@every_kernel
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(backend, example, dtype):
    y, gradients, _ = run(getattr(backend, example.name), *arrays_and_settings(example, dtype))
    assert y.dtype == dtype and [gradient.dtype for gradient in gradients] == [dtype] * len(
        gradients
    )


@every_kernel
def test_float32_is_as_good_as_it_can_be(backend, example):
    y, gradients, dy = run(
        getattr(backend, example.name), *arrays_and_settings(example, np.float32)
    )
    exact_y, exact_gradients, _ = run(
        getattr(naive, example.name), *arrays_and_settings(example), dy.astype(np.float64)
    )
    for got, exact in zip((y, *gradients), (exact_y, *exact_gradients)):
        assert_close(got, exact, tolerance=1e-5)


@every_kernel
def test_inputs_are_left_alone(backend, example):
    """And backward does not change what forward returned or kept, so it can be called again."""
    kernel = getattr(backend, example.name)
    arrays, settings = arrays_and_settings(example)
    y, cache = kernel.forward(*arrays, **settings)
    dy = np.asarray(np.random.default_rng(1).standard_normal(y.shape))
    given = [*arrays, y, dy]
    before = [array.copy() for array in given]
    first, second = backward(kernel, dy, cache), backward(kernel, dy, cache)
    fresh, _ = kernel.forward(*arrays, **settings)
    assert all(np.array_equal(array, copy) for array, copy in zip(given, before))
    assert all(np.array_equal(a, b) for a, b in zip((y, *first), (fresh, *second)))


@every_kernel
def test_calls_do_not_disturb_each_other(backend, example):
    """The next call must not use the memory in which a call's results live."""
    kernel = getattr(backend, example.name)
    arrays, settings = arrays_and_settings(example)
    expected_y, expected_gradients, dy = run(kernel, arrays, settings)
    expected = [array.copy() for array in (expected_y, *expected_gradients)]

    y, cache = kernel.forward(*arrays, **settings)
    run(kernel, *arrays_and_settings(example, seed=1))
    gradients = backward(kernel, dy, cache)
    run(kernel, *arrays_and_settings(example, seed=2))
    assert all(np.array_equal(got, right) for got, right in zip((y, *gradients), expected))


def transposed(array):
    """The same numbers, with the first axis contiguous in memory."""
    return array.T.copy().T


def every_second(array):
    """The same numbers, as every second element of a larger array along each axis."""
    large = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    view = large[(slice(None, None, 2),) * array.ndim + (...,)]
    view[...] = array
    return view


def backwards(array):
    """The same numbers, stored from last to first."""
    turned = (slice(None, None, -1),) * array.ndim
    return array[turned].copy()[turned]


@every_kernel
@pytest.mark.parametrize("layout", [transposed, every_second, backwards])
def test_memory_layout_does_not_matter(backend, example, layout):
    kernel = getattr(backend, example.name)
    arrays, settings = arrays_and_settings(example)
    y, gradients, dy = run(kernel, arrays, settings)
    laid_out, other_gradients, _ = run(
        kernel, [layout(array) for array in arrays], settings, layout(dy)
    )
    for got, expected in zip((laid_out, *other_gradients), (y, *gradients)):
        assert_close(got, expected, tolerance=1e-12)


@every_kernel
def test_a_gradient_that_is_one_number_repeated(backend, example):
    """The backward of a sum or a mean passes on a read-only view that repeats one number."""
    kernel = getattr(backend, example.name)
    arrays, settings = arrays_and_settings(example)
    y, _ = kernel.forward(*arrays, **settings)
    repeated = np.broadcast_to(np.float64(0.7), y.shape)
    _, gradients, _ = run(kernel, arrays, settings, repeated)
    _, expected, _ = run(kernel, arrays, settings, repeated.copy())
    # NumPy 2.0 multiplies such views without BLAS, and so adds up in another order.
    assert all(np.allclose(a, b, rtol=1e-13) for a, b in zip(gradients, expected))


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if getattr(cpu, e.name).takes_needs], ids=lambda e: e.name
)
def test_leaving_out_gradients_does_not_change_the_others(example):
    kernel = getattr(cpu, example.name)
    arrays, settings = arrays_and_settings(example)
    y, cache = kernel.forward(*arrays, **settings)
    dy = np.asarray(np.random.default_rng(1).standard_normal(y.shape))
    expected = kernel.backward(dy, cache)
    for i in range(len(arrays)):
        only_i = tuple(j == i for j in range(len(arrays)))
        assert_close(kernel.backward(dy, cache, only_i)[i], expected[i])
