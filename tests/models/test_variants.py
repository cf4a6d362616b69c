"""Successors of the residual net of 2015: the blocks, the start and the gradients of each variant,
and properties of all of them."""

import numpy as np
import pytest

from minires import backend, gradcheck, models, nn
from minires import functional as F
from minires.errors import ConfigError
from minires.models.blocks import BasicBlock, PreActBlock
from minires.models.fixup_block import FixupBlock
from minires.models.shortcuts import IdentityShortcut, subsample_and_pad
from minires.optim import SGD

from ..images import images
from .reference import conv, norm, relu, torch_logits

VARIANTS = {
    "pre-activation": {"pre_activation": True},
    "pre-activation B": {"pre_activation": True, "shortcut": "B"},
    "pre-activation C": {"pre_activation": True, "shortcut": "C"},
    "pre-activation without batch norm": {"pre_activation": True, "batch_norm": False},
    "scaled": {"shortcut_scale": 0.5},
    "scaled B": {"shortcut_scale": 0.5, "shortcut": "B"},
    "scaled pre-activation": {"shortcut_scale": 0.5, "pre_activation": True},
    "fixup": {"batch_norm": False, "init": "fixup"},
    "fixup B": {"batch_norm": False, "init": "fixup", "shortcut": "B"},
    "skipinit": {"batch_norm": False, "init": "skipinit"},
    "skipinit pre-activation": {"batch_norm": False, "init": "skipinit", "pre_activation": True},
    "stochastic depth": {"survival_prob": 0.5},
    "stochastic depth C": {"survival_prob": 0.5, "shortcut": "C"},
    "stochastic depth pre-activation B": {
        "survival_prob": 0.5,
        "pre_activation": True,
        "shortcut": "B",
    },
    "stochastic depth fixup": {"survival_prob": 0.5, "batch_norm": False, "init": "fixup"},
}
every_variant = pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)


def stir(net, seed=1):
    """Move everything that starts at 0 or 1, as training would, since a wrong factor of 0 would not
    show."""
    rng = np.random.default_rng(seed)
    for name, array in net.state_dict().items():
        if array.ndim == 1 or not array.any():
            array += rng.uniform(0.1, 0.6, array.shape).astype(np.float32)
    return net


def assert_close(got, expected, what=None):
    """To 1e-4 of the largest number: float32 adds up in another order."""
    assert (
        got.shape == expected.shape and abs(got - expected).max() <= 1e-4 * abs(expected).max()
    ), what


# Blocks, compared with a calculation by hand


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_pre_activation_block(training, stage, scale):
    """y = conv(relu(norm(conv(relu(norm(x)))))) + x, and no ReLU: y may be negative."""
    net = stir(models.resnet(14, width=4, pre_activation=True, shortcut_scale=scale)).train(
        training
    )
    block, stride = (net.layer1[1], 1) if stage == 1 else (net.layer2[0], 2)
    x = images(3, 6, 6, 4)
    h = relu(norm(x.data, block.bn1))
    y = conv(
        relu(norm(conv(h, block.conv1.weight.data, stride), block.bn2)), block.conv2.weight.data
    )
    shortcut = x.data if stage == 1 else subsample_and_pad(x, 2, 4).data
    got = block(x).data
    assert type(block) is PreActBlock and (got < 0).any()
    assert_close(got, y + scale * shortcut)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_pre_activation_projection_takes_the_output_of_the_first_relu(training):
    block = (
        stir(models.resnet(8, width=4, pre_activation=True, shortcut="B")).train(training).layer2[0]
    )
    x = images(3, 6, 6, 4)
    h = relu(norm(x.data, block.bn1))
    y = conv(relu(norm(conv(h, block.conv1.weight.data, 2), block.bn2)), block.conv2.weight.data)
    assert_close(block(x).data, y + conv(h, block.downsample[0].weight.data, 2))


def test_pre_activation_moves_the_running_statistics_once():
    block = models.resnet(8, width=4, pre_activation=True, shortcut="B").layer2[0]
    x = images(3, 6, 6, 4)
    block(x)
    assert_close(block.bn1.running_mean.data, 0.1 * x.data.mean(axis=(0, 1, 2)))


def test_the_first_pre_activation_block_adds_its_activated_input():
    """Batch norm and ReLU after the first convolution come before the two paths separate (appendix
    of the paper)."""
    net = stir(models.resnet(8, width=4, pre_activation=True))
    x, seen = images(3, 6, 6, 3), []
    net.layer1.register_forward_hook(lambda module, inputs, output: seen.append(output.data))
    net(x)
    block = net.layer1[0]
    h = relu(norm(conv(x.data, net.conv1.weight.data), net.bn1))
    y = conv(relu(norm(conv(h, block.conv1.weight.data), block.bn2)), block.conv2.weight.data)
    assert_close(seen[0], y + h)


