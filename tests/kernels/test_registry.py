"""Kernels by name, and replacing them by one's own."""

import gc
import threading
from contextlib import ExitStack
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from minires import functional as F
from minires import kernels, models
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, DtypeError, MiniresError, ShapeError
from minires.kernels import Kernel, cpu, naive, registry
from minires.kernels.kernel import as_kernel


class spy:
    """A pair such as a learner writes: the library's own kernel, and a list of its calls."""

    def __init__(self, name):
        self.kernel, self.calls = getattr(cpu, name), []

    def forward(self, *arrays, **settings):
        self.calls.append("forward")
        return self.kernel.forward(*arrays, **settings)

    def backward(self, dy, cache):
        self.calls.append("backward")
        return self.kernel.backward(dy, cache)


def ones(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


def forward_pair(x):
    return x + 100, None


def backward_pair(dy, cache):
    return dy * 7


def test_found_by_name():
    assert kernels.find("relu") is cpu.relu
    assert kernels.names() == sorted(kernels.names()) and "conv2d" in kernels.names()


def test_as_a_context_manager():
    with kernels.use(relu=naive.relu):
        assert kernels.find("relu") is naive.relu and kernels.find("exp") is cpu.exp
    assert kernels.find("relu") is cpu.relu


@pytest.fixture
def default_restored():
    """`set_default` lasts, so a test must restore what it changes."""
    before = registry._default
    yield
    registry._default = before


def test_set_default_and_back(default_restored):
    kernels.set_default("naive", fused=False, exp=cpu.exp)
    kernels.set_default(relu=cpu.relu)  # adds to what was set before
    assert kernels.find("relu") is cpu.relu and kernels.find("exp") is cpu.exp
    assert kernels.find("log") is naive.log and not kernels.use_fused("batch_norm_relu")
    kernels.set_default("cpu", fused=True, exp=None, relu=None)
    assert kernels.find("log") is cpu.log and kernels.use_fused("batch_norm_relu")
    with kernels.use("naive"):
        assert kernels.find("relu") is naive.relu  # no longer swapped


def test_set_default_is_for_all_threads_and_blocks_come_first(default_restored):
    with kernels.use(relu=naive.relu, fused=True):
        in_thread(kernels.set_default, "naive", relu=cpu.relu, exp=cpu.exp, fused=False)
        assert kernels.find("relu") is naive.relu and kernels.find("exp") is cpu.exp
        assert kernels.find("log") is naive.log and registry.in_use().fused is True
    assert kernels.find("relu") is cpu.relu and in_thread(kernels.find, "log") is naive.log


def in_thread(function, *arguments, **settings):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **settings)))
    thread.start()
    thread.join()
    return results[0]


def test_a_block_that_is_never_entered_changes_nothing_and_warns():
    with pytest.warns(
        UserWarning,
        match=r"kernels.use: changed nothing, because it acts in a block: write `with "
        r"kernels.use\(...\):`, "
        r"or kernels.set_default\(...\) for good",
    ) as caught:
        kernels.use(relu=naive.relu)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert kernels.find("relu") is cpu.relu


def test_a_block_that_is_used_does_not_warn(recwarn):
    with kernels.use(relu=naive.relu):
        pass
    block = kernels.use(relu=naive.relu)
    with ExitStack() as stack:
        stack.enter_context(block)
    del block

    @kernels.use(relu=naive.relu)
    def never_called():
        pass

    del never_called
    with pytest.raises(ConfigError):
        kernels.use("naiv")
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_as_a_decorator():
    @kernels.use(relu=naive.relu)
    def found(depth):
        return found(depth - 1) if depth else kernels.find("relu")

    assert found(0) is found(3) is naive.relu and kernels.find("relu") is cpu.relu


def test_one_block_entered_again_and_again():
    block = kernels.use(relu=naive.relu)
    for _ in range(2):
        with block, kernels.use(relu=None), block:
            assert kernels.find("relu") is naive.relu
        assert kernels.find("relu") is cpu.relu


def test_threads_have_their_own_kernels():
    with kernels.use(relu=naive.relu):
        assert in_thread(kernels.find, "relu") is cpu.relu


