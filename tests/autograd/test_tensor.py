"""Tensors, and the rules of the tape: what it records, how backward walks it, what is added up and
what is freed."""

import gc
import operator
import weakref

import numpy as np
import pytest

from minires import functional as F
from minires import kernels, models, optim
from minires.autograd.tensor import Tensor
from minires.errors import DeviceError, DtypeError, GraphError, ShapeError
from minires.kernels import cpu

from ..messages import message_of


def leaf(values, dtype=np.float32):
    return Tensor(np.array(values, dtype), requires_grad=True)


# What a Tensor is


@pytest.mark.parametrize(
    "data, dtype",
    [
        (np.zeros(2, np.float32), np.float32),
        (np.zeros(2, np.float64), np.float64),
        (np.float64(1), np.float64),
        ([1.0, 2.0], np.float32),
        (1.5, np.float32),
        (3, np.float32),
        (np.arange(3), np.float32),
        (np.array([True]), np.float32),
        ([np.float64(1)], np.float32),
    ],
)
def test_dtype(data, dtype):
    assert Tensor(data).dtype == dtype


@pytest.mark.parametrize(
    "data", ["text", np.zeros(2, np.complex64), np.zeros(2, np.float16), [None], np.array(["a"])]
)
def test_data_of_another_kind(data):
    assert "expected float32, float64 or integers, got " in message_of(
        DtypeError, lambda: Tensor(data)
    )


def test_a_tensor_of_a_tensor():
    assert "use .detach()" in message_of(DtypeError, lambda: Tensor(leaf(1)))


def test_arrays_are_not_copied():
    array = np.zeros((2, 3), np.float32)
    x = Tensor(array)
    assert x.data is array and x.numpy() is array and x.detach().data is array
    assert (x.shape, x.ndim, x.size, len(x), x.device) == ((2, 3), 2, 6, 2, "cpu")


def test_item():
    assert leaf([[2.5]]).item() == 2.5 and type(leaf(2.5).item()) is float
    assert "shape (2,)" in message_of(ShapeError, lambda: leaf([1, 2]).item())


def test_to_a_device(no_cupy):
    x = leaf(1)
    assert x.to("cpu") is x
    assert message_of(DeviceError, lambda: x.to("gpu")).startswith("Tensor.to: ")


def test_repr():
    x = leaf([1, 2])
    assert repr(x) == "Tensor([1. 2.], float32, requires_grad=True)"
    assert (
        repr(x + x) == "Tensor([2. 4.], float32, from add)"
        and repr(x.detach()) == "Tensor([1. 2.], float32)"
    )


def test_looping_over_the_first_axis():
    x = leaf([[1, 2], [3, 4]])
    first, second = x
    (first.sum() + 10 * second.sum()).backward()
    assert len(list(x)) == 2 and x.grad.tolist() == [[1, 1], [10, 10]]


# Operators


NUMBERS = [
    2,
    2.0,
    True,
    np.float64(2),
    np.float32(2),
    np.int64(2),
    np.array(2.0),
    np.array([1, 2]),
    np.array([1, 2], np.uint8),
    np.array([1, 2], np.float32),
]


@pytest.mark.parametrize(
    "other", NUMBERS, ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')} {np.ndim(x)}"
)
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_numbers_and_arrays_on_either_side(op, other):
    """They take the Tensor's dtype, and the result is a Tensor on the tape."""
    for dtype in (np.float32, np.float64):
        if isinstance(other, np.ndarray) and other.dtype == np.float32 and dtype == np.float64:
            continue  # two dtypes: the next test
        x = leaf([3, 5], dtype=dtype)
        values = np.asarray(other, np.float64)
        for y, expected in ((op(x, other), op(x.data, values)), (op(other, x), op(values, x.data))):
            assert type(y) is Tensor and y.dtype == dtype and y.requires_grad
            np.testing.assert_allclose(y.data, expected, rtol=1e-6)


