"""The gradient check passes right gradients, and says where a wrong one is wrong."""

import numpy as np
import pytest

from minires import functional as F
from minires import gradcheck, kernels, no_grad
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, GradcheckError
from minires.kernels import cpu


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def batch_norm(training, function=F.batch_norm):
    """Batch norm with new running statistics in each call, since training changes them."""
    return lambda x, w, b: function(
        x, Tensor(np.full(3, 0.2)), Tensor(np.full(3, 1.5)), w, b, training
    )


OPERATIONS = {
    "add": (lambda a, b: a + b, random(2, 3), random(3)),
    "subtract": (lambda a, b: a - b, random(2, 1), random(3)),
    "multiply": (lambda a, b: a * b, random(2, 3), random(3)),
    "divide": (lambda a, b: a / b, random(2, 3), 1 + abs(random(3))),
    "negative": (lambda x: -x, random(3)),
    "abs": (abs, random(3)),
    "power": (lambda x: x**3, random(3)),
    "exp": (lambda x: x.exp(), random(3)),
    "log": (lambda x: x.log(), 1 + abs(random(3))),
    "sqrt": (lambda x: x.sqrt(), 1 + abs(random(3))),
    "relu": (F.relu, random(3, 3)),
    "sigmoid": (F.sigmoid, random(3, 3)),
    "tanh": (F.tanh, random(3, 3)),
    "add_relu": (F.add_relu, random(3, 3), random(3, 1)),
    "matmul": (lambda a, b: a @ b, random(2, 3), random(3, 2)),
    "linear": (F.linear, random(2, 3), random(3, 4), random(4)),
    "sum": (lambda x: x.sum(axis=0), random(2, 3)),
    "mean": (lambda x: x.mean(axis=1), random(2, 3)),
    "max": (lambda x: x.max(axis=1), random(2, 3)),
    "min": (lambda x: x.min(axis=0, keepdims=True), random(2, 3)),
    "reshape": (lambda x: x.reshape(3, 2) * random(3, 2), random(2, 3)),
    "transpose": (lambda x: x.T * random(3, 2), random(2, 3)),
    "pad": (lambda x: F.pad(x, ((1, 0), (0, 2))), random(2, 3)),
    "getitem": (lambda x: x[[0, 0, 1], 1:], random(2, 3)),
    "concatenate": (lambda a, b: F.concatenate([a, b, a], axis=1), random(2, 3), random(2, 1)),
    "conv2d": (
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1),
        random(1, 5, 4, 2),
        random(3, 3, 2, 3),
        random(3),
    ),
    "conv2d_relu": (
        lambda x, w, b, y: F.conv2d_relu(x, w, b, stride=2, padding=1, shortcut=y),
        random(1, 5, 4, 2),
        random(3, 3, 2, 3),
        random(3),
        random(1, 3, 2, 3),
    ),
    "batch_norm": (batch_norm(True), random(3, 2, 2, 3), random(3), random(3)),
    "batch_norm_relu": (
        batch_norm(True, F.batch_norm_relu),
        random(3, 2, 2, 3),
        random(3),
        random(3),
    ),
    "batch_norm in inference": (batch_norm(False), random(3, 2, 2, 3), random(3), random(3)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), random(1, 4, 4, 2)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1), random(1, 4, 4, 2)),
    "global_avg_pool2d": (F.global_avg_pool2d, random(2, 3, 3, 2)),
    "softmax": (lambda x: F.softmax(x) * random(2, 4), random(2, 4)),
    "log_softmax": (F.log_softmax, random(2, 4)),
    "mse_loss": (F.mse_loss, random(2, 3), random(2, 3, seed=1)),
    "dropout": (lambda x: F.dropout(x, 0.4, rng=np.random.default_rng(0)), random(3, 4)),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        random(2, 2, 2, 4),
        random(4),
        random(4),
    ),
    "cross_entropy": (lambda x: F.cross_entropy(x, [1, 3], label_smoothing=0.1), random(2, 4)),
}


def test_every_operation_is_here():
    assert set(kernels.names()) <= set(OPERATIONS)


@pytest.mark.parametrize(
    "function, inputs",
    [(function, inputs) for function, *inputs in OPERATIONS.values()],
    ids=OPERATIONS,
)
def test_right_gradients_pass(function, inputs):
    report = gradcheck(function, *inputs)
    assert report.checked == sum(array.size for array in inputs) and report.kinks == 0
    assert report.worst < 1e-6
    assert gradcheck(function, *inputs, projections=4).checked == 4 * len(inputs)


def with_backward(name, change):
    """Swap in the library's kernel, but with its gradients changed."""
    kernel = getattr(cpu, name)
    return kernels.use(
        **{name: (kernel.forward, lambda dy, cache: change(kernel.backward(dy, cache)))}
    )


def doubled(gradient):
    return 2 * gradient


def one_element_off(gradients):
    gradients[1][2] += 0.5
    return gradients


def test_a_gradient_wrong_everywhere():
    with with_backward("exp", doubled), pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: x.exp(), random(4))
    message = str(caught.value)
    assert (
        message.startswith("gradcheck: wrong gradient of input 0 at element (")
        and "4 of 4 checks fail" in message
    )