def test_a_generator_does_not_swap_its_consumers_kernels():
    def with_loops():
        with kernels.use("naive", relu=cpu.relu):
            while True:
                yield kernels.find("exp"), kernels.find("relu"), kernels.find("log")

    suspended = with_loops()
    for _ in range(2):
        assert (
            next(suspended) == (naive.exp, cpu.relu, naive.log) and kernels.find("exp") is cpu.exp
        )
        # the block around the generator; the generator's own kernels come first
        with kernels.use(relu=naive.relu, log=cpu.log):
            assert next(suspended) == (naive.exp, cpu.relu, cpu.log)
            assert kernels.find("relu") is naive.relu and kernels.find("exp") is cpu.exp


def test_the_kernels_of_an_earlier_moment_can_be_used_again(default_restored):
    """A second run of the same code needs the kernels of the first, whatever has changed since."""
    with kernels.use("naive", log=cpu.log, fused=False):
        choice = registry.in_use()
    kernels.set_default(relu=cpu.relu)
    with kernels.use(exp=cpu.exp, log=None, fused=True), registry.as_it_was(choice):
        assert registry.in_use() == registry.Choice(
            "naive", False, {name: cpu.log if name == "log" else None for name in kernels.names()}
        )
        assert [kernels.find(name) for name in ("relu", "exp", "log")] == [
            naive.relu,
            naive.exp,
            cpu.log,
        ]


def test_a_whole_backend():
    with kernels.use("naive"):
        assert all(kernels.find(name) is getattr(naive, name) for name in kernels.names())
    assert kernels.find("conv2d") is cpu.conv2d


def test_own_kernels_come_before_the_backend():
    with kernels.use("naive", relu=cpu.relu):
        assert kernels.find("relu") is cpu.relu and kernels.find("exp") is naive.exp


def test_nested():
    with kernels.use(relu=naive.relu):
        with kernels.use("naive", relu=None, exp=cpu.exp):
            assert kernels.find("relu") is naive.relu and kernels.find("exp") is cpu.exp
            assert kernels.find("log") is naive.log
        with kernels.use(relu=None):
            assert kernels.find("relu") is cpu.relu
        assert kernels.find("relu") is naive.relu
    assert kernels.find("relu") is cpu.relu and kernels.find("log") is cpu.log


def test_an_exception_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), kernels.use("naive", relu=cpu.relu):
        1 / 0
    assert kernels.find("relu") is cpu.relu and kernels.find("exp") is cpu.exp


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: kernels.use(conv2=naive.conv2d), "did you mean 'conv2d'?"),
        (lambda: kernels.use("naiv"), "did you mean 'naive'?"),
        (lambda: kernels.set_default("naiv"), "kernels.set_default: unknown backend"),
        (
            lambda: kernels.set_default(exp=naive.exp, relu=3),
            "kernels.set_default(relu=...): not a kernel",
        ),
        (
            lambda: kernels.use(exp=cpu.exp, relu=3),
            "kernels.use(relu=...): not a kernel: expected a Kernel",
        ),
        (lambda: kernels.use(relu=(forward_pair,)), "not a kernel"),
        (lambda: kernels.use(relu=(forward_pair, 3)), "not a kernel"),
        (lambda: kernels.use(relu=SimpleNamespace(forward=forward_pair)), "not a kernel"),
    ],
)
def test_bad_names_and_pairs_change_nothing(call, words):
    with pytest.raises(ConfigError) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert kernels.find("relu") is cpu.relu and kernels.find("exp") is cpu.exp


class as_class(Kernel):
    forward, backward = forward_pair, backward_pair


class as_plain_class:
    forward, backward = forward_pair, backward_pair


as_module = ModuleType("my_relu")
as_module.forward, as_module.backward = forward_pair, backward_pair


@pytest.mark.parametrize(
    "pair",
    [
        as_class,
        as_plain_class,
        as_module,
        (forward_pair, backward_pair),
        [forward_pair, backward_pair],
        SimpleNamespace(forward=forward_pair, backward=backward_pair),
    ],
    ids=["Kernel", "class", "module", "tuple", "list", "object"],
)
def test_forms_of_a_pair(pair):
    x = ones(2)
    with kernels.use(relu=pair):
        y = F.relu(x)
        y.sum().backward()
    assert y.data.tolist() == [101, 101] and x.grad.tolist() == [7, 7]


