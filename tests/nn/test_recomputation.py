"""A module that is run twice to keep less: the same numbers, every other state changed once, and
less memory."""

import copy
import tracemalloc

import numpy as np
import pytest

from minires import functional as F
from minires import kernels, models, nn, optim
from minires.autograd import Tensor, no_grad
from minires.diagnostics import activation_gradients, gradient_norms
from minires.errors import DtypeError, GraphError
from minires.kernels import naive
from minires.kernels.cpu import memory
from minires.nn.state import ModuleState

NETS = {
    "plain": lambda: models.plain(8, width=4),
    "resnet A": lambda: models.resnet(14, width=4),
    "resnet B": lambda: models.resnet(8, width=4, shortcut="B"),
    "resnet C": lambda: models.resnet(8, width=4, shortcut="C"),
    "pre-activation": lambda: models.resnet(14, width=4, pre_activation=True),
    "pre-activation B": lambda: models.resnet(8, width=4, pre_activation=True, shortcut="B"),
    "without batch norm": lambda: models.resnet(8, width=4, batch_norm=False),
    "fixup": lambda: models.resnet(8, width=4, batch_norm=False, init="fixup"),
    "skipinit": lambda: models.resnet(8, width=4, batch_norm=False, init="skipinit"),
    "dropping": lambda: models.resnet(26, width=4, survival_prob=0.4),
    "resnet18": lambda: models.resnet18(num_classes=10),
    "bottlenecks": lambda: models.resnet50(num_classes=10, groups=4, width_per_group=8),
}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


class Steps:
    """Some training steps, with all that they change."""

    def __init__(self, net, recompute, steps=3, size=8, requires_grad=False):
        net.recompute = recompute
        self.gradients, self.losses, self.images = [], [], []
        optimizer = optim.SGD(net.parameters(), 0.05, 0.9, weight_decay=1e-4)
        for step in range(steps):
            images = Tensor(numbers(4, size, size, 3, seed=step), requires_grad)
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), [0, 1, 2, 3])
            loss.backward()
            self.gradients.append([parameter.grad for parameter in net.parameters()])
            self.losses.append(loss.item())
            self.images.append(images.grad)
            optimizer.step()
        self.state = [array.copy() for array in (*net.state_dict().values(), *optimizer.velocities)]
        self.streams = [generator.bit_generator.state for _, generator in net.named_generators()]


def same(one, other):
    return (
        one is other is None or one is not None and other is not None and np.array_equal(one, other)
    )


@pytest.mark.parametrize("requires_grad", [False, True], ids=["images without gradient", "with"])
@pytest.mark.parametrize("name", NETS)
def test_training_is_the_same_to_the_bit(name, requires_grad):
    """Gradients, and which parameters have none; parameters after steps, running statistics, random
    streams."""
    size = 32 if name in ("resnet18", "bottlenecks") else 8
    plain, twice = (
        Steps(NETS[name](), recompute, 3 if size == 8 else 1, size, requires_grad)
        for recompute in (False, True)
    )
    assert plain.losses == twice.losses and plain.streams == twice.streams
    for one, other in zip(plain.gradients, twice.gradients, strict=True):
        assert all(same(a, b) for a, b in zip(one, other, strict=True))
    assert all(same(a, b) for a, b in zip(plain.images, twice.images, strict=True))
    assert all(same(a, b) for a, b in zip(plain.state, twice.state, strict=True))
    if name == "dropping":
        assert any(gradient is None for gradients in twice.gradients for gradient in gradients)


class Counting(nn.Module):
    """A convolution that counts its calls."""

    def __init__(self, in_channels=3, out_channels=4):
        rng = np.random.default_rng(0)
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False, rng=rng)
        self.bn = nn.BatchNorm2d(out_channels)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return nn.norm_relu(self.bn, self.conv(x))


IMAGES = numbers(2, 5, 5, 3)


