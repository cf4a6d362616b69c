"""Two checks of every kernel: its numbers are those of the loops in `naive`, and its gradients are
slopes.

Everything is done on plain arrays, without Tensors and without the tape.
"""

import numpy as np
import pytest

from minires.kernels import naive


def random_arrays(*shapes, seed=0, positive=False):
    """An array of normally distributed float64 numbers per shape; at least 0.5 if `positive`."""
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
    return [abs(array) + 0.5 for array in arrays] if positive else arrays


def norm_arrays(shape, seed=0):
    """Images (or rows) of that shape, and a weight and a bias for each of their channels."""
    return random_arrays(shape, shape[-1:], shape[-1:], seed=seed)


def run(kernel, arrays, settings, dy=None):
    """Forward and backward of a kernel: (y, gradients, dy), with random dL/dy if none is given."""
    y, cache = kernel.forward(*arrays, **settings)
    if dy is None:
        dy = np.asarray(np.random.default_rng(7).standard_normal(y.shape)).astype(y.dtype)
    return y, backward(kernel, dy, cache), dy


def backward(kernel, dy, cache):
    """The gradients as a tuple, also if there is only one."""
    gradients = kernel.backward(dy, cache)
    return gradients if isinstance(gradients, tuple) else (gradients,)


def check(backend, name, *arrays, **settings):
    """Both checks of one kernel, with these arrays and settings."""
    kernel, definition = getattr(backend, name), getattr(naive, name)
    y, gradients, dy = run(kernel, arrays, settings)
    if kernel is not definition:
        expected_y, expected_gradients, _ = run(definition, arrays, settings, dy)
        assert_close(y, expected_y, "y")
        assert len(gradients) == len(expected_gradients)
        for i, (gradient, expected) in enumerate(zip(gradients, expected_gradients)):
            assert_close(gradient, expected, f"gradient {i}")
    assert_slopes(lambda *moved: kernel.forward(*moved, **settings)[0], arrays, gradients, dy)


def assert_slopes(function, arrays, gradients, dy, step=1e-6):
    """Every gradient is the slope of L = sum(dy * y), measured by steps in a random direction.

    For a direction u of the input x:

        sum(dL/dx * u) = (L(x + h u) - L(x - h u)) / 2h

    A wrong element almost surely shows: the others would have to cancel it, for this one random u.
    """
    assert len(gradients) == len(arrays)
    rng = np.random.default_rng(11)
    for i, (array, gradient) in enumerate(zip(arrays, gradients)):
        assert gradient.shape == array.shape, f"input {i}: {array.shape}, gradient {gradient.shape}"
        direction = rng.standard_normal(array.shape)

        def loss(h):
            moved = [array + h * direction if j == i else other for j, other in enumerate(arrays)]
            return float((dy * function(*moved)).sum())

        slope = (loss(step) - loss(-step)) / (2 * step)
        tolerance = 1e-5 * (1 + abs(dy).sum())
        along_direction = float((gradient * direction).sum())
        assert along_direction == pytest.approx(slope, rel=1e-5, abs=tolerance), f"gradient {i}"


def assert_close(got, expected, what="", tolerance=1e-10):
    """The same shape, and numbers that differ by rounding only, relative to the largest of them."""
    assert np.shape(got) == np.shape(expected), what
    size = np.max(np.abs(expected), initial=1)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * size, err_msg=what)
