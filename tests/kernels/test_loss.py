"""Softmax and its logarithm, cross-entropy, mean squared error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from .checks import assert_close, check, random_arrays, run


@given(array_shapes(max_dims=3, max_side=5), st.integers(0, 99))
def test_log_softmax(backend, shape, seed):
    check(backend, "log_softmax", *random_arrays(shape, seed=seed))


@given(array_shapes(max_dims=3, max_side=5), st.integers(0, 99))
def test_softmax(backend, shape, seed):
    check(backend, "softmax", *random_arrays(shape, seed=seed))


def test_softmax_by_hand(backend):
    """Of (log 1, log 3): 1/4 and 3/4. A change that raises the first lowers the second."""
    x, dy = np.log([[1.0, 3.0]]), np.array([[1.0, 0.0]])
    y, (dx,), _ = run(backend.softmax, [x], {}, dy)
    assert_close(y, [[0.25, 0.75]])
    assert_close(dx, [[3 / 16, -3 / 16]])


def test_softmax_is_the_exponential_of_its_logarithm(backend):
    (x,) = random_arrays((3, 4))
    assert_close(np.log(backend.softmax.forward(x)[0]), backend.log_softmax.forward(x)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_numbers(backend, dtype):
    x = np.array([[1e30, 0, -1e30], [-1e30, 1e4, 1e4], [-np.inf, 0, 0]], dtype)
    y, _ = backend.softmax.forward(x)
    assert_close(y, [[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]], tolerance=1e-6)


@given(array_shapes(max_dims=4, max_side=4), st.integers(0, 99))
def test_mean_squared_error(backend, shape, seed):
    check(backend, "mse_loss", *random_arrays(shape, shape, seed=seed))


def test_mean_squared_error_by_hand(backend):
    """((1 - 3)^2 + (2 - 2)^2) / 2 = 2; the derivative is 2 (x - t) / 2."""
    arrays = [np.array([1.0, 2.0]), np.array([3.0, 2.0])]
    y, (dx, dtarget), _ = run(backend.mse_loss, arrays, {}, np.array(1.0))
    assert y == 2
    assert_close(dx, [-2, 0])
    assert_close(dtarget, [2, 0])


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.integers(0, 99))
def test_cross_entropy(backend, n, classes, smoothing, seed):
    labels = np.random.default_rng(seed).integers(0, classes, n)
    check(
        backend,
        "cross_entropy",
        *random_arrays((n, classes), seed=seed),
        labels=labels,
        label_smoothing=smoothing,
    )


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.integers(0, 99))
def test_cross_entropy_with_class_weights(backend, n, classes, smoothing, seed):
    rng = np.random.default_rng(seed)
    check(
        backend,
        "cross_entropy",
        *random_arrays((n, classes), seed=seed),
        labels=rng.integers(0, classes, n),
        label_smoothing=smoothing,
        weight=rng.uniform(0.1, 3, classes),
    )


def test_class_weights_by_hand(backend):
    """Labels 1 and 0 with weights 3 and 1: the sum is divided by 3 + 1, not by 2 images."""
    logits = np.log([[1.0, 3.0], [1.0, 3.0]])
    settings = {"labels": [1, 0], "weight": [1.0, 3.0]}
    y, (dx,), _ = run(backend.cross_entropy, [logits], settings, np.array(1.0))
    assert y == pytest.approx((3 * np.log(4 / 3) + np.log(4)) / 4)
    assert_close(dx, [[3 / 16, -3 / 16], [-3 / 16, 3 / 16]])


def test_equal_class_weights_change_nothing(backend):
    (logits,) = random_arrays((4, 3))
    settings = {"labels": [0, 2, 1, 1], "label_smoothing": 0.2}
    without, gradients, _ = run(backend.cross_entropy, [logits], settings, np.array(1.0))
    settings["weight"] = [0.3] * 3
    y, found, _ = run(backend.cross_entropy, [logits], settings, np.array(1.0))
    assert y == pytest.approx(float(without))
    assert_close(found[0], gradients[0])


def test_cross_entropy_by_hand(backend):
    """Softmax of (log 1, log 3) is (1/4, 3/4). Label 1: loss log(4/3), gradient (1/4, 3/4 - 1)."""
    y, (dx,), _ = run(backend.cross_entropy, [np.log([[1.0, 3.0]])], {"labels": [1]}, np.array(1.0))
    assert y == pytest.approx(np.log(4 / 3))
    assert_close(dx, [[0.25, -0.25]])


def test_label_smoothing_by_hand(backend):
    """Smoothing 0.2 over 2 classes: the target is (0.1, 0.9)."""
    settings = {"labels": [1], "label_smoothing": 0.2}
    y, (dx,), _ = run(backend.cross_entropy, [np.log([[1.0, 3.0]])], settings, np.array(1.0))
    assert y == pytest.approx(-(0.1 * np.log(0.25) + 0.9 * np.log(0.75)))
    assert_close(dx, [[0.25 - 0.1, 0.75 - 0.9]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_do_not_overflow(backend, dtype):
    logits = np.array([[1e30, 0, -1e30], [-1e30, 1e4, 1e4]], dtype)
    y, (dx,), _ = run(backend.cross_entropy, [logits], {"labels": [0, 2]}, np.asarray(1, dtype))
    assert y == pytest.approx(np.log(2) / 2)
    assert_close(dx, [[0, 0, 0], [0, 0.25, -0.25]], tolerance=1e-6)


def test_a_class_that_is_ruled_out_costs_nothing(backend):
    """0 log 0 counts as 0, so a logit of minus infinity is harmless unless it belongs to the
    label."""
    logits = np.array([[0.0, 0.0, -np.inf]])
    y, (dx,), _ = run(backend.cross_entropy, [logits], {"labels": [0]}, np.array(1.0))
    assert y == pytest.approx(np.log(2))
    assert_close(dx, [[-0.5, 0.5, 0]])


def test_a_constant_added_to_all_logits_changes_nothing(backend):
    (logits,) = random_arrays((4, 5))
    first, second = (backend.log_softmax.forward(logits + shift)[0] for shift in (0, 1000))
    assert_close(first, second)
    assert_close(np.exp(first).sum(axis=-1), np.ones(4))


@pytest.mark.parametrize(
    "labels",
    [[1, 0], (1, 0), np.array([1, 0], np.uint8), np.array([1, 0], np.int64)],
    ids=["list", "tuple", "uint8", "int64"],
)
def test_labels_are_any_integers(backend, labels):
    y, _ = backend.cross_entropy.forward(np.log([[1.0, 3.0], [3.0, 1.0]]), labels)
    assert y == pytest.approx(np.log(4 / 3))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nan_is_not_hidden(backend, place):
    logits = np.array([[1.0, 2, 3], [1, 2, 3]])
    logits[0, place] = np.nan
    y, _ = backend.log_softmax.forward(logits)
    assert np.isnan(y[0]).all() and np.isfinite(y[1]).all()