def test_run_again_in_backward_and_not_before():
    net = Counting()
    y = nn.recompute(net, Tensor(IMAGES))
    assert net.calls == 1 and y._node.name == "recompute"
    y.sum().backward()
    assert net.calls == 2


def test_running_statistics_move_once():
    once, twice = Counting(), Counting()
    once(Tensor(IMAGES))
    y = nn.recompute(twice, Tensor(IMAGES))
    moved = twice.bn.running_mean.data.copy()
    y.sum().backward()
    assert moved.any() and np.array_equal(twice.bn.running_mean.data, moved)
    assert np.array_equal(once.bn.running_mean.data, moved) and np.array_equal(
        once.bn.running_var.data, twice.bn.running_var.data
    )


@pytest.mark.parametrize("part", ["buffers", "modes", "kernels"])
def test_changes_between_the_two_runs_do_not_matter(part):
    """In evaluation, where running statistics count. Before backward they change, and so do the
    mode and a kernel."""

    def gradient(recompute):
        net, x = Counting().eval(), Tensor(IMAGES, requires_grad=True)
        with kernels.use(
            conv2d=(
                lambda x, w, **settings: naive.conv2d.forward(x, 2 * w, **settings),
                naive.conv2d.backward,
            )
        ):
            y = nn.recompute(net, x) if recompute else net(x)
        before = net.bn.running_var.data.copy()
        if part == "buffers":
            net.bn.running_var.data *= 4
        if part == "modes":
            net.train()
        if part == "kernels":
            y.sum().backward()
        else:
            with kernels.use("naive"):
                y.sum().backward()
        assert np.array_equal(
            net.bn.running_var.data, before * (4 if part == "buffers" else 1)
        ) and net.bn.training == (part == "modes")
        return x.grad, net.conv.weight.grad

    assert all(
        np.allclose(one, other, rtol=1e-5, atol=1e-6)
        for one, other in zip(gradient(False), gradient(True))
    )


def test_an_error_in_the_second_run_leaves_no_trace():
    net = Counting()
    y = nn.recompute(net, Tensor(IMAGES))
    moved, weight = net.bn.running_mean.data.copy(), net.conv.weight
    net.eval().conv.weight = None
    with pytest.raises(DtypeError):
        y.sum().backward()
    assert np.array_equal(net.bn.running_mean.data, moved) and not net.bn.training
    net.conv.weight = weight
    net(Tensor(IMAGES)).sum().backward()
    assert net.conv.weight.grad is not None


def test_the_same_blocks_are_dropped_again():
    """If the second run drew again, it would use other blocks and move the stream on."""

    def drawn(recompute):
        net = models.resnet(26, width=4, survival_prob=0.3)
        net.recompute = recompute
        F.cross_entropy(net(Tensor(numbers(2, 8, 8, 3))), [0, 1]).backward()
        return [block.conv1.weight.grad is None for block in net.blocks()], net.blocks()[
            0
        ].stochastic_depth.random.bit_generator.state

    assert drawn(True) == drawn(False) and 0 < sum(drawn(True)[0]) < 12


def test_hooks_on_parameters_see_each_gradient_once():
    for used in (1, 2):
        net, seen = Counting(4, 4), []
        net.conv.weight.register_hook(lambda gradient: seen.append(gradient) or 2 * gradient)
        x = Tensor(numbers(2, 5, 5, 4), requires_grad=True)
        for _ in range(used):
            # the same weights are used twice: their gradients are summed first
            x = nn.recompute(net, x)
        x.sum().backward()
        assert len(seen) == 1 and np.array_equal(net.conv.weight.grad, 2 * seen[0])


def test_hooks_of_the_module_are_called_once_each_pass():
    net, calls = Counting(), []
    net.register_forward_hook(lambda module, inputs, y: calls.append("forward"))
    net.register_full_backward_hook(
        lambda module, grad_inputs, grad_output: calls.append(
            ("backward", grad_inputs[0].shape, grad_output.shape)
        )
    )
    nn.recompute(net, Tensor(IMAGES, requires_grad=True)).sum().backward()
    assert calls == ["forward", ("backward", (2, 5, 5, 3), (2, 5, 5, 4))] and net.calls == 2


