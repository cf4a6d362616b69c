"""Modules: names and order of parameters, state, modes, hooks."""

import copy

import numpy as np
import pytest

from minires import functional as F
from minires import kernels, models, nn, no_grad, optim
from minires.autograd.tensor import Tensor
from minires.errors import CheckpointError, ConfigError, DeviceError, DtypeError, ShapeError


def tensor(values, requires_grad=False):
    return Tensor(np.array(values, np.float32), requires_grad=requires_grad)


class Scale(nn.Module):
    """y = x w, elementwise."""

    def __init__(self, w):
        self.w = nn.Parameter(np.array(w, np.float32))

    def forward(self, x):
        return x * self.w


class Net(nn.Module):
    """Parameters, a buffer, modules and other attributes, deliberately out of alphabetical
    order."""

    def __init__(self):
        self.second = Scale([2])
        self.name = "net"
        self.bias = nn.Parameter(np.array([1], np.float32))
        self.first = nn.Sequential(Scale([3]), Scale([4]))
        self.count = nn.Buffer(np.array([0], np.float32))

    def forward(self, x):
        return self.second(self.first(x)) + self.bias


# Names and order


def test_parameters_in_the_order_of_assignment():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "bias",
        "second.w",
        "first.0.w",
        "first.1.w",
    ]
    assert [p.data.item() for p in net.parameters()] == [1, 2, 3, 4]
    assert [name for name, _ in net.named_buffers()] == ["count"] and net.num_parameters() == 4
    assert [name for name, _ in net.named_modules()] == [
        "",
        "second",
        "first",
        "first.0",
        "first.1",
    ]
    assert list(net.modules())[0] is net and list(net.children()) == [net.second, net.first]


def test_names_are_those_of_torchvision():
    names = list(models.resnet(8, shortcut="B").state_dict())
    assert names[:6] == [
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_mean",
        "bn1.running_var",
        "layer1.0.conv1.weight",
    ]
    assert names[-2:] == ["fc.weight", "fc.bias"]
    assert {
        "layer1.0.bn1.bias",
        "layer3.0.conv2.weight",
        "layer3.0.downsample.0.weight",
        "layer3.0.downsample.1.running_var",
    } <= set(names)


def test_a_module_in_two_places_has_its_parameters_once():
    """Otherwise the optimiser would move them twice in each step."""
    shared = Scale([3])
    net = nn.Sequential(shared, Scale([2]), shared)
    assert [name for name, _ in net.named_parameters()] == [
        "0.w",
        "1.w",
    ] and net.num_parameters() == 2
    assert net(tensor([1])).data == 3 * 2 * 3
    net.own = net[1].w
    assert net.num_parameters() == 2


def test_a_mistyped_name_is_an_error():
    with pytest.raises(AttributeError, match="secnd"):
        Net().secnd
    with pytest.raises(AttributeError):
        Net().weight


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(TypeError, match="Empty has no forward"):
        Empty()(tensor([1]))


def test_generators_are_listed_once_and_are_not_in_the_state():
    net = Net()
    assert list(net.named_generators()) == []
    net.second.random = net.first[1].random = np.random.default_rng(0)
    net.first[0].other = np.random.default_rng(0)
    assert list(net.named_generators()) == [
        ("second.random", net.second.random),
        ("first.0.other", net.first[0].other),
    ]
    assert list(net.state_dict()) == ["bias", "count", "second.w", "first.0.w", "first.1.w"]


# State


def test_state_dict_round_trip():
    net, other = models.resnet(8, width=4, seed=0), models.resnet(8, width=4, seed=1)
    net(
        Tensor(np.random.default_rng(0).standard_normal((2, 8, 8, 3), dtype=np.float32))
    )  # moves the running statistics
    other.load_state_dict(net.state_dict())
    for (name, array), loaded in zip(net.state_dict().items(), other.state_dict().values()):
        assert np.array_equal(array, loaded) and not np.shares_memory(array, loaded), name
    assert net.state_dict()["fc.weight"] is net.fc.weight.data


def test_loading_keeps_the_arrays():
    """An optimiser, or a state_dict taken earlier, keeps seeing the net's own arrays."""
    net = Net()
    array = net.bias.data
    net.load_state_dict({name: value + 1 for name, value in net.state_dict().items()})
    assert net.bias.data is array and array.item() == 2 and net.count.data.item() == 1


def without(name):
    return lambda state: state.pop(name)


def changed(name, array):
    return lambda state: state.update({name: array})