def test_matmul_with_an_array_on_either_side():
    x, array = leaf([[1, 2], [3, 4]]), np.array([[0, 1], [1, 0]], np.float32)
    assert (x @ array).data.tolist() == [[2, 1], [4, 3]] and (array @ x).data.tolist() == [
        [3, 4],
        [1, 2],
    ]


@pytest.mark.parametrize(
    "exponent", [2, 2.0, np.float64(2), np.float32(2), np.int64(2)], ids=lambda x: type(x).__name__
)
def test_power_takes_any_number(exponent):
    y = leaf([3, -2]) ** exponent
    assert y.dtype == np.float32 and y.data.tolist() == [9, 4]


@pytest.mark.parametrize(
    "exponent",
    [leaf(2), np.ones(1), np.array(2.0), [2], "2", None, 1j],
    ids=lambda x: type(x).__name__,
)
def test_power_takes_nothing_else(exponent):
    assert "exponent: expected a number, got " in message_of(
        DtypeError, lambda: leaf(1) ** exponent
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: x + y,
        lambda x, y: y.data * x,
        lambda x, y: x @ y.data,
        lambda x, y: F.concatenate([x, y]),
        lambda x, y: F.linear(x, y),
    ],
)
def test_two_dtypes_do_not_mix(call):
    x, y = Tensor(np.ones((2, 2), np.float32)), Tensor(np.ones((2, 2)))
    message = message_of(DtypeError, lambda: call(x, y))
    assert "float32" in message and "float64" in message and "astype" in message


def test_numpy_does_not_lose_a_gradient():
    x = leaf([1, 2])
    assert message_of(GraphError, lambda: np.asarray(x)).endswith("; pass .data to NumPy")
    assert "or .item()" in message_of(GraphError, lambda: np.array([x.sum()]))
    assert np.asarray(x.detach()).tolist() == [1, 2]


def test_methods_call_the_kernels():
    x = leaf([[1, 4], [9, 16]])
    assert (
        x.sum().item() == 30
        and x.mean(axis=0).data.tolist() == [5, 10]
        and x.max(axis=1, keepdims=True).shape == (2, 1)
    )
    assert x.sqrt().data.tolist() == [[1, 2], [3, 4]] and (-x).relu().data.sum() == 0
    assert x.log().exp().data == pytest.approx(x.data) and x.T.data.tolist() == [[1, 9], [4, 16]]
    assert x.reshape(4).shape == x.reshape((4,)).shape == x.reshape([-1]).shape == (4,)
    cube = Tensor(np.zeros((2, 3, 4)))
    assert cube.transpose().shape == cube.T.shape == (4, 3, 2)
    assert (
        cube.transpose(1, 2, 0).shape
        == cube.transpose((1, 2, 0)).shape
        == cube.transpose([1, 2, 0]).shape
        == (3, 4, 2)
    )
    assert cube[0, 1:, None].shape == (2, 1, 4)


# Gradients


def test_gradients_by_hand():
    x, y = leaf(2.0), leaf(3.0)
    ((x * y + x) ** 2 / y).backward()  # L = (xy + x)^2 / y = 64 / 3
    assert x.grad == pytest.approx(2 * 8 * (3 + 1) / 3)
    assert y.grad == pytest.approx(2 * 8 * 2 / 3 - 64 / 9)


def test_a_tensor_used_twice_gets_the_sum():
    x = leaf(3.0)
    (x * x + x).backward()
    assert x.grad == 2 * 3 + 1


def test_the_tape_adds_up_gradients_whatever_addition_was_swapped_in():
    x, nonsense = leaf(3.0), (lambda a, b: (a * 100, None), lambda dy, cache: (dy, dy))
    with kernels.use(add=nonsense):
        (x * x).backward()
    assert x.grad == 2 * 3


def test_a_tensor_used_a_thousand_times():
    x, total = leaf(1.0), 0
    for i in range(1000):
        total = total + x * i
    total.backward()
    assert x.grad == sum(range(1000))