def test_pre_activation_ends_in_batch_norm_and_relu():
    net, seen = stir(models.resnet(8, width=4, pre_activation=True)), []
    net.layer3.register_forward_hook(lambda module, inputs, output: seen.append(output.data))
    logits = net(images(3, 6, 6, 3)).data
    pooled = relu(norm(seen[0], net.bn2)).mean(axis=(1, 2))
    assert_close(logits, pooled @ net.fc.weight.data + net.fc.bias.data)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("scale", [0.5, -2.0, 0.0, 1.0, np.float64(0.5)])
def test_scaled_shortcut(scale, training):
    block = stir(models.resnet(8, width=4, shortcut_scale=scale)).train(training).layer1[0]
    x = images(3, 6, 6, 4)
    y = norm(
        conv(relu(norm(conv(x.data, block.conv1.weight.data), block.bn1)), block.conv2.weight.data),
        block.bn2,
    )
    got = block(x).data
    assert_close(got, relu(y + np.float32(scale) * x.data))
    assert got.dtype == np.float32


def test_scaled_projection():
    block = stir(models.resnet(8, width=4, shortcut="B", shortcut_scale=0.25)).layer2[0]
    x = images(3, 6, 6, 4)
    y = norm(
        conv(
            relu(norm(conv(x.data, block.conv1.weight.data, 2), block.bn1)), block.conv2.weight.data
        ),
        block.bn2,
    )
    projected = norm(conv(x.data, block.downsample[0].weight.data, 2), block.downsample[1])
    assert_close(block(x).data, relu(y + 0.25 * projected))


def test_fixup_block():
    """Each scalar moves the output where the paper puts it; all of them differ here."""
    block = models.resnet(8, width=4, batch_norm=False, init="fixup").layer1[0]
    block.conv2.weight.data[...] = images(3, 3, 4, 4, seed=2).data
    for name, value in (
        ("bias1a", 0.3),
        ("bias1b", -0.2),
        ("bias2a", 0.5),
        ("scale", 1.7),
        ("bias2b", -0.4),
    ):
        getattr(block, name).data[...] = value
    x = images(3, 6, 6, 4)
    y = relu(conv(x.data + 0.3, block.conv1.weight.data) - 0.2)
    assert_close(block(x).data, relu(1.7 * conv(y + 0.5, block.conv2.weight.data) - 0.4 + x.data))


def test_fixup_before_and_after_the_blocks():
    """One scalar more before the first ReLU, and one before the last layer."""
    net, seen = stir(models.resnet(8, width=4, batch_norm=False, init="fixup")), []
    for module in (net.layer1[0], net.layer3):
        module.register_forward_hook(
            lambda module, inputs, output: seen.append((inputs[0].data, output.data))
        )
    x = images(3, 6, 6, 3)
    logits = net(x).data
    assert_close(seen[0][0], relu(conv(x.data, net.conv1.weight.data) + net.bn1.bias.data))
    assert_close(
        logits,
        (seen[1][1].mean(axis=(1, 2)) + net.bias2.bias.data) @ net.fc.weight.data
        + net.fc.bias.data,
    )


@pytest.mark.parametrize("pre_activation", [False, True])
def test_skipinit_block(pre_activation):
    """F times a learnable number, and biases in the convolutions."""
    block = stir(
        models.resnet(8, width=4, batch_norm=False, init="skipinit", pre_activation=pre_activation)
    ).layer1[0]
    first, second = block.conv1, block.conv2
    x = images(3, 6, 6, 4)
    if pre_activation:
        block.gain.weight.data[...] = 0.7
        y = conv(relu(x.data), first.weight.data) + first.bias.data
        expected = 0.7 * (conv(relu(y), second.weight.data) + second.bias.data) + x.data
    else:
        block.bn2.weight.data[...] = 0.7
        y = conv(x.data, first.weight.data) + first.bias.data
        expected = relu(0.7 * (conv(relu(y), second.weight.data) + second.bias.data) + x.data)
    assert_close(block(x).data, expected)


# PyTorch


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@every_variant
def test_logits_and_gradients_as_in_pytorch(torch, settings, training):
    from benchmarks.pytorch_nets import to_torch

    if training and "survival_prob" in settings:
        settings = {
            **settings,
            "survival_prob": 1.0,
        }  # dropped blocks are tested in test_stochastic_depth.py
    net = stir(models.resnet(14, width=4, **settings)).train(training)
    state = {name: torch.tensor(to_torch(array).copy()) for name, array in net.state_dict().items()}
    for name, _ in net.named_parameters():
        state[name].requires_grad_(True)
    x, labels = images(8, 12, 12, 3), np.arange(8)
    theirs = torch_logits(torch, net, state, torch.tensor(x.data.transpose(0, 3, 1, 2).copy()))
    torch.nn.functional.cross_entropy(theirs, torch.tensor(labels)).backward()
    mine = net(x)
    F.cross_entropy(mine, labels).backward()

    assert_close(mine.data, theirs.detach().numpy(), "logits")
    for name, parameter in net.named_parameters():
        assert_close(to_torch(parameter.grad), state[name].grad.numpy(), f"gradient of {name}")


