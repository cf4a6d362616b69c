"""Every diagnostic leaves the net as it found it, even if the diagnostic fails, and works on every
net and device."""

import numpy as np
import pytest

from minires import backend, kernels, models, nn, optim
from minires import diagnostics as d
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError
from minires.nn.state import preserve_state

from ..diagnostics.nets import KINDS, NETS, batch, in_float64, lived_in
from ..gpu import to_cpu

EVERY_NET = NETS | KINDS

BOTH = {
    "activation_gradients": lambda net, x, y: d.activation_gradients(net, x, y),
    "activation_gradients of blocks": lambda net, x, y: d.activation_gradients(
        net, x, y, of="blocks", mode="eval"
    ),
    "responses": lambda net, x, y: d.responses(net, [(x, y), (x[:2], y[:2])]),
    "responses in training": lambda net, x, y: d.responses(net, [(x, y)], mode="train"),
    "evaluate": lambda net, x, y: d.evaluate(net, [(x, y), (x[:2], y[:2])], mode="train"),
    "input_gradients": lambda net, x, y: d.input_gradients(net, x, output=3, mode="train"),
    "gradient_path": lambda net, x, y: d.gradient_path(net, x[0], x[1], points=5),
    "gradient_correlation": lambda net, x, y: d.gradient_correlation(net, x, mode="eval"),
    "drop_each": lambda net, x, y: d.drop_each(net, [(x, y)], mode="train"),
    "drop_random": lambda net, x, y: d.drop_random(net, [(x, y)], counts=(0, 2), draws=2),
    "swap_each": lambda net, x, y: d.swap_each(net, [(x, y)], pairs=[("layer1.0", "layer1.0")]),
    "loss_line": lambda net, x, y: d.loss_line(
        net, [(x, y)], d.random_direction(net), (-1, 0, 1), mode="train"
    ),
    "loss_plane": lambda net, x, y: d.loss_plane(
        net, [(x, y)], d.random_direction(net), d.random_direction(net, 1), (0, 1), (-1, 0)
    ),
}
RESIDUAL = {
    "path_gradient": lambda net, x, y: d.path_gradient(
        net, x, y, ("layer1.0", "layer2.0"), mode="train"
    ),
    "path_gradients": lambda net, x, y: d.path_gradients(net, x, y, samples=2),
}
DIAGNOSTICS = BOTH | RESIDUAL


def in_use(net):
    """A net in the middle of training: with gradients, in mixed modes, with hooks, with a forward
    set on a module."""
    lived_in(net)
    for p in net.parameters():
        p.grad = np.ones_like(p.data)
    net.eval()
    net.layer2.train()
    net.bn1.register_forward_hook(lambda *_: None)
    net.layer1[0].conv1.register_full_backward_hook(lambda *_: None)
    net.fc.forward = type(net.fc).forward.__get__(net.fc)
    return net


def all_of(net):
    """Everything that a diagnostic could have changed."""
    tensors = [*net.named_parameters(), *net.named_buffers()]
    hooks = ("_forward_hooks", "_backward_hooks")
    return {
        "values": [(name, to_cpu(value.data).tolist()) for name, value in tensors],
        "arrays": [id(value.data) for _, value in tensors],
        "gradients": [
            (id(p.grad), None if p.grad is None else to_cpu(p.grad).tolist())
            for p in net.parameters()
        ],
        "modes": [module.training for module in net.modules()],
        "hooks": [[list(vars(module).get(kind, ())) for kind in hooks] for module in net.modules()],
        "attributes": [
            sorted(set(vars(module)) - {*hooks, "training"}) for module in net.modules()
        ],
        "forwards": [vars(module).get("forward") for module in net.modules()],
        "kernels": [kernels.find(name) for name in kernels.names()],
    }


@pytest.mark.parametrize("which", EVERY_NET)
@pytest.mark.parametrize("diagnose", DIAGNOSTICS)
def test_the_net_is_as_it_was(which, diagnose):
    if diagnose in RESIDUAL and "plain" in which:
        return
    net, (x, y) = in_use(EVERY_NET[which]()), batch()
    before, images = all_of(net), x.copy()
    DIAGNOSTICS[diagnose](net, x, y)
    assert all_of(net) == before and np.array_equal(x, images)


class Boom(Exception):
    pass


