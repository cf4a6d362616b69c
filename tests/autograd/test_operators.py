"""Operators of Tensors beyond arithmetic: comparisons, conversion to a single number, shapes."""

import math
import operator

import numpy as np
import pytest

from minires import gradcheck, nn
from minires.autograd import Tensor, no_grad
from minires.errors import DeviceError, ShapeError

COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
every_comparison = pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
DATA = np.array([[-1.0, 0.0, 0.1], [2.0, np.nan, np.inf]], np.float32)


@pytest.fixture
def x():
    return Tensor(DATA, requires_grad=True)


# Comparisons


@every_comparison
@pytest.mark.parametrize(
    "other",
    [
        0,
        0.1,
        True,
        np.float64(2),
        np.float32(0.1),
        np.int64(2),
        np.array(2),
        np.array([2, 0, 1]),
        np.array([[0.1], [2.0]], np.float32),
        [-1.0, 0.0, 3.0],
        np.zeros((0, 2, 3), np.float32),
    ],
    ids=lambda other: f"{type(other).__name__} {np.shape(other)}",
)
def test_comparisons_are_numpys(x, compare, other):
    """With arrays, lists and numbers on either side. Numbers take the Tensor's dtype, so that
    float32(0.1) == 0.1."""
    array = np.asarray(other, np.float32)
    for got, expected in (
        (compare(x, other), compare(DATA, array)),
        (compare(other, x), compare(array, DATA)),
    ):
        assert type(got) is np.ndarray and got.dtype == bool
        np.testing.assert_array_equal(got, expected)


@every_comparison
def test_comparisons_of_two_tensors(x, compare):
    for data in (DATA.copy(), DATA[::-1], np.float32(2), DATA.astype(np.float64)):
        np.testing.assert_array_equal(compare(x, Tensor(data)), compare(DATA, data))


@every_comparison
def test_shapes_that_do_not_fit(x, compare):
    with pytest.raises(ShapeError, match=r"do not broadcast.*\(2, 3\) and \(4,\)") as caught:
        compare(x, np.zeros(4))
    assert compare.__name__ in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("other", [None, "text", object(), {}, 1j])
def test_non_numbers_are_not_equal_and_have_no_order(x, other):
    assert (x == other) is False and (other == x) is False and (x != other) is True
    with pytest.raises(TypeError, match="not supported between instances of 'Tensor' and"):
        x < other


def test_a_boolean_array_chooses_elements(x):
    y = x[(x > 0) & (x < 10)]
    y.sum().backward()
    assert y.data.tolist() == [np.float32(0.1), 2] and x.grad.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_two_devices(gpu, x):
    there = x.to("gpu")
    for compare in COMPARISONS:
        got = compare(there, 0)
        assert Tensor(got).to("cpu").data.tolist() == compare(DATA, 0).tolist()
        with pytest.raises(DeviceError, match="expected both on the cpu, got one on the gpu"):
            compare(x, there)


def test_tensors_are_hashed_and_found_by_identity(x):
    twin = Tensor(DATA.copy())
    assert len({x, twin}) == 2 and {x: 1, twin: 2}[twin] == 2 and hash(x) == hash(x) and x in {x}
    assert len({nn.Parameter(DATA), nn.Parameter(DATA)}) == 2


# One number


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_a_single_number(shape):
    x = Tensor(np.full(shape, 2.75, np.float32), requires_grad=True)
    assert float(x) == 2.75 and int(x) == 2 and bool(x) is True and type(float(x)) is float
    assert math.sqrt(x * 4) == math.sqrt(11) and f"{float(x):.1f}" == "2.8"
    assert not Tensor(np.zeros(shape)) and Tensor(np.full(shape, np.nan))


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 3)])
def test_several_numbers_and_none(shape):
    x = Tensor(np.ones(shape))
    with pytest.raises(ShapeError, match="only a Tensor of one element is true or false.*any"):
        if x:
            pass
    for convert in (float, int):
        with pytest.raises(ShapeError, match="one element"):
            convert(x)


# abs, min, argmax


def test_abs_and_min(x):
    z = Tensor([-1.0, 2.0])
    assert abs(z).data.tolist() == z.abs().data.tolist() == [1, 2]
    y = Tensor([[3.0, 1.0], [2.0, 5.0]])
    assert y.min().item() == 1 and y.min(axis=0).data.tolist() == [2, 1]
    assert y.min(axis=1, keepdims=True).shape == (2, 1)
    rng = np.random.default_rng(0)
    gradcheck(lambda x: abs(x) * x.min(axis=(0, 2), keepdims=True), rng.standard_normal((2, 3, 2)))


def test_argmax():
    x = Tensor([[3.0, 7.0, 7.0], [9.0, 5.0, 1.0]], requires_grad=True)
    for axis, expected in ((None, 3), (0, [1, 0, 0]), (1, [1, 0]), (-1, [1, 0])):
        found = x.argmax(axis)
        assert type(found) is np.ndarray and found.dtype.kind == "i" and found.tolist() == expected
    assert Tensor(2.0).argmax() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: Tensor(np.ones((2, 2))).argmax(2),
        lambda: Tensor(np.ones((2, 2))).argmax((0, 1)),
        lambda: Tensor(np.ones((0, 2))).argmax(0),
        lambda: Tensor(np.ones(0)).min(),
    ],
)
def test_where_there_is_no_largest_or_smallest(call):
    with pytest.raises(ShapeError):
        call()


def test_argmax_on_a_gpu(gpu):
    x = Tensor(np.array([[3.0, 7.0], [9.0, 5.0]], np.float32)).to("gpu")
    found = Tensor(x.argmax(1))
    assert found.device == "gpu" and found.to("cpu").data.tolist() == [1, 0]
    assert abs(-x).to("cpu").data.tolist() == [[3, 7], [9, 5]]
    assert x.min(0).to("cpu").data.tolist() == [3, 5]


# Shapes and copies


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4, 5), (2, 0, 3)])
def test_flatten_is_pytorchs(torch, shape):
    array = np.zeros(shape, np.float32)
    x, other = Tensor(array), torch.tensor(array)
    assert x.flatten().shape == tuple(other.flatten().shape)
    for start in range(-len(shape), len(shape)):
        for end in range(-len(shape), len(shape)):
            if start % len(shape) <= end % len(shape):
                assert x.flatten(start, end).shape == tuple(other.flatten(start, end).shape)
            else:
                with pytest.raises(ShapeError, match="start_axis"):
                    x.flatten(start, end)


def test_flatten_is_on_the_tape():
    x = Tensor(np.arange(12.0).reshape(2, 2, 3), requires_grad=True)
    y = x.flatten(start_axis=1)
    (y * np.arange(12.0).reshape(2, 6)).sum().backward()
    assert y.shape == (2, 6) and np.array_equal(x.grad, x.data)
    with pytest.raises(ShapeError):
        x.flatten(3)


def test_clone(x):
    y = x.clone()
    y.data[0, 0] = 100
    assert x.data[0, 0] == -1 and type(y) is Tensor and y._node.name == "clone"
    (y * 3).sum().backward()
    assert x.grad.tolist() == [[3, 3, 3], [3, 3, 3]]
    with no_grad():
        assert x.clone()._node is None
    parameter = nn.Parameter(np.ones(2, np.float32))
    assert type(parameter.clone()) is Tensor
