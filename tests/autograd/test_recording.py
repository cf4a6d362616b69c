"""Which operations are recorded on the tape, inside and outside of no_grad and enable_grad.

`tests/kernels/test_scope.py` tests how a setting is bound to a with block; this file tests what it
does to Tensors.
"""

import asyncio
import threading
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

import minires as mr
from minires import models
from minires.autograd import Tensor, enable_grad, is_recording, no_grad


@pytest.fixture
def x():
    return Tensor(np.ones(3), requires_grad=True)


def recorded(x):
    """Whether an operation that runs now is on the tape."""
    y = x * 2
    assert y.requires_grad == (y._node is not None) == is_recording()
    return y.requires_grad


def test_no_grad(x):
    assert recorded(x)
    with no_grad():
        assert not recorded(x)
        with no_grad():
            assert not recorded(x)
        assert not recorded(x)
    assert recorded(x)


def test_enable_grad_inside_no_grad(x):
    with no_grad():
        with enable_grad():
            assert recorded(x)
            with no_grad():
                assert not recorded(x)
            assert recorded(x)
        assert not recorded(x)


def test_no_grad_ends_with_an_exception(x):
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0
    assert recorded(x)


@pytest.mark.parametrize("decorator", [no_grad, no_grad()], ids=["without parentheses", "with"])
def test_decorator(x, decorator):
    @decorator
    def times_two(depth):
        """Calls itself: each call has its own block."""
        return times_two(depth - 1) if depth else recorded(x)

    @decorator
    def fails():
        raise ZeroDivisionError

    assert not times_two(0) and not times_two(3) and times_two.__name__ == "times_two"
    with pytest.raises(ZeroDivisionError):
        fails()
    assert recorded(x)


@pytest.mark.parametrize("decorator", [no_grad, no_grad()], ids=["without parentheses", "with"])
def test_decorator_of_a_generator(x, decorator):
    @decorator
    def batches():
        for _ in range(3):
            yield recorded(x)

    for inside in batches():
        assert not inside and recorded(x)


def test_decorator_of_a_method(x):
    class Meter:
        @no_grad()
        def measure(self, x):
            return recorded(x)

    assert not Meter().measure(x) and recorded(x)


def test_a_generator_never_switches_recording_for_its_consumer(x):
    def evaluation():
        with no_grad():
            yield recorded(x)
            with enable_grad():
                yield recorded(x)
            yield recorded(x)

    inside = []
    for value in evaluation():
        inside.append(value)
        assert recorded(x)
    assert inside == [False, True, False]

    with no_grad():
        for value in evaluation():
            assert not recorded(x)


def test_training_in_a_generator_that_is_consumed_under_no_grad(x):
    def training():
        with enable_grad():
            for _ in range(3):
                x.grad = None
                (x * x).sum().backward()
                yield x.grad

    steps = training()
    next(steps)
    with no_grad():
        for gradient in steps:
            assert gradient.tolist() == [2, 2, 2] and not recorded(x)


def test_context_managers_built_on_no_grad(x):
    @contextmanager
    def evaluating(net):
        net.eval()
        with no_grad():
            yield net
        net.train()

    with evaluating(models.resnet(8, width=2)):
        assert not recorded(x)
    with ExitStack() as stack:
        stack.enter_context(no_grad())
        assert not recorded(x)
    assert recorded(x)


def test_threads_that_overlap(x):
    """The first thread enters, the second enters, the first leaves, the second leaves. With a
    single switch for all threads, recording would stay off for good after that."""
    steps, seen = [threading.Event() for _ in range(3)], {}

    def first():
        with no_grad():
            steps[0].set()
            steps[1].wait(10)
        seen["first"] = recorded(x)
        steps[2].set()

    def second():
        steps[0].wait(10)
        seen["second, before"] = recorded(x)
        with no_grad():
            steps[1].set()
            steps[2].wait(10)
            seen["second, inside"] = recorded(x)
        seen["second, after"] = recorded(x)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {
        "first": True,
        "second, before": True,
        "second, inside": False,
        "second, after": True,
    }
    assert recorded(x)


def test_tasks(x):
    async def evaluate():
        with no_grad():
            for _ in range(3):
                await asyncio.sleep(0)
                assert not recorded(x)

    async def train():
        for _ in range(5):
            await asyncio.sleep(0)
            assert recorded(x)

    async def main():
        await asyncio.gather(evaluate(), train(), evaluate(), train())
        with no_grad():
            assert await asyncio.gather(child(), child()) == [False, False]

    async def child():
        return recorded(x)

    asyncio.run(main())


@pytest.fixture
def off():
    with no_grad():
        yield


def test_a_fixture(x, off):
    assert not recorded(x)


def test_no_grad_does_not_stop_backward(x):
    """Backward walks a tape that is already there. What a hook computes meanwhile is not
    recorded."""
    y, seen = (x * x).sum(), []
    x.register_hook(lambda gradient: seen.append(recorded(x)))
    with no_grad():
        y.backward()
    assert x.grad.tolist() == [2, 2, 2] and seen == [False]


def test_both_names_are_one_object():
    assert mr.no_grad is mr.autograd.no_grad and mr.enable_grad is mr.autograd.enable_grad