@pytest.mark.parametrize(
    "watch",
    [
        lambda conv, calls: conv.register_forward_hook(lambda module, inputs, y: calls.append(1)),
        lambda conv, calls: setattr(
            conv, "forward", lambda x: calls.append(1) or nn.Conv2d.forward(conv, x)
        ),
    ],
)
def test_it_does_not_recompute_where_a_module_inside_is_watched(watch):
    net, calls = Counting(), []
    watch(net.conv, calls)
    nn.recompute(net, Tensor(IMAGES)).sum().backward()
    assert calls == [1] and net.calls == 1


def test_nothing_is_recorded_under_no_grad():
    net = Counting()
    with no_grad():
        y = nn.recompute(net, Tensor(IMAGES))
    assert y._node is None and not y.requires_grad and net.calls == 1


def test_backward_under_no_grad():
    net = Counting()
    y = nn.recompute(net, Tensor(IMAGES)).sum()
    with no_grad():
        y.backward()
    assert net.conv.weight.grad is not None


def test_nothing_to_train():
    y = nn.recompute(nn.ReLU(), Tensor(IMAGES))
    assert not y.requires_grad and y._node is None


def test_an_input_that_is_returned_unchanged():
    x = Tensor(IMAGES, requires_grad=True)
    (nn.recompute(nn.Identity(), x) * 3).sum().backward()
    assert (x.grad == 3).all()


class Weighted(nn.Module):
    """a w, with b left unused."""

    def __init__(self):
        self.w, self.unused = (
            nn.Parameter(np.full(3, 2, np.float32)),
            nn.Parameter(np.ones(3, np.float32)),
        )

    def forward(self, a, b):
        return a * self.w


def test_several_inputs_some_of_them_unused():
    net, a, b = (
        Weighted(),
        *(Tensor(numbers(2, 3, seed=seed), requires_grad=True) for seed in (0, 1)),
    )
    nn.recompute(net, a, b).sum().backward()
    assert (
        (a.grad == 2).all()
        and b.grad is None
        and net.unused.grad is None
        and np.array_equal(net.w.grad, a.data.sum(axis=0))
    )


def nested_and_plain():
    def block(seed):
        conv = nn.Conv2d(4, 4, 3, padding=1, rng=np.random.default_rng(seed))
        return nn.Sequential(conv, nn.BatchNorm2d(4), nn.ReLU())

    return nn.Sequential(nn.Sequential(block(0), block(1)), nn.Sequential(block(2), block(3)))


def test_nested():
    plain, nested = nested_and_plain(), nested_and_plain()
    nested.recompute = True
    for part in nested:
        part.recompute = True
    images, results = numbers(2, 5, 5, 4), []
    for net in (plain, nested):
        x = Tensor(images, requires_grad=True)
        y = net(x)
        y.sum().backward()
        results.append(
            [
                y.data,
                x.grad,
                *(p.grad for p in net.parameters()),
                *(buffer.data for _, buffer in net.named_buffers()),
            ]
        )
    assert y._node.name == "recompute" and all(same(a, b) for a, b in zip(*results, strict=True))


class AtRandom(Counting):
    """Uses a generator that is not one of its own parts."""

    def forward(self, x):
        self.calls += 1
        return self.bn(self.conv(x)) if self.calls == 1 else self.conv(x)


def test_another_computation_the_second_time_is_an_error():
    y = nn.recompute(AtRandom(), Tensor(IMAGES)).sum()
    with pytest.raises(
        GraphError, match="recompute: the second run of AtRandom used other parameters"
    ) as caught:
        y.backward()
    assert "\n" not in str(caught.value)