def test_the_tape_remembers_which_kernel_ran():
    """Backward uses the kernel whose forward was recorded, whatever has been swapped in since."""
    x = ones(2)
    with kernels.use(relu=(forward_pair, backward_pair)):
        y = F.relu(x)
    y.sum().backward()
    assert x.grad.tolist() == [7, 7]


def test_needs_is_an_offer_not_a_duty():
    assert as_kernel("relu", (forward_pair, backward_pair), cpu.relu).takes_needs is False
    assert (
        as_kernel("relu", (forward_pair, lambda dy, cache, needs: dy), cpu.relu).takes_needs is True
    )


def test_a_learners_convolution_runs_in_a_resnet():
    mine, net = spy("conv2d"), models.resnet(8, width=4)
    with kernels.use(conv2d=mine):
        F.cross_entropy(net(Tensor(np.ones((2, 8, 8, 3), np.float32))), [0, 1]).backward()
    assert mine.calls == ["forward"] * 7 + ["backward"] * 7


def wrong_shape(dy, cache):
    return dy[:1]


def wrong_dtype(dy, cache):
    return dy.astype(np.float64)


def python_number(dy, cache):
    return 2.0


def too_many(dy, cache):
    return dy, dy


def none_at_all(dy, cache):
    return None


@pytest.mark.parametrize(
    "backward, error, words",
    [
        (wrong_shape, ShapeError, "gradient of input 0: expected shape (3, 2), got shape (1, 2)"),
        (wrong_dtype, DtypeError, "gradient of input 0: expected float32, got float64"),
        (python_number, ShapeError, "got shape ()"),
        (
            too_many,
            ShapeError,
            "number of gradients: expected 1, one for each array that forward takes, got 2",
        ),
        (none_at_all, ShapeError, "got None"),
    ],
)
def test_a_learners_wrong_gradient_is_caught_by_the_tape(backward, error, words):
    with kernels.use(relu=(cpu.relu.forward, backward)):
        y = F.relu(ones(3, 2))
    with pytest.raises(error) as caught:
        y.sum().backward()
    message = str(caught.value)
    assert message.startswith("relu.backward: ") and words in message and "\n" not in message


def no_cache(x):
    return x


def three_things(x):
    return x, None, None


def other_dtype(x):
    return x.astype(np.float64), None


@pytest.mark.parametrize(
    "forward, words",
    [
        (no_cache, "relu.forward: result: expected a tuple (y, cache), got ndarray"),
        (three_things, "relu.forward: result: expected a tuple (y, cache), got a tuple of 3"),
        (other_dtype, "relu.forward: result: expected float32, got float64"),
    ],
)
def test_a_learners_wrong_result_is_caught_by_the_tape(forward, words):
    """Among them the most common slip: to return y alone. An array of two rows would unpack into a
    y and a cache."""
    with kernels.use(relu=(forward, cpu.relu.backward)), pytest.raises(MiniresError) as caught:
        F.relu(ones(2, 2))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_whole_net_on_the_loops_agrees_with_the_fast_kernels():
    images = np.random.default_rng(0).standard_normal((2, 8, 8, 3))
    gradients = {}
    for backend in ("cpu", "naive"):
        net = models.resnet(8, width=2, num_classes=3, shortcut="A")
        for tensor in [*net.parameters(), *(buffer for _, buffer in net.named_buffers())]:
            tensor.data = tensor.data.astype(np.float64)
        with kernels.use(backend):
            loss = F.cross_entropy(net(Tensor(images)), [0, 2])
            loss.backward()
        gradients[backend] = [loss.data] + [parameter.grad for parameter in net.parameters()]
    for fast, slow in zip(gradients["cpu"], gradients["naive"]):
        np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "forward",
    [lambda x, w: None, lambda self, x, w, stride=1, padding=0, dilation=1, groups=1: None],
)
def test_a_forward_that_cannot_be_called_as_the_librarys(forward):
    """A convolution that takes no stride, and one written with self. Both would fail in the middle
    of a net."""
    with pytest.raises(ConfigError, match="conv2d=.*forward does not fit.*stride=1, padding=0"):
        kernels.use(conv2d=(forward, lambda dy, cache: None))


def test_names_that_do_not_exist():
    with pytest.raises(ConfigError, match="did you mean 'relu'"):
        kernels.find("rleu")
    with pytest.raises(ConfigError, match="did you mean 'adam'"):
        kernels.device_function("adm")