# Parameters and twins


@pytest.mark.parametrize("depth", [8, 20])
@pytest.mark.parametrize("width", [4, 16])
def test_parameter_counts(depth, width):
    n, stages = (depth - 2) // 6, [width, 2 * width, 4 * width]
    first = 27 * width
    filters = sum(9 * c * c * (2 * n) for c in stages) - sum(
        9 * c * c // 2 for c in stages[1:]
    )  # the first block of a stage has half as many inputs
    last = stages[-1] * 10 + 10
    biases = width + 2 * n * sum(stages)  # one for each convolution and channel
    projections = sum(c // 2 * c for c in stages[1:])

    def count(**settings):
        return models.resnet(depth, width=width, **settings).num_parameters()

    weights = first + filters + last
    assert count() == weights + 2 * biases
    assert count(pre_activation=True) == weights + 2 * biases
    assert count(pre_activation=True, shortcut="B") == weights + 2 * biases + projections
    assert count(shortcut_scale=0.5) == count(survival_prob=0.5) == weights + 2 * biases
    assert count(batch_norm=False, init="fixup") == weights + 5 * 3 * n + 2
    assert (
        count(batch_norm=False, init="fixup", shortcut="B") == weights + 5 * 3 * n + 2 + projections
    )
    assert count(batch_norm=False, init="skipinit") == weights + biases + 3 * n
    assert count(batch_norm=False, init="skipinit", pre_activation=True) == weights + biases + 3 * n


@every_variant
def test_the_weights_of_one_seed_are_those_of_the_plain_net(settings):
    """Except those that Fixup sets. With another seed they are others."""
    plain, net = (
        models.plain(14, width=4, seed=3).state_dict(),
        models.resnet(14, width=4, seed=3, **settings).state_dict(),
    )
    other = models.resnet(14, width=4, seed=4, **settings).state_dict()
    for name, array in plain.items():
        if array.ndim > 1:
            expected = array
            if settings.get("init") == "fixup":
                block_first = name.startswith("layer") and "conv1" in name
                expected = (
                    array * np.float32(6**-0.5)
                    if block_first
                    else array
                    if name == "conv1.weight"
                    else 0 * array
                )
            np.testing.assert_allclose(net[name], expected, rtol=1e-6, err_msg=name)
            assert np.array_equal(net[name], other[name]) != expected.any(), name


def test_defaults_are_the_net_of_2015():
    same = models.resnet(
        8, width=4, pre_activation=False, shortcut_scale=1.0, init="he", survival_prob=1.0
    )
    x = images(2, 8, 8, 3)
    assert np.array_equal(same(x).data, models.resnet(8, width=4)(x).data)
    assert all(type(block) is BasicBlock for block in same.blocks()) and len(same.blocks()) == 3


# How they start


@pytest.mark.parametrize(
    "settings",
    [{"init": "fixup"}, {"init": "skipinit"}, {"init": "skipinit", "pre_activation": True}],
)
def test_every_branch_starts_at_zero(settings):
    """Where the shape stays, a block passes on exactly its input, and where it changes, the output
    of its shortcut."""
    net = models.resnet(14, width=4, batch_norm=False, **settings)
    for block in net.blocks():
        x = images(2, 8, 8, block.conv1.weight.shape[2])
        y = block(x).data
        assert np.array_equal(y, block.skip(x).data)
        assert not isinstance(block.shortcut, IdentityShortcut) or np.array_equal(
            y, x.data if settings.get("pre_activation") else relu(x.data)
        )


def test_fixup_starts_at_the_loss_of_guessing_at_any_depth():
    for depth in (8, 56):
        net = models.resnet(depth, width=4, batch_norm=False, init="fixup")
        logits = net(images(4, 8, 8, 3))
        assert not logits.data.any()
        assert [type(block) for block in net.blocks()] == [FixupBlock] * (depth // 2 - 1)
        assert F.cross_entropy(logits, [0, 1, 2, 3]).item() == pytest.approx(np.log(10), rel=1e-6)


@pytest.mark.parametrize("settings", [{"init": "fixup"}, {"init": "skipinit"}])
def test_a_zero_start_does_not_stay(settings):
    """After a few steps every parameter has moved: none stays at 0 for ever."""
    net = models.resnet(8, width=4, batch_norm=False, **settings)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    optimizer, x = SGD(net.parameters(), 0.1), images(8, 8, 8, 3)
    for _ in range(4):
        optimizer.zero_grad()
        F.cross_entropy(net(x), np.arange(8)).backward()
        optimizer.step()
    assert [
        name for name, array in net.state_dict().items() if np.array_equal(array, before[name])
    ] == []


# Gradients, dtype, training


@every_variant
def test_gradcheck(settings):
    """The whole net in float64, with respect to the images and every parameter. Every call drops
    the same blocks."""
    net = stir(models.resnet(8, width=2, num_classes=3, **settings))
    for tensor in (*net.parameters(), *(buffer for _, buffer in net.named_buffers())):
        tensor.data = tensor.data.astype(np.float64)
    places = []
    for path, module in net.named_modules():
        places += [
            (module, name, value)
            for name, value in vars(module).items()
            if isinstance(value, nn.Parameter)
        ]

    def loss(x, *parameters):
        for (module, name, _), parameter in zip(places, parameters):
            setattr(module, name, parameter)
        for _, generator in net.named_generators():
            generator.bit_generator.state = np.random.default_rng(5).bit_generator.state
        return F.cross_entropy(net(x), [0, 1, 2])

    report = gradcheck(
        loss, images(3, 6, 6, 3).data, *(value for _, _, value in places), projections=2
    )
    assert report.checked == 2 * (1 + len(places)) and report.kinks < report.checked / 4


@every_variant
def test_everything_stays_float32(settings):
    net = stir(models.resnet(8, width=2, **settings))
    for training in (True, False):
        logits = net.train(training)(images(4, 6, 6, 3))
        net.zero_grad()
        F.cross_entropy(logits, [0, 1, 2, 3]).backward()
        arrays = [
            logits.data,
            *net.state_dict().values(),
            *(p.grad for p in net.parameters() if p.grad is not None),
        ]
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@every_variant
def test_it_learns_a_batch_by_heart(settings):
    """Fixup with a smaller learning rate, since each of its scalars gets the gradients of a whole
    map."""
    net, x = models.resnet(8, width=8, **settings), images(32, 8, 8, 3)
    optimizer, losses = (
        SGD(net.parameters(), 0.02 if settings.get("init") == "fixup" else 0.1, momentum=0.9),
        [],
    )
    for _ in range(80):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), np.arange(32) % 10)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.7 * losses[0]