def test_a_single_wrong_element_is_named():
    """The report gives the input, the place, both values and the difference."""
    with with_backward("multiply", one_element_off), pytest.raises(GradcheckError) as caught:
        gradcheck(lambda a, b: (a * b).sum(), np.array([1.0, 2, 3]), np.array([4.0, 5, 6]), seed=3)
    message = str(caught.value)
    assert (
        "wrong gradient of input 1 at element (2,)" in message
        and "off by 0.5; 1 of 6 checks fail" in message
    )
    assert (
        "(finite differences), got " in message and "(backward)" in message and "\n" not in message
    )


def two_elements_off(gradients):
    gradients[0][0] += 0.1
    return one_element_off(gradients)


def test_the_worst_of_several_wrong_elements_is_named():
    with with_backward("multiply", two_elements_off), pytest.raises(GradcheckError) as caught:
        gradcheck(lambda a, b: (a * b).sum(), np.ones(3), np.ones(3), seed=3)
    assert "input 1 at element (2,)" in str(
        caught.value
    ) and "off by 0.5; 2 of 6 checks fail" in str(caught.value)


@pytest.mark.parametrize(
    "name, change",
    [("exp", doubled), ("relu", np.zeros_like), ("exp", lambda gradient: gradient + 1e-3)],
)
def test_projections_find_it_too(name, change):
    with with_backward(name, change), pytest.raises(GradcheckError, match="at random direction"):
        gradcheck(lambda x: getattr(x, name)(), random(20), projections=3)


def test_a_gradient_that_is_missing():
    """A function that leaves the tape on the way: no gradient arrives, although the slope is not
    0."""
    with pytest.raises(GradcheckError, match="wrong gradient of input 1"):
        gradcheck(lambda a, b: a * b.detach(), random(2), random(2))


def test_an_unused_input_has_slope_zero():
    assert gradcheck(lambda a, b: a * 2, random(2), random(2)).checked == 4


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_never_passes(bad):
    with (
        with_backward("exp", lambda gradient: gradient * bad),
        pytest.raises(GradcheckError, match="nan|inf"),
    ):
        gradcheck(lambda x: x.exp(), random(3))
    with pytest.raises(GradcheckError, match="nan"):
        gradcheck(lambda x: x.log(), np.array([-1.0, 2.0]))


def test_kinks_are_counted_not_failed():
    report = gradcheck(F.relu, np.array([-1.0, 0.0, 1.0, 0.0]))
    assert report.checked == 4 and report.kinks == 2
    assert (
        gradcheck(lambda x: F.max_pool2d(x, 2), np.array([3.0, 3, 1, 0]).reshape(1, 2, 2, 1)).kinks
        == 2
    )


def test_a_wrong_gradient_at_a_kink_is_still_wrong():
    """Any value between the slopes of the two sides is fair; this one is not."""
    with (
        with_backward("relu", lambda gradient: gradient - 3),
        pytest.raises(GradcheckError, match=r"element \(0,\)"),
    ):
        gradcheck(lambda x: F.relu(x).sum(), np.array([0.0]))


def test_curvature_is_not_a_kink():
    """The slopes of x^2 to the left and right differ too, by 2 h. An error of that size must still
    fail."""
    with (
        with_backward("power", lambda gradient: gradient * (1 + 1.25e-4)),
        pytest.raises(GradcheckError, match="1 of 1 checks fail"),
    ):
        gradcheck(lambda x: x**2, np.array(1.0), step=1e-4)


def test_nothing_but_kinks_proves_nothing():
    with pytest.raises(
        GradcheckError, match="every place is a corner of the function, nothing could be checked"
    ):
        gradcheck(F.relu, np.zeros(3))


@pytest.mark.parametrize("x, projections", [(np.zeros((0, 3)), None), (np.ones(3), 0)])
def test_no_places_prove_nothing(x, projections):
    with pytest.raises(GradcheckError, match="nothing to check"):
        gradcheck(F.relu, x, projections=projections)


def test_inputs_are_converted_and_left_alone():
    x = np.array([1, 2], np.float32)
    assert (
        gradcheck(lambda x: x * x, Tensor(x)).checked
        == gradcheck(lambda x: x * x, [1, 2]).checked
        == 2
    )
    assert x.tolist() == [1, 2]


def test_the_same_seed_gives_the_same_report():
    def run(seed):
        return gradcheck(lambda x: x.exp(), random(5), projections=2, seed=seed)

    assert run(0) == run(0) != run(1)


@pytest.mark.parametrize(
    "settings, words",
    [({"step": 0}, "step: expected a number above 0"), ({"projections": 2.5}, "projections")],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(ConfigError, match=words):
        gradcheck(lambda x: x * x, np.ones(2), **settings)


def test_only_tensors_can_be_checked():
    with pytest.raises(GradcheckError, match="what the function returned: expected a Tensor"):
        gradcheck(lambda x: x.data, np.ones(2))


def test_it_works_under_no_grad():
    with no_grad():
        assert gradcheck(lambda x: x * x, np.ones(2)).checked == 2