@pytest.mark.parametrize(
    "spoil, error, words",
    [
        (without("first.1.w"), CheckpointError, "; 1 missing: first.1.w"),
        (
            changed("frist.1.w", np.zeros(1, np.float32)),
            CheckpointError,
            "; 1 unexpected: frist.1.w",
        ),
        (
            changed("count", np.zeros(2, np.float32)),
            ShapeError,
            "; 1 of another shape: count (expected (1,), got (2,))",
        ),
        (changed("count", np.zeros(1)), DtypeError, "count: expected float32, got float64"),
        (
            lambda state: state.clear(),
            CheckpointError,
            "5 missing: bias, count, second.w, first.0.w, first.1.w",
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(spoil, error, words):
    net = Net()
    state = {name: array + 1 for name, array in net.state_dict().items()}
    spoil(state)
    with pytest.raises(error) as caught:
        net.load_state_dict(state)
    assert (
        words in str(caught.value)
        and str(caught.value).startswith("Net.load_state_dict: ")
        and "\n" not in str(caught.value)
    )
    assert [array.item() for array in net.state_dict().values()] == [1, 0, 2, 3, 4]


# Modes, gradients, devices


def test_train_and_eval_reach_every_module():
    net = models.resnet(8, width=4)
    assert all(module.training for module in net.modules())
    assert net.eval() is net and not any(module.training for module in net.modules())
    assert net.train() is net and all(module.training for module in net.modules())
    net.layer1.train(False)
    assert net.training and not net.layer1[0].bn1.training and net.layer2[0].bn1.training


def test_zero_grad():
    net = Net()
    net(tensor([1])).backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_buffers_get_no_gradient():
    net = Net()
    (net(tensor([1])) * net.count).backward()
    assert net.count.grad is None and not net.count.requires_grad and net.bias.requires_grad


def test_to_a_device(no_cupy):
    net = Net()
    assert net.to("cpu") is net
    with pytest.raises(DeviceError, match="^Net.to: "):
        net.to("gpu")


def test_hooks_stay_when_the_module_stays_on_its_device():
    net, seen = Net(), []
    net.bias.register_hook(lambda gradient: seen.append(gradient))
    net.to("cpu")
    net(tensor([1])).backward()
    assert len(seen) == 1


def test_a_copy_is_independent():
    """Also after the original was used: its tape does not reach the copy."""
    net = Net()
    net(tensor([1])).backward()
    other = copy.deepcopy(net)
    before = net.bias.grad.copy()
    assert np.array_equal(other.bias.grad, before) and other.bias.grad is not net.bias.grad
    other.zero_grad()
    other(tensor([1])).backward()
    assert np.array_equal(other.bias.grad, before) and np.array_equal(net.bias.grad, before)
    other.bias.data += 1
    assert not np.array_equal(other.bias.data, net.bias.data)


def test_the_repr_of_a_users_own_module_shows_its_settings():
    class Scaled(nn.Module):
        def extra_repr(self):
            return "scale=2"

    assert repr(Scaled()) == "Scaled(scale=2)"
    holder = Scaled()
    holder.inner = nn.ReLU()
    assert repr(holder) == "Scaled(\n  scale=2\n  (inner): ReLU()\n)"


def test_repr():
    assert (
        repr(
            nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1),
                nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()),
                nn.Linear(8, 2),
            )
        )
        == """\
Sequential(
  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
  (1): Sequential(
    (0): BatchNorm2d(8, eps=1e-05, momentum=0.1)
    (1): ReLU()
  )
  (2): Linear(in_features=8, out_features=2, bias=True)
)"""
    )


# Forward hooks


def test_forward_hook_sees_inputs_and_output():
    net, seen = Net(), []
    net.second.register_forward_hook(
        lambda module, inputs, output: seen.append(
            (module, inputs[0].data.item(), output.data.item())
        )
    )
    assert net(tensor([1])).data == 25
    assert seen == [(net.second, 12, 24)]


def test_forward_hooks_run_in_order_and_may_replace_the_output():
    net, seen = Scale([3]), []
    net.register_forward_hook(lambda module, inputs, output: output * 10)
    handle = net.register_forward_hook(
        lambda module, inputs, output: seen.append(output.data.item())
    )
    x = tensor([1], requires_grad=True)
    y = net(x)
    y.backward()
    assert y.data == 30 and x.grad == 30 and seen == [30]
    handle.remove()
    net(x)
    assert seen == [30]


# Backward hooks


def record(module):
    """Watch a module; the returned list grows by (grad_inputs, grad_output) at each backward."""
    seen = []
    module.register_full_backward_hook(
        lambda module, grad_inputs, grad_output: seen.append(
            ([None if g is None else g.tolist() for g in grad_inputs], grad_output.tolist())
        )
    )
    return seen


def test_backward_hook_by_hand():
    """y = 3 x, L = 5 y: dL/dy = 5, dL/dx = 15."""
    module = Scale([3])
    seen, x = record(module), tensor([2], requires_grad=True)
    (module(x) * 5).backward()
    assert seen == [([[15]], [5])] and x.grad == 15 and module.w.grad == 10