@every_variant
def test_on_a_gpu_as_on_the_cpu(gpu, settings):
    def logits_and_gradients(device):
        net = stir(models.resnet(8, width=4, **settings)).to(device)
        logits = net(images(4, 8, 8, 3).to(device))
        F.cross_entropy(logits, [0, 1, 2, 3]).backward()
        grads = {
            name: None if p.grad is None else backend.move(p.grad, "cpu")
            for name, p in net.named_parameters()
        }
        return backend.move(logits.data, "cpu"), grads

    (mine, gradients), (there, others) = logits_and_gradients("cpu"), logits_and_gradients("gpu")
    assert_close(there, mine)
    for name, gradient in gradients.items():
        assert (gradient is None) == (others[name] is None), name
        if gradient is not None:
            assert abs(others[name] - gradient).max() <= 1e-4 * max(1e-2, abs(gradient).max()), name


# Settings


@pytest.mark.parametrize(
    "settings, words",
    [
        (
            {"init": "Fixup"},
            "resnet: unknown init: expected one of he, fixup, skipinit, got 'Fixup'; did "
            "you mean 'fixup'?",
        ),
        ({"init": "skip_init"}, "did you mean 'skipinit'?"),
        (
            {"init": "fixup"},
            "init 'fixup' is for nets without batch norm: expected batch_norm=False, got "
            "batch_norm=True",
        ),
        ({"init": "skipinit"}, "expected batch_norm=False"),
        (
            {"init": "fixup", "batch_norm": False, "pre_activation": True},
            "init='skipinit' goes with both",
        ),
        ({"shortcut_scale": "0.5"}, "shortcut_scale: expected a number, such as 0.5, got '0.5'"),
        ({"shortcut_scale": float("nan")}, "got nan"),
        ({"shortcut_scale": True}, "got True"),
        (
            {"survival_prob": 0},
            "survival_prob: expected a probability above 0, at most 1, got 0; 1 keeps every block",
        ),
        ({"survival_prob": 1.5}, "got 1.5"),
        ({"survival_prob": float("nan")}, "got nan"),
        ({"survival_prob": None}, "got None"),
        ({"survival_prob": True}, "got True"),
    ],
)
def test_bad_settings(settings, words):
    with pytest.raises(ConfigError) as caught:
        models.resnet(8, width=4, **settings)
    assert words in str(caught.value) and "\n" not in str(caught.value)
