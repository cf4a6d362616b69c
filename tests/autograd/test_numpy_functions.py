"""NumPy's functions on Tensors give the Tensor's own operation, arrays, or an error that says what
to write instead."""

import operator

import numpy as np
import pytest

import minires.functional as F
from minires import nn
from minires.autograd import Tensor
from minires.autograd.numpy_functions import INSTEAD
from minires.errors import ConfigError, DtypeError, GraphError, MiniresError, ShapeError

DATA = np.array([[0.5, 1.5, 2.0], [3.0, 0.25, 1.0]], np.float32)
OTHER = np.array([2.0, 4.0, 0.5], np.float32)


@pytest.fixture
def x():
    return Tensor(DATA, requires_grad=True)


SAME = {
    "exp": (lambda x: np.exp(x), lambda x: x.exp()),
    "log": (lambda x: np.log(x), lambda x: x.log()),
    "sqrt": (lambda x: np.sqrt(x), lambda x: x.sqrt()),
    "abs": (lambda x: np.abs(x), lambda x: x.abs()),
    "negative": (lambda x: np.negative(x), lambda x: -x),
    "square": (lambda x: np.square(x), lambda x: x * x),
    "tanh": (lambda x: np.tanh(x), F.tanh),
    "power": (lambda x: np.power(x, 3), lambda x: x**3),
    "relu": (lambda x: np.maximum(x - 1, 0), lambda x: (x - 1).relu()),
    "relu, 0 first": (lambda x: np.maximum(0.0, x - 1), lambda x: (x - 1).relu()),
    "add": (lambda x: np.add(OTHER, x), lambda x: x + OTHER),
    "subtract": (lambda x: np.subtract(OTHER, x), lambda x: Tensor(OTHER) - x),
    "subtract from": (lambda x: np.subtract(x, OTHER), lambda x: x - OTHER),
    "multiply": (lambda x: np.multiply(x, x), lambda x: x * x),
    "divide": (lambda x: np.divide(OTHER, x), lambda x: Tensor(OTHER) / x),
    "matmul": (lambda x: np.matmul(DATA.T, x), lambda x: Tensor(DATA.T) @ x),
    "dot": (lambda x: np.dot(x, OTHER.reshape(3, 1)), lambda x: x @ OTHER.reshape(3, 1)),
    "array on the left": (lambda x: OTHER - x, lambda x: Tensor(OTHER) - x),
    "scalar on the left": (lambda x: np.float64(2) / x, lambda x: 2 / x),
    "sum": (lambda x: np.sum(x), lambda x: x.sum()),
    "sum, axis": (lambda x: np.sum(x, 0), lambda x: x.sum(0)),
    "sum, keepdims": (lambda x: np.sum(x, axis=1, keepdims=True), lambda x: x.sum(1, True)),
    "mean": (lambda x: np.mean(x, axis=(0, 1)), lambda x: x.mean()),
    "max": (lambda x: np.max(x, axis=1), lambda x: x.max(1)),
    "amin": (lambda x: np.amin(x), lambda x: x.min()),
    "reshape": (lambda x: np.reshape(x, (3, 2)), lambda x: x.reshape(3, 2)),
    "ravel": (lambda x: np.ravel(x), lambda x: x.flatten()),
    "transpose": (lambda x: np.transpose(x), lambda x: x.T),
    "transpose, axes": (lambda x: np.transpose(x, (0, 1)), lambda x: x.transpose(0, 1)),
    "concatenate": (
        lambda x: np.concatenate([OTHER.reshape(1, 3), x]),
        lambda x: F.concatenate([Tensor(OTHER.reshape(1, 3)), x]),
    ),
}


@pytest.mark.parametrize("numpys, own", SAME.values(), ids=SAME)
def test_what_a_tensor_can_do_keeps_its_gradient(numpys, own):
    results = []
    for function in (numpys, own):
        x = Tensor(DATA, requires_grad=True)
        y = function(x)
        assert type(y) is Tensor and y.requires_grad
        y.backward(np.arange(1, y.size + 1).reshape(y.shape))
        results.append((y.data, x.grad))
    for mine, expected in zip(*results):
        assert mine.dtype == np.float32 and mine.shape == expected.shape
        assert mine.tobytes() == expected.tobytes()


def test_a_parameter_is_a_tensor_too():
    layer = nn.Linear(3, 2)
    assert type(np.sum(layer.weight)) is Tensor and np.mean(layer.weight).requires_grad