def test_a_chain_of_five_thousand():
    """No recursion: neither backward nor freeing the chain may need a stack as deep as the chain is
    long."""
    x = leaf(1.0)
    y = x
    for _ in range(5000):
        y = y + 1
    y.backward()
    assert y.item() == 5001 and x.grad == 1

    y = x
    for _ in range(5000):
        y = y + 1
    del y  # a chain without a backward


@pytest.mark.parametrize("doublings", [15, 40])
def test_forty_doublings_take_forty_steps(doublings):
    """There are 2^40 paths back to x, and each node is visited once. A backward that walks every
    path would take days for 40 doublings, so 15 are tried first."""
    steps = []

    def counted(dy, cache):
        steps.append(1)
        return cpu.add.backward(dy, cache)

    x = leaf(1.0)
    y = x
    with kernels.use(add=(cpu.add.forward, counted)):
        for _ in range(doublings):
            y = y + y
    y.backward()
    assert len(steps) == doublings and x.grad == 2**doublings


def test_gradients_add_up_over_backward_calls():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5, 7]


def test_a_single_numbers_gradient_is_an_array_too():
    x = leaf(1.0)
    for _ in range(3):
        (x * 2).backward()
        assert type(x.grad) is np.ndarray and x.grad.shape == ()


def test_gradients_share_no_memory():
    """add passes one array on to both of its inputs, and a leaf must not get dL/dy itself."""
    a, b = leaf([1, 2]), leaf([3, 4])
    given = np.ones(2, np.float32)
    (a + b).backward(given)
    a.grad += 1
    assert b.grad.tolist() == [1, 1] and given.tolist() == [1, 1]

    c = leaf([1, 2])
    c.backward(given)
    c.grad += 1
    assert given.tolist() == [1, 1]


def test_sums_of_gradients_do_not_spill_over():
    """x gets its gradient in three parts; the arrays that the parts came in are also other Tensors'
    gradients."""
    x, a, b = leaf(1.0), leaf(1.0), leaf(1.0)
    y = x + a
    z = x + b
    (y + z + x).backward()
    assert (x.grad, a.grad, b.grad) == (3, 1, 1)


def test_gradients_are_writable_arrays_of_the_tensors_own():
    x = leaf([1, 2, 3])
    x.sum().backward()  # the kernel's gradient is one number, repeated read-only
    x.grad *= 2
    assert x.grad.tolist() == [2, 2, 2]


def test_broadcasting_is_undone():
    row, column = leaf([1, 2, 3]), leaf([[1], [2]])
    (row * column).sum().backward()
    assert row.grad.tolist() == [3, 3, 3] and column.grad.tolist() == [[6], [6]]


def test_more_than_one_number_needs_a_gradient_to_start_from():
    x = leaf([1, 2])
    message = message_of(ShapeError, lambda: (x * 2).backward())
    assert message.startswith(
        "backward: gradient can be left out only for a one-element Tensor: expected one "
        "element, such as a mean loss, got shape (2,)"
    )
    (x * 2).backward([1, 10])
    assert x.grad.tolist() == [2, 20] and x.grad.dtype == np.float32
    assert "expected shape (2,), got shape (3,)" in message_of(
        ShapeError, lambda: (x * 2).backward([1, 2, 3])
    )


def test_one_number_in_any_shape_is_its_own_loss():
    x = leaf([[[3.0]]])
    (x * x).backward()
    assert x.grad.tolist() == [[[6]]]


def test_backward_without_a_parameter_is_an_error():
    assert "this Tensor requires no gradient" in message_of(
        GraphError, lambda: (Tensor([1.0]) * 2).backward()
    )


def test_only_the_gradients_that_are_needed_are_computed():
    asked = []

    def backward(dy, cache, needs):
        asked.append(needs)
        return cpu.matmul.backward(dy, cache, needs)

    a, b = leaf([[1, 2]]), leaf([[1], [2]])
    with kernels.use(matmul=(cpu.matmul.forward, backward)):
        for x, y in ((a, b), (a.detach(), b), (a, b.detach())):
            (x @ y).backward()
    assert asked == [(True, True), (False, True), (True, False)]
    assert a.grad.tolist() == [[2, 4]] and b.grad.tolist() == [[2], [4]]


