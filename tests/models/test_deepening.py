"""The copy argument: a deeper plain net that computes the same as a shallower one."""

import numpy as np
import pytest

from minires import backend, data, models, nn, no_grad
from minires import functional as F
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError
from minires.optim import SGD


def batch(count=64, start=0):
    """Drawn images as training prepares them, and their labels."""
    train, _ = data.synthetic(256, 10)
    train = train.resize(8)
    x = train.images[start : start + count].astype(np.float32) / 255 - train.pixel_mean()
    return Tensor(x), train.labels[start : start + count]


@pytest.fixture(scope="module")
def trained():
    """Name -> plain net after some steps, whose running statistics, weights and biases are no
    longer those of the start."""
    nets = {
        "cifar": models.plain(8, width=4),
        "cifar-14": models.plain(14, width=4),
        "cifar without batch norm": models.plain(8, width=4, batch_norm=False),
        "mlp": models.plain_mlp(6, width=16, image_size=8),
        "mlp without batch norm": models.plain_mlp(6, width=16, image_size=8, batch_norm=False),
    }
    for net in nets.values():
        optimizer, (x, labels) = SGD(net.parameters(), 0.05, momentum=0.9), batch()
        for _ in range(20):
            optimizer.zero_grad()
            F.cross_entropy(net(x), labels).backward()
            optimizer.step()
    return nets


def logits(net, x):
    with no_grad():
        return net(x).data.copy()


NETS = [
    ("cifar", 14),
    ("cifar", 32),
    ("cifar-14", 56),
    ("cifar without batch norm", 20),
    ("mlp", 8),
    ("mlp", 40),
    ("mlp without batch norm", 20),
]


