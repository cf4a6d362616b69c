"""Handles of hooks: how a hook is removed, and what happens to hooks when a net is copied."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from minires import Tensor, models, nn
from minires.autograd import RemovableHandle
from minires.errors import DtypeError


class Watched:
    """Something with hooks: `register` adds one, and `call` calls them all."""

    def __init__(self, register, call):
        self.register, self.call = register, call


def tensor():
    x = Tensor(np.ones(2), requires_grad=True)
    return Watched(x.register_hook, lambda: (x * 2).sum().backward())


def forward():
    net, x = nn.Linear(2, 2), Tensor(np.ones((1, 2), np.float32))
    return Watched(net.register_forward_hook, lambda: net(x))


def full_backward():
    net, x = nn.Linear(2, 2), Tensor(np.ones((1, 2), np.float32), requires_grad=True)
    return Watched(net.register_full_backward_hook, lambda: net(x).sum().backward())


every_kind = pytest.mark.parametrize("kind", [tensor, forward, full_backward])


@every_kind
def test_remove_removes_that_hook_alone_and_may_be_called_again(kind):
    watched, seen = kind(), []
    handles = [watched.register(lambda *_, i=i: seen.append(i)) for i in range(3)]
    assert all(type(handle) is RemovableHandle for handle in handles)
    watched.call()
    handles[1].remove()
    handles[1].remove()
    watched.call()
    handles[0].remove()
    watched.call()
    assert seen == [0, 1, 2, 0, 2, 2]


@every_kind
def test_a_handle_in_a_with_statement_removes_its_hook_at_the_end(kind):
    watched, seen = kind(), []
    with watched.register(lambda *_: seen.append(1)) as handle:
        assert type(handle) is RemovableHandle
        watched.call()
    watched.call()
    with pytest.raises(ZeroDivisionError), watched.register(lambda *_: seen.append(2)):
        1 / 0
    watched.call()
    assert seen == [1]


@every_kind
def test_one_function_registered_twice(kind):
    watched, seen = kind(), []

    def hook(*_):
        seen.append(1)

    first, second = watched.register(hook), watched.register(hook)
    watched.call()
    second.remove()
    second.remove()  # not the first one's
    watched.call()
    first.remove()
    watched.call()
    assert seen == [1, 1, 1]


@every_kind
def test_a_hook_that_removes_itself(kind):
    watched, seen = kind(), []
    handle = watched.register(lambda *_: (seen.append("once"), handle.remove()) and None)
    watched.register(lambda *_: seen.append("always"))
    watched.call()
    watched.call()
    assert seen == ["once", "always", "always"]


def test_a_handle_keeps_no_array_alive():
    gc.disable()
    try:
        x = Tensor(np.ones(1000), requires_grad=True)
        y = x.exp()
        array, handle = weakref.ref(y.data), y.register_hook(print)
        del x, y
        assert array() is None
        handle.remove()
    finally:
        gc.enable()


calls = []


def note(module, inputs, output):
    calls.append(module)


@pytest.mark.parametrize(
    "copy_of",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
    ids=["deepcopy", "pickle"],
)
def test_a_copied_net(copy_of):
    """A module's hooks are copied with it, and the copy has its own. Hooks of parameters are not
    copied: they belong to the tape, which only the original has."""
    net, images = models.resnet(8, width=2), Tensor(np.ones((2, 8, 8, 3), np.float32))
    handle, gradients = net.fc.register_forward_hook(note), []
    net.fc.weight.register_hook(gradients.append)
    net(images).sum().backward()  # every parameter is on the tape now
    copied = copy_of(net)
    calls.clear(), gradients.clear()

    handle.remove()
    net(images).sum().backward()
    assert calls == [] and len(gradients) == 1
    copied(images).sum().backward()
    assert calls == [copied.fc] and len(gradients) == 1
    one, other = net.fc.weight.grad, copied.fc.weight.grad
    assert np.array_equal(one, other) and one is not other
    for one, other in zip(net.state_dict().values(), copied.state_dict().values(), strict=True):
        assert np.array_equal(one, other)


def test_a_handle_stored_in_the_net_is_copied_with_it():
    net, x = nn.Linear(2, 2), Tensor(np.ones((1, 2), np.float32))
    net.handle = net.register_forward_hook(note)
    copied = copy.deepcopy(net)
    copied.handle.remove()
    calls.clear()
    copied(x), net(x)
    assert calls == [net]


@pytest.mark.parametrize(
    "copy_of",
    [
        copy.copy,
        copy.deepcopy,
        lambda x: pickle.loads(pickle.dumps(x)),
    ],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copied_tensor_is_a_leaf(copy_of):
    x = nn.Parameter(np.ones(2, np.float32))
    x.note = "kept"
    y = x * 3
    y.sum().backward()
    x_copy, y_copy = copy_of(x), copy_of(y)
    (x_copy * 5 + y_copy).sum().backward()
    assert x.grad.tolist() == [3, 3]  # gradients of the copies do not reach it
    assert type(x_copy) is nn.Parameter and x_copy.grad.tolist() == [8, 8] and x_copy.note == "kept"
    assert y_copy.data.tolist() == [3, 3] and y_copy.grad.tolist() == [1, 1]


def test_the_error_for_a_hook_that_returns_a_tensor_says_what_to_return():
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    y = x * 2
    y.register_hook(lambda gradient: Tensor(gradient))
    with pytest.raises(DtypeError, match="expected an array of shape .*a Tensor; return its .data"):
        y.sum().backward()


@pytest.mark.parametrize("first", ["p", "q"])
def test_a_hook_may_write_to_the_gradient_it_is_given(first):
    """What it writes changes its own branch and no other, although `add` passes one array to
    both."""
    a, b = (Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(2))
    p, q = a * 1.0, b * 1.0

    def clip(gradient):
        np.clip(gradient, -0.1, 0.1, out=gradient)

    p.register_hook(clip)
    (p + q if first == "p" else q + p).backward(np.ones(2, np.float32))
    assert np.array_equal(b.grad, [1, 1]) and np.allclose(a.grad, 0.1)