def test_inputs_without_gradient_get_none():
    x, image = leaf(2.0), Tensor(np.float32(3))
    (x * image).backward()
    assert x.grad == 3 and image.grad is None


# The tape


def test_backward_twice():
    y = leaf(2.0) ** 2
    y.backward()
    message = message_of(GraphError, y.backward)
    assert message == (
        "backward: the tape behind this Tensor was used up by an earlier backward (at "
        "power): expected one backward "
        "for each forward, got a second one; run the forward pass again, or add the losses first"
    )


def test_two_losses_one_after_the_other():
    """The first backward uses up the part that both share. Added together the two losses work."""
    x = leaf(2.0)
    shared = x * x
    first, second = shared + 1, shared * 3
    first.backward()
    before = x.grad.copy()
    assert "(at multiply)" in message_of(GraphError, second.backward)
    assert x.grad == before == 4  # the failed backward changed nothing

    x.grad = None
    shared = x * x
    (shared + 1 + shared * 3).backward()
    assert x.grad == 4 * 4


def test_a_leaf_can_be_used_again_and_again():
    x = leaf(2.0)
    for _ in range(3):
        x.grad = None
        (x * x).backward()
        assert x.grad == 4


def test_caches_are_freed_as_the_walk_proceeds():
    """When the first kernel's backward runs, the later one's cache must be gone already."""
    seen = []

    def backward(dy, cache):
        seen.append(later.cache is None)
        return dy

    x = leaf(1.0)
    with kernels.use(negative=(lambda x: (-x, "cache"), backward)):
        y = (-x).exp()
    later = y._node
    y.backward()
    assert seen == [True] and later.parents == ()


def test_memory_is_freed_without_the_garbage_collector():
    """Reference counts alone must do it: a cycle would keep a net's arrays until the collector
    runs."""
    gc.collect()
    gc.disable()
    try:
        x = Tensor(np.ones(1000), requires_grad=True)
        hidden = x.exp()
        loss = (hidden * hidden).mean()
        array = weakref.ref(hidden.data)
        del hidden
        assert array() is not None  # the multiplication's backward needs it
        loss.backward()
        assert array() is None

        hidden = x.exp()
        array, node = weakref.ref(hidden.data), hidden * 2
        del hidden, node  # no backward at all
        assert array() is None
    finally:
        gc.enable()


def test_arrays_that_no_backward_needs_are_not_kept():
    x = Tensor(np.ones(1000), requires_grad=True)
    hidden = x + 1
    y = hidden + 1
    array = weakref.ref(hidden.data)
    del hidden
    assert array() is None
    y.sum().backward()
    assert (x.grad == 1).all()


def test_a_leaf_that_nobody_holds_any_more():
    """The tape does not keep a leaf alive, and the leaf's node does not keep gradients from the
    others."""
    x, gone = leaf(1.0), leaf(2.0)
    y = x + gone
    array = weakref.ref(gone.data)
    gc.disable()
    try:
        del gone
        assert array() is None
    finally:
        gc.enable()
    y.backward()
    assert x.grad == 1


# detach


def test_detach_cuts_the_tape():
    x = leaf(3.0)
    (x * (x * 2).detach()).backward()
    assert x.grad == 6


# Hooks


def test_hook_on_a_leaf_sees_the_summed_gradient_once():
    seen, x = [], leaf(3.0)
    x.register_hook(lambda gradient: seen.append(float(gradient)))
    (x * x + x).backward()
    assert seen == [7] and x.grad == 7


def test_hook_on_an_intermediate_tensor_used_twice_fires_once():
    seen, x = [], leaf(3.0)
    y = x * 2
    y.register_hook(lambda gradient: seen.append(float(gradient)))
    (y * 10 + y).backward()
    assert seen == [11] and x.grad == 22