@pytest.mark.parametrize("when", ["forward", "later forward", "backward"])
@pytest.mark.parametrize("diagnose", DIAGNOSTICS)
def test_even_if_it_fails(diagnose, when):
    net, (x, y), calls = in_use(models.resnet(8, width=2)), batch(), []

    def fail(module, inputs, output):
        calls.append(1)
        if when == "backward":
            if not output.requires_grad:
                raise Boom
            output.register_hook(explode)
        elif len(calls) > (when == "later forward"):
            raise Boom

    def explode(gradient):
        raise Boom

    net.layer2[0].conv2.register_forward_hook(fail)
    before = all_of(net)
    try:
        DIAGNOSTICS[diagnose](net, x, y)
        assert when == "later forward" and len(calls) == 1
    except Boom:
        pass
    assert all_of(net) == before and calls


@pytest.mark.parametrize(
    "build",
    [
        lambda: models.resnet(8, width=2, shortcut="B"),
        lambda: models.resnet(8, width=2, shortcut="B", pre_activation=True, survival_prob=0.2),
    ],
    ids=["resnet", "pre-activation"],
)
@pytest.mark.parametrize("diagnose", DIAGNOSTICS)
def test_on_a_gpu_it_gives_what_it_gives_on_the_cpu(diagnose, build, gpu):
    net, (x, y) = lived_in(in_float64(build())), batch(dtype=np.float64)
    here = flat(DIAGNOSTICS[diagnose](net, x, y))
    net.to("gpu")
    before = all_of(net)
    there = flat(DIAGNOSTICS[diagnose](net, backend.move(x, "gpu"), y))
    assert there == pytest.approx(here, rel=1e-6, abs=1e-12, nan_ok=True) and all_of(net) == before


@pytest.mark.parametrize("diagnose", DIAGNOSTICS)
def test_a_tensor_does_for_an_array(diagnose):
    net, (x, y) = models.resnet(8, width=2), batch()
    x_as_tensor = type(
        "Images", (Tensor,), {"__getitem__": lambda self, index: Tensor(self.data[index])}
    )(x)
    assert flat(DIAGNOSTICS[diagnose](net, x_as_tensor, y)) == pytest.approx(
        flat(DIAGNOSTICS[diagnose](net, x, y)), nan_ok=True
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("diagnose", DIAGNOSTICS)
def test_nothing_changes_the_dtype(diagnose, dtype):
    net, (x, y), seen = lived_in(models.resnet(8, width=2)), batch(dtype=dtype), set()
    net = in_float64(net) if dtype == np.float64 else net
    for module in net.modules():
        module.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    DIAGNOSTICS[diagnose](net, x, y)
    assert seen == {np.dtype(dtype)}


def flat(result):
    """All numbers in records, arrays and lists of them."""
    if backend.is_array(result):
        return to_cpu(result).ravel().tolist()
    if isinstance(result, (tuple, list)):
        return [number for part in result for number in flat(part)]
    return [] if isinstance(result, str) else [result]


# The context manager alone


def test_weights_that_were_moved_are_put_back_in_place():
    """An optimiser on the GPU holds the arrays, so they must not be replaced."""
    net = nn.Linear(2, 3)
    array, before = net.weight.data, net.weight.data.copy()
    with preserve_state(net) as state:
        net.weight.data += 1
        assert np.array_equal(state["weight"], before)
    assert net.weight.data is array and np.array_equal(array, before)


def test_gradients_are_set_aside_not_added_to():
    net = nn.Linear(1, 1, bias=False)
    net.weight.grad = kept = np.full((1, 1), 5, np.float32)
    with preserve_state(net):
        net(Tensor(np.full((1, 1), 3, np.float32))).sum().backward()
        assert net.weight.grad == 3
    assert net.weight.grad is kept and kept == 5


def test_the_generator_of_stochastic_depth_goes_on_where_it_was():
    net, (x, _) = models.resnet(14, width=2, survival_prob=0.5), batch()
    (_, generator), *_ = net.named_generators()
    before = generator.bit_generator.state
    with preserve_state(net, "train"):
        net(Tensor(x))
        assert generator.bit_generator.state != before
    assert generator.bit_generator.state == before


def test_training_goes_on_as_if_no_diagnostic_had_run():
    (x, y), weights = batch(), []
    for ask in (False, True):
        net = models.resnet(8, width=2)
        optimizer = optim.SGD(net.parameters(), 0.1, 0.9)
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(net(Tensor(x)), y).backward()
            if ask:
                for diagnose in DIAGNOSTICS.values():
                    diagnose(net, x, y)
            optimizer.step()
        weights.append(net.state_dict())
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_an_unknown_mode_names_the_known():
    with pytest.raises(
        ConfigError, match="unknown mode: expected one of train, eval, got 'evaluation'"
    ):
        d.evaluate(nn.Linear(1, 1), [], mode="evaluation")