def test_it_is_used_up_like_any_tape():
    y = nn.recompute(Counting(), Tensor(IMAGES)).sum()
    y.backward()
    with pytest.raises(GraphError, match="used up"):
        y.backward()


@pytest.mark.parametrize(
    "call", [lambda: nn.recompute(nn.ReLU(), IMAGES), lambda: nn.recompute(Pair(), Tensor(IMAGES))]
)
def test_tensors_only(call):
    with pytest.raises(DtypeError, match="recompute: .*: expected a Tensor, got"):
        call()


class Pair(nn.Module):
    def forward(self, x):
        return x, x


def test_the_switch_of_a_net():
    net = models.resnet(8, width=4)
    assert net.recompute is False
    net.recompute = True
    assert copy.deepcopy(net).recompute is True
    logits = net(Tensor(numbers(2, 8, 8, 3)))
    assert count(logits._node, "recompute") == 3
    assert count(net.eval()(Tensor(numbers(2, 8, 8, 3)))._node, "recompute") == 0
    net.train().recompute = False
    assert count(net(Tensor(numbers(2, 8, 8, 3)))._node, "recompute") == 0


def count(node, name):
    from minires.autograd.tape import topological_order

    return sum(behind.name == name for behind in topological_order(node))


@pytest.mark.parametrize("name", ["resnet A", "pre-activation B", "dropping"])
def test_diagnostics_give_the_same_numbers(name):
    found = []
    for recompute in (False, True):
        net = NETS[name]()
        net.recompute = recompute
        images, labels = numbers(4, 8, 8, 3), [0, 1, 2, 3]
        per_layer = activation_gradients(net, images, labels)
        per_block = (
            activation_gradients(net, images, labels, of="blocks")
            if name != "pre-activation B"
            else None
        )
        F.cross_entropy(net(Tensor(images)), labels).backward()
        found.append((per_layer, per_block, gradient_norms(net)))
    assert found[0] == found[1]


def test_on_a_gpu(gpu):
    results = []
    for recompute in (False, True):
        net = models.resnet(8, width=4, survival_prob=0.9).to("gpu")
        net.recompute = recompute
        F.cross_entropy(net(Tensor(numbers(2, 8, 8, 3)).to("gpu")), [0, 1]).backward()
        results.append(
            [
                Tensor(a).to("cpu").data
                for a in (
                    *(p.grad for p in net.parameters() if p.grad is not None),
                    *(buffer.data for _, buffer in net.named_buffers()),
                )
            ]
        )
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_less_is_kept():
    """From 33 blocks only their inputs: what the tape keeps (`Module.summary`), and what NumPy
    holds during a step."""
    kept, peak = {}, {}
    for recompute in (False, True):
        net, images, labels = (
            models.resnet(68, width=4),
            Tensor(numbers(16, 16, 16, 3)),
            np.arange(16) % 10,
        )
        net.recompute = recompute
        kept[recompute] = net.summary(images.shape).kept_bytes
        F.cross_entropy(
            net(images), labels
        ).backward()  # gradients and scratch are there from now on
        memory.release()
        tracemalloc.start()
        F.cross_entropy(net(images), labels).backward()
        peak[recompute] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert kept[True] < 0.3 * kept[False] and peak[True] < 0.6 * peak[False], (kept, peak)


@pytest.mark.parametrize("forget", ["modes", "tensors", "generators"])
def test_a_mistake_is_seen(forget, monkeypatch):
    """If one part of the state is not restored, the second run differs or leaves something
    changed."""

    def without(self, module):
        original(self, module)
        setattr(self, forget, {} if forget == "tensors" else [])

    original = ModuleState.__init__
    monkeypatch.setattr(ModuleState, "__init__", without)
    with pytest.raises((AssertionError, GraphError)):
        if forget == "modes":
            test_changes_between_the_two_runs_do_not_matter("modes")
        elif forget == "tensors":
            test_running_statistics_move_once()
        else:
            test_the_same_blocks_are_dropped_again()