INTO_ARRAYS = {
    "array = array + x": (operator.iadd, np.add),
    "array = array - x": (operator.isub, np.subtract),
    "array = array * x": (operator.imul, np.multiply),
    "array = array / x": (operator.itruediv, np.divide),
}
WAYS = {
    "array += x": lambda operators, array, x: operators[0](array, x),
    "out=array": lambda operators, array, x: operators[1](array, x, out=array),
    "(x, array, out=array)": lambda operators, array, x: operators[1](x, array, out=array),
    "out=another": lambda operators, array, x: operators[1](array, x, out=np.empty_like(array)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("instead", INTO_ARRAYS)
def test_an_array_cannot_take_a_tensor_with_its_gradient(instead, way, x):
    """NumPy cannot tell ``array += x`` from ``np.add(array, x, out=array)``."""
    array = DATA.copy()
    with pytest.raises(GraphError, match="into an array: NumPy would lose") as raised:
        way(INTO_ARRAYS[instead], array, x)
    assert f"; write {instead};" in str(raised.value) and np.array_equal(array, DATA)
    written = eval(instead.split(" = ")[1], {"array": array, "x": x})
    assert type(written) is Tensor and written.requires_grad


@pytest.mark.parametrize(
    "call",
    [
        lambda array, x: np.exp(x, out=array),
        lambda array, x: np.maximum(array, x, out=array),
        lambda array, x: np.power(x, 2, out=array, where=array > 1),
    ],
)
def test_no_function_writes_a_tensor_with_its_gradient_into_an_array(call, x):
    array = DATA.copy()
    with pytest.raises(GraphError, match="into an array: .*; write it without out=;"):
        call(array, x)
    with pytest.raises(GraphError, match=r"^np\.copyto: .*; write array = x.clone\(\);"):
        np.copyto(array, x)
    assert np.array_equal(array, DATA)


def test_off_the_tape_an_array_takes_what_it_is_given():
    """And stays the array that it is, under each of its names."""
    x = Tensor(OTHER)
    array = same = DATA.copy()
    array += x
    assert array is same and np.array_equal(array, DATA + OTHER)
    assert np.multiply(array, x, out=array) is same
    assert np.array_equal(array, (DATA + OTHER) * OTHER)
    np.maximum(array, x, out=array)
    assert np.array_equal(array, np.maximum((DATA + OTHER) * OTHER, OTHER))
    np.exp(x, out=array[0])
    np.copyto(array[1], x)
    assert np.array_equal(array, [np.exp(OTHER), OTHER])


@pytest.mark.parametrize("compare", ["less", "less_equal", "greater", "equal", "not_equal"])
def test_comparisons_are_arrays(compare, x):
    compare = getattr(np, compare)
    for mine, expected in (
        (compare(OTHER, x), compare(OTHER, DATA)),
        (compare(x, 1), compare(DATA, 1)),
    ):
        assert type(mine) is np.ndarray and np.array_equal(mine, expected)


def test_strings_are_not_numbers(x):
    words = np.array(["circle"])
    assert (words == x) is False and (words != x) is True
    with pytest.raises(TypeError):
        operator.lt(words, x)


def test_functions_without_a_derivative_return_arrays(x):
    assert np.argmax(x) == 3 and np.argmax(x, axis=1).tolist() == [2, 0]
    assert np.shape(x) == (2, 3) and np.ndim(x) == 2 and np.size(x) == 6
    assert np.allclose(x, DATA) and np.array_equal(DATA, x) and np.isfinite(x).all()
    assert np.round(x).tolist() == np.round(DATA).tolist()
    assert np.sign(x).tolist() == [[1] * 3] * 2
    assert type(np.zeros_like(x)) is np.ndarray and np.count_nonzero(x) == 6


def test_off_the_tape_numpy_computes_with_the_array():
    x = Tensor(DATA)
    assert np.median(x) == np.median(DATA) and type(np.sin(x)) is np.ndarray
    assert np.stack([x, DATA]).shape == (2, 2, 3)
    assert np.einsum("ij,ij->", x, DATA) == pytest.approx((DATA**2).sum())
    assert np.add.reduce(x).tolist() == DATA.sum(0).tolist()
    assert np.clip(x, 0, a_max=Tensor(np.float32(1))).max() == 1


LOST = {
    "np.std": lambda x: np.std(x),
    "np.where": lambda x: np.where(DATA > 1, x, 0),
    "np.clip": lambda x: np.clip(x, 0, 1),
    "np.stack": lambda x: np.stack([x, x]),
    "np.linalg.norm": lambda x: np.linalg.norm(x),
    "np.maximum": lambda x: np.maximum(x, OTHER),
    "np.log1p": lambda x: np.log1p(x),
    "np.power": lambda x: np.power(OTHER, x),
    "np.einsum": lambda x: np.einsum("ij->", x),
    "np.sin": lambda x: np.sin(x),
    "np.add.reduce": lambda x: np.add.reduce(x),
    "np.cumsum": lambda x: np.cumsum(x),
}


@pytest.mark.parametrize("name", LOST)
def test_the_message_says_what_to_write_instead(name, x):
    with pytest.raises(GraphError) as raised:
        LOST[name](x)
    message = str(raised.value)
    assert message.startswith(f"{name}: NumPy would lose this Tensor's gradient: ")
    assert INSTEAD.get(name, "minires.functional") in message and "x.data" in message


def test_what_messages_suggest_computes_what_numpy_does():
    """Each suggested expression is evaluated with its x and y, and compared with NumPy's
    function."""
    import math

    names = {"functional": F, "np": np, "math": math, "lowest": 1.0, "base": 3.0}
    y = OTHER * np.ones((2, 1), np.float32)
    mask = (DATA > 1).astype(np.float32)
    expected = {
        "np.average": np.average(DATA),
        "np.expm1": np.expm1(DATA),
        "np.hstack": np.hstack([DATA, y]),
        "np.linalg.norm": np.linalg.norm(DATA),
        "np.log10": np.log10(DATA),
        "np.log1p": np.log1p(DATA),
        "np.log2": np.log2(DATA),
        "np.maximum": np.maximum(DATA, y),
        "np.minimum": np.minimum(DATA, y),
        "np.copy": DATA,
        "np.inner": np.inner(DATA, y),
        "np.ptp": np.ptp(DATA),
        "np.power": np.power(3.0, DATA),
        "np.reciprocal": 1 / DATA,
        "np.std": np.std(DATA),
        "np.var": np.var(DATA),
        "np.vstack": np.vstack([DATA, y]),
    }
    for name, value in expected.items():
        given = {"x": Tensor(DATA, requires_grad=True), "y": Tensor(y), **names}
        written = eval(INSTEAD[name], given)
        assert written.requires_grad
        np.testing.assert_allclose(written.data, value, rtol=1e-5, err_msg=name)
    x, y = Tensor(DATA), Tensor(y)
    where = eval(INSTEAD["np.where"].split(" with ")[0], {"mask": mask, "x": x, "y": y})
    assert np.array_equal(where, np.where(mask, DATA, y.data))
    prod = eval(INSTEAD["np.prod"].split(" for ")[0], {"x": x})
    assert prod.item() == pytest.approx(np.prod(DATA), rel=1e-5)
    clip = eval(INSTEAD["np.clip"].split(" for ")[0], {"x": x, "lowest": 1.0})
    assert np.array_equal(clip, np.clip(DATA, 1, None))


@pytest.mark.parametrize(
    "call, got",
    [
        (lambda x: np.sum(x, dtype=np.float64), "dtype"),
        (lambda x: np.sum(x, 0, np.float64), "too many"),
        (lambda x: np.mean(x, out=np.zeros(())), "out"),
        (lambda x: np.add(DATA, DATA, out=x), "out"),
        (lambda x: np.add(OTHER, x, where=OTHER > 1), "where"),
        (lambda x: np.reshape(x, (3, 2), order="F"), "order"),
    ],
)
def test_arguments_that_a_tensor_lacks_are_named(call, got, x):
    with pytest.raises(ConfigError) as raised:
        call(x)
    assert f"got {got};" in str(raised.value) and "x.data" in str(raised.value)


def test_a_number_to_the_power_of_a_tensor_is_written_with_exp(x):
    for call in (lambda: 2**x, lambda: x**x):
        with pytest.raises(DtypeError, match=r"write exp\(b \* log\(a\)\)"):
            call()


def test_errors_of_the_operation_itself_are_not_replaced(x):
    with pytest.raises(ShapeError, match="^add: "):
        np.add(np.ones(2, np.float32), x)
    with pytest.raises(DtypeError, match="two dtypes"):
        np.ones(3) * x


class LikeCuPy:
    """An array that leaves operands it does not know to their own methods, as CuPy's arrays do
    (cupy/_core/core.pyx)."""

    def __init__(self, array):
        self.array = array

    def __array_ufunc__(self, ufunc, method, *inputs, **settings):
        if any(not isinstance(x, (LikeCuPy, int, float)) for x in inputs):
            return NotImplemented
        return LikeCuPy(getattr(ufunc, method)(*(getattr(x, "array", x) for x in inputs)))

    def __mul__(self, other):
        return NotImplemented if other.__array_ufunc__ is None else np.multiply(self, other)

    def __matmul__(self, other):
        if other.__array_ufunc__ is None:
            return NotImplemented
        raise TypeError("CuPy asks nobody else")


@pytest.mark.parametrize("op", [operator.mul, operator.matmul, np.multiply, np.matmul])
def test_an_array_of_another_library_on_the_left_leaves_the_operation_to_the_tensor(
    op, monkeypatch
):
    seen = []
    monkeypatch.setattr(Tensor, "_operand", lambda self, other: seen.append(other) or self)
    x, other = Tensor(np.eye(2)), LikeCuPy(OTHER)
    assert type(op(other, x)) is Tensor and seen == [other]


def test_every_error_is_one_line_from_minires(x):
    for call in LOST.values():
        with pytest.raises(MiniresError) as raised:
            call(x)
        assert "\n" not in str(raised.value)