def test_hooks_run_in_order_and_may_replace_the_gradient():
    seen, x = [], leaf([1.0, 2.0])
    y = x * 2
    y.register_hook(lambda gradient: gradient * 10)
    y.register_hook(lambda gradient: seen.append(gradient.tolist()))
    x.register_hook(lambda gradient: gradient + 1)
    y.sum().backward()
    assert seen == [[10, 10]] and x.grad.tolist() == [21, 21]


def test_hooks_are_called_in_order_from_the_loss_back():
    order, x = [], leaf(1.0)
    y = x * 2
    z = y + 1
    for name, tensor in (("x", x), ("z", z), ("y", y)):
        tensor.register_hook(lambda gradient, name=name: order.append(name))
    z.backward()
    assert order == ["z", "y", "x"]


def test_hook_removed():
    seen, x = [], leaf(1.0)
    handles = [x.register_hook(lambda gradient, i=i: seen.append(i)) for i in range(3)]
    handles[1].remove()
    (x * 2).backward()
    assert seen == [0, 2]


def test_hook_that_removes_itself():
    seen, x = [], leaf(1.0)

    def once(gradient):
        seen.append("once")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda gradient: seen.append("always"))
    (x * 2).backward()
    (x * 2).backward()
    assert seen == ["once", "always", "always"]


def test_hook_on_a_leaf_stays_for_the_next_backward():
    seen, x = [], leaf(1.0)
    x.register_hook(lambda gradient: seen.append(float(gradient)))
    (x * 2).backward()
    (x * 3).backward()
    assert seen == [2, 3] and x.grad == 5


@pytest.mark.parametrize(
    "replacement, error, words",
    [
        (lambda gradient: gradient[:1], ShapeError, "expected shape (2,), got shape (1,)"),
        (lambda gradient: 3.0, ShapeError, "expected shape (2,), got shape ()"),
        (lambda gradient: gradient * np.float64(2), DtypeError, "expected float32, got float64"),
    ],
)
def test_a_hooks_replacement_must_fit(replacement, error, words):
    x = leaf([1.0, 2.0])
    x.register_hook(replacement)
    assert words in message_of(error, (x * 2).sum().backward)


def test_hook_without_gradient():
    assert "this Tensor gets no gradient" in message_of(
        GraphError, lambda: Tensor([1.0]).register_hook(print)
    )


# float32 from input to update


def test_float32_through_a_whole_training_step():
    net = models.resnet(8, width=4, shortcut="B")
    optimizer = optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
    schedule = optim.MultiStepLR(optimizer, [1], warmup=2)
    images = np.random.default_rng(0).standard_normal((4, 8, 8, 3), dtype=np.float32)
    for _ in range(2):
        net.zero_grad()
        loss = F.cross_entropy(net(Tensor(images)), [0, 1, 2, 3], label_smoothing=0.1)
        loss.backward()
        optim.clip_grad_norm(net.parameters(), 0.01)
        optimizer.step()
        schedule.step()
    arrays = {"loss": loss.data, **net.state_dict()}
    arrays |= {f"{name}.grad": parameter.grad for name, parameter in net.named_parameters()}
    arrays |= {f"velocity {i}": velocity for i, velocity in enumerate(optimizer.velocities)}
    assert {name: array.dtype for name, array in arrays.items() if array.dtype != np.float32} == {}


@pytest.mark.parametrize(
    "operand", [None, "1.5", 1j, object()], ids=["None", "text", "complex", "object"]
)
def test_operands_that_are_not_numbers(operand):
    with pytest.raises(DtypeError, match="the other operand"):
        Tensor([1.0, 2.0]) + operand


def test_lists_of_numbers_take_the_tensors_dtype():
    assert (Tensor([1.0, 2.0]) + [1.5, 2.5]).dtype == np.float32


def test_a_matrix_of_numpy_becomes_an_array():
    """Its * would be a matrix product."""
    x = Tensor(np.matrix([[1.0, 2], [3, 4]]))
    assert type(x.data) is np.ndarray and np.array_equal((x * x).data, [[1, 4], [9, 16]])


def test_lists_of_uneven_lengths():
    assert "expected lists of one length" in message_of(DtypeError, lambda: Tensor([[1, 2], [3]]))