@pytest.mark.parametrize("name, depth", NETS)
def test_the_same_function_in_evaluation(trained, name, depth):
    """On images other than those it was made with."""
    net = trained[name].eval()
    deeper, x = models.deepen(net, depth, batch()[0]), batch(100, start=64)[0]
    layers = [module for module in deeper.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == depth and type(deeper) is type(net) and not deeper.training
    expected = logits(net, x)
    assert expected.std() > 0.01  # not all logits are the same
    np.testing.assert_allclose(logits(deeper, x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, depth", NETS)
def test_the_same_function_in_training_on_those_images(trained, name, depth):
    net, x = trained[name].train(), batch()[0]
    deeper = models.deepen(net, depth, x)
    assert deeper.training
    expected = logits(net, x)
    np.testing.assert_allclose(logits(deeper, x), expected, rtol=1e-3, atol=1e-4)


def test_nearly_the_same_function_in_training_on_other_images(trained):
    net, (x, labels) = trained["cifar-14"].train(), batch(64, start=64)
    deeper = models.deepen(net, 32, batch()[0])
    mine, theirs = logits(net, x), logits(deeper, x)
    assert abs(theirs - mine).max() < 0.5 * abs(mine - mine.mean(axis=0)).max()
    losses = [F.cross_entropy(Tensor(y), labels).item() for y in (mine, theirs)]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_where_the_new_blocks_are(trained):
    """At the end of each stage. The trained blocks keep their names and their weights, to the
    bit."""
    net = trained["cifar"]
    deeper = models.deepen(net, 20, batch()[0])
    assert [len(stage) for stage in (deeper.layer1, deeper.layer2, deeper.layer3)] == [3, 3, 3]
    state = deeper.state_dict()
    for name, array in net.state_dict().items():
        assert np.array_equal(state[name], array) and not np.shares_memory(state[name], array), name
    for stage, channels in ((deeper.layer1, 4), (deeper.layer2, 8), (deeper.layer3, 16)):
        for block in stage[1:]:
            for conv, bn in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
                assert (
                    np.array_equal(conv.weight.data[1, 1], np.eye(channels))
                    and conv.weight.data.sum() == channels
                )
                np.testing.assert_allclose(
                    bn.weight.data, np.sqrt(bn.running_var.data + bn.eps), rtol=1e-6
                )
                assert np.array_equal(bn.bias.data, bn.running_mean.data)


def test_the_statistics_of_new_blocks_are_those_of_the_stages_output(trained):
    net, x, seen = trained["cifar"].train(), batch()[0], []
    deeper = models.deepen(net, 14, x)
    handle = net.layer2.register_forward_hook(
        lambda module, inputs, output: seen.append(output.data)
    )
    logits(net, x)
    handle.remove()
    np.testing.assert_allclose(
        deeper.layer2[1].bn1.running_mean.data, seen[0].mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        deeper.layer2[1].bn2.running_var.data, seen[0].var(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6
    )


def test_the_shallow_net_is_not_changed(trained):
    net = trained["cifar"].train()
    net.layer1.eval()
    before = {name: array.copy() for name, array in net.state_dict().items()}
    models.deepen(net, 14, batch()[0])
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())
    assert net.training and not net.layer1.training and not net.layer1.has_hooks()
    net.train()


def test_twice(trained):
    """A net that has been made deeper can be made deeper again."""
    net, x = trained["cifar"].eval(), batch()[0]
    twice = models.deepen(models.deepen(net, 14, x), 26, x)
    np.testing.assert_allclose(logits(twice, x), logits(net, x), rtol=1e-5, atol=1e-5)


def test_it_stays_float32_and_can_be_trained_further(trained):
    net, (x, labels) = models.deepen(trained["cifar"].train(), 20, batch()[0]), batch()
    optimizer, losses = SGD(net.parameters(), 0.01, momentum=0.9), []
    for _ in range(10):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert {a.dtype for a in (*net.state_dict().values(), *(p.grad for p in net.parameters()))} == {
        np.dtype(np.float32)
    }


def test_on_a_gpu(gpu, trained):
    x = batch(8)[0]
    net = models.plain(8, width=4)
    net.load_state_dict(trained["cifar"].state_dict())
    deeper = models.deepen(net.eval().to("gpu"), 14, x.to("gpu"))
    assert deeper.fc.weight.device == "gpu"
    np.testing.assert_allclose(
        backend.move(logits(deeper, x.to("gpu")), "cpu"),
        logits(trained["cifar"].eval(), x),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize(
    "net, depth, words",
    [
        (
            lambda: models.plain(14, width=2),
            14,
            "deepen: depth: expected more than the net's own 14, got 14",
        ),
        (lambda: models.plain(14, width=2), 8, "expected more than the net's own 14, got 8"),
        (
            lambda: models.plain(14, width=2),
            21,
            "depth: three stages of n blocks of two layers, and two more layers: expected 6n + 2",
        ),
        (lambda: models.plain(14, width=2), None, "expected 6n + 2"),
        (lambda: models.plain_mlp(4, image_size=8), 7, "expected 2n + 2"),
        (
            lambda: models.resnet(8, width=2),
            14,
            "deepen: the net: expected a plain one, from models.plain or models.plain_mlp, "
            "got a residual net",
        ),
        (
            lambda: models.residual_mlp(4, image_size=8),
            8,
            "got a residual net; a residual block passes its input on only if its weights are 0",
        ),
        (lambda: nn.Sequential(nn.Linear(2, 2)), 8, "got Sequential"),
        (lambda: models.bare(8, width=2), 14, "got BareNet"),
        (lambda: models.repvgg(8, width=2), 14, "got one with layers of the kind 'repvgg'"),
        (lambda: models.diracnet(8, width=2), 14, "got one with layers of the kind 'diracnet'"),
        (
            lambda: models.plain(8, width=4, norm_groups=2),
            14,
            "expected one with batch norm, or without normalisation, got one with group norm",
        ),
        (
            lambda: nn.fuse(models.plain(8, width=2).eval()),
            14,
            "expected one with its batch norms, got one after nn.fuse; deepen the net as it was",
        ),
        (lambda: nn.fuse(models.plain_mlp(4, image_size=8).eval()), 8, "got one after nn.fuse"),
    ],
)
def test_bad_input(net, depth, words):
    with pytest.raises(ConfigError) as caught:
        models.deepen(net(), depth, batch()[0])
    assert words in str(caught.value) and "\n" not in str(caught.value)