def test_backward_hook_of_a_module_used_twice():
    """y = 3 (3 x): the hook is called for each use, from the last to the first, each time with that
    use's gradients."""
    module = Scale([3])
    seen, x = record(module), tensor([2], requires_grad=True)
    module(module(x)).backward()
    assert seen == [([[3]], [1]), ([[9]], [3])] and x.grad == 9


def test_backward_hook_sees_one_modules_share_only():
    """x is also used elsewhere; the gradient from there is not part of the module's."""
    module = Scale([3])
    seen, x = record(module), tensor([2], requires_grad=True)
    (module(x) + x * 100).backward()
    assert seen == [([[3]], [1])] and x.grad == 103


def test_backward_hook_sees_the_whole_gradient_of_an_output_used_twice():
    module = Scale([3])
    seen, x = record(module), tensor([2], requires_grad=True)
    y = module(x)
    (y + y * 10).backward()
    assert seen == [([[33]], [11])]


class Product(nn.Module):
    def forward(self, a, b):
        return a * b


def test_backward_hook_with_several_inputs():
    module = Product()
    seen = record(module)
    a, b = tensor([2], requires_grad=True), tensor([3], requires_grad=True)
    module(a, b).backward()
    module(a, b.detach()).backward()
    module(a, a).backward()
    assert seen == [([[3], [2]], [1]), ([[3], None], [1]), ([[2], [2]], [1])]


def test_backward_hook_on_the_first_layer():
    """Images get no gradient, but the hook sees dL/d(output)."""
    module = Scale([3])
    seen = record(module)
    (module(tensor([2])) * 5).backward()
    assert seen == [([None], [5])]


def test_backward_hook_of_a_module_that_returns_its_input():
    module = nn.Identity()
    seen = record(module)
    (module(tensor([1], requires_grad=True)) * 5).backward()
    assert seen == [([[5]], [5])]


def test_backward_hook_removed_and_without_effect_on_gradients():
    net = models.resnet(8, width=4)
    images = Tensor(np.random.default_rng(0).standard_normal((2, 8, 8, 3), dtype=np.float32))

    def gradients():
        net.zero_grad()
        F.cross_entropy(net(images), [1, 2]).backward()
        return [p.grad for p in net.parameters()]

    plain, calls = gradients(), []
    handles = [
        module.register_full_backward_hook(
            lambda module, grad_inputs, grad_output: calls.append(module)
        )
        for module in net.modules()
    ]
    watched = gradients()
    assert all(np.array_equal(a, b) for a, b in zip(plain, watched))
    assert len(calls) == len(set(map(id, calls))) == len(handles)  # every module once
    for handle in handles:
        handle.remove()
    gradients()
    assert len(calls) == len(handles)


def test_backward_hooks_under_no_grad():
    module = Scale([3])
    seen = record(module)
    with no_grad():
        assert module(tensor([2], requires_grad=True)).data == 6
    assert seen == []


def test_a_forward_hook_that_returns_something_else_is_named():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net[0].register_forward_hook(
        lambda module, inputs, y: y.register_hook(print)
    )  # returns its handle
    with pytest.raises(
        DtypeError,
        match="forward hook on Linear: what it returned: expected a Tensor instead of the "
        "output, or None, got RemovableHandle",
    ):
        net(Tensor(np.ones((1, 2), np.float32)))


@pytest.mark.parametrize("method", ["train", "freeze"])
def test_a_mode_is_true_or_false(method):
    net = models.resnet(8, width=2).eval()
    with pytest.raises(ConfigError, match="expected True or False, got 'eval'"):
        getattr(net, method)("eval")
    assert not net.bn1.training


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Linear(2, 2, bias="no"),
        lambda: nn.Conv2d(2, 2, 3, bias="no"),
        lambda: nn.GroupNorm(1, 2, affine="no"),
        lambda: models.resnet(8, batch_norm="no"),
        lambda: models.resnet(8, pre_activation="maybe"),
        lambda: models.residual_mlp(4, batch_norm="no"),
        lambda: optim.SGD([nn.Parameter(np.ones(1))], 0.1, 0.9, nesterov="no"),
        lambda: kernels.use(fused="no"),
    ],
)
def test_the_string_no_is_not_false(build):
    with pytest.raises(ConfigError, match="expected True or False, got '(no|maybe)'"):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Linear(2, 2, rng=42),
        lambda: nn.Conv2d(2, 2, 3, rng=np.random),
        lambda: nn.Dropout(rng=5),
        lambda: nn.Linear(2, 2, std=-1),
    ],
)
def test_invalid_generators_and_standard_deviations(build):
    with pytest.raises(ConfigError, match="expected (an np.random.Generator|a number of at least)"):
        build()
