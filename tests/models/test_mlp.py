"""Plain and residual nets of linear layers."""

import numpy as np
import pytest

from minires import functional as F
from minires import gradcheck, models, nn
from minires.errors import ConfigError, ShapeError
from minires.optim import SGD

from ..images import images
from ..messages import message_of
from .reference import norm, relu

BUILDS = [models.plain_mlp, models.residual_mlp]
both = pytest.mark.parametrize("build", BUILDS)


@both
@pytest.mark.parametrize("depth, width, size", [(4, 64, 32), (20, 16, 8), (56, 8, 4)])
def test_parameter_counts(build, depth, width, size):
    """Weights, two numbers of batch norm for each output, or one of a bias; the last layer has a
    bias."""
    hidden = depth - 2
    weights = 3 * size * size * width + hidden * width * width + width * 10 + 10
    outputs = (hidden + 1) * width
    assert build(depth, width=width, image_size=size).num_parameters() == weights + 2 * outputs
    assert (
        build(depth, width=width, image_size=size, batch_norm=False).num_parameters()
        == weights + outputs
    )
    assert build(
        depth, width=width, image_size=size, num_classes=3
    ).num_parameters() == weights + 2 * outputs - 7 * (width + 1)


@both
@pytest.mark.parametrize("depth", [4, 6, 20])
def test_depth_counts_layers_with_weights(build, depth):
    net = build(depth, width=2, image_size=4)
    assert (
        sum(isinstance(module, nn.Linear) for module in net.modules()) == depth
        and len(net.layer1) == (depth - 2) // 2
    )


def test_plain_and_residual_are_twins():
    plain, residual = (build(20, width=8, image_size=4, seed=3).state_dict() for build in BUILDS)
    assert list(plain) == list(residual) and all(
        np.array_equal(plain[name], residual[name]) for name in plain
    )
    other = models.plain_mlp(20, width=8, image_size=4, seed=4).state_dict()
    assert all(
        np.array_equal(plain[name], other[name]) != (array.ndim > 1)
        for name, array in plain.items()
    )
    weights = [array.ravel()[:4].tolist() for array in plain.values() if array.ndim > 1]
    assert len({tuple(w) for w in weights}) == 20  # each layer draws the next numbers of the stream


@both
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_by_hand(build, training):
    """One block: relu(norm(linear(relu(norm(linear x)))) + x), with or without the x."""
    net = build(4, width=5, image_size=2, num_classes=3).train(training)
    rng = np.random.default_rng(1)
    for array in net.state_dict().values():
        if array.ndim == 1:
            array += rng.uniform(0.1, 0.6, array.shape).astype(np.float32)
    x, block = images(6, 2, 2, 3), net.layer1[0]
    h = relu(norm(x.data.reshape(6, 12) @ net.fc1.weight.data, net.bn1))
    y = norm(relu(norm(h @ block.fc1.weight.data, block.bn1)) @ block.fc2.weight.data, block.bn2)
    y = relu(y + h) if build is models.residual_mlp else relu(y)
    np.testing.assert_allclose(
        net(x).data, y @ net.fc.weight.data + net.fc.bias.data, rtol=1e-4, atol=1e-6
    )


@both
@pytest.mark.parametrize("batch_norm", [True, False])
def test_as_in_pytorch(torch, build, batch_norm):
    net = build(8, width=8, image_size=4, batch_norm=batch_norm)
    state = {
        name: torch.tensor(array.copy(), requires_grad=array.ndim > 0)
        for name, array in net.state_dict().items()
    }

    def layer(name, number, x):
        y = x @ state[f"{name}fc{number}.weight"]
        if not batch_norm:
            return y + state[f"{name}fc{number}.bias"]
        return torch.nn.functional.batch_norm(
            y, None, None, state[f"{name}bn{number}.weight"], state[f"{name}bn{number}.bias"], True
        )

    x, labels = images(16, 4, 4, 3), np.arange(16) % 10
    h = torch.relu(layer("", 1, torch.tensor(x.data.reshape(16, -1))))
    for i in range(3):
        y = layer(f"layer1.{i}.", 2, torch.relu(layer(f"layer1.{i}.", 1, h)))
        h = torch.relu(y + h if build is models.residual_mlp else y)
    theirs = h @ state["fc.weight"] + state["fc.bias"]
    torch.nn.functional.cross_entropy(theirs, torch.tensor(labels)).backward()
    mine = net(x)
    F.cross_entropy(mine, labels).backward()
    np.testing.assert_allclose(mine.data, theirs.detach().numpy(), rtol=1e-3, atol=1e-5)
    for name, parameter in net.named_parameters():
        expected = state[name].grad.numpy()
        assert abs(parameter.grad - expected).max() <= 1e-4 * max(abs(expected).max(), 1e-3), name


def test_a_block_whose_branch_is_zero():
    """The residual block passes its input on, the plain block nothing."""
    x = images(3, 8)
    for build, expected in (
        (models.residual_mlp, np.maximum(x.data, 0)),
        (models.plain_mlp, 0 * x.data),
    ):
        block = build(4, width=8, image_size=2).layer1[0]
        block.fc2.weight.data[...] = 0
        assert np.array_equal(block(x).data, expected)


@both
@pytest.mark.parametrize("batch_norm", [True, False])
def test_gradcheck(build, batch_norm):
    net = build(6, width=3, image_size=2, num_classes=3, batch_norm=batch_norm)
    rng = np.random.default_rng(1)
    for tensor in (*net.parameters(), *(buffer for _, buffer in net.named_buffers())):
        tensor.data = tensor.data.astype(np.float64)
        if tensor.ndim == 1:
            tensor.data += rng.uniform(
                0.1, 0.6, tensor.shape
            )  # biases of 0 would be kinks of ReLU after a silent layer
    places = [
        (module, name, value)
        for module in net.modules()
        for name, value in vars(module).items()
        if isinstance(value, nn.Parameter)
    ]

    def loss(x, *parameters):
        for (module, name, _), parameter in zip(places, parameters):
            setattr(module, name, parameter)
        return F.cross_entropy(net(x), [0, 1, 2, 1])

    report = gradcheck(
        loss, images(4, 2, 2, 3).data, *(value for _, _, value in places), projections=3
    )
    assert report.checked == 3 * (1 + len(places)) and report.kinks < report.checked / 4


@both
def test_float32_stays_float32_and_it_learns(build):
    net, x = build(8, width=16, image_size=4), images(32, 4, 4, 3)
    optimizer, losses = SGD(net.parameters(), 0.1, momentum=0.9), []
    for _ in range(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), np.arange(32) % 10)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    arrays = [*net.state_dict().values(), *(p.grad for p in net.parameters())]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert losses[-1] < 0.5 * losses[0] and losses[0] == pytest.approx(np.log(10), abs=0.5)


@both
@pytest.mark.parametrize(
    "depth, nearest",
    [(5, 6), (3, 4), (2, 4), (0, 4), (-7, 4), ("20", 20), (20.0, 20), (True, 20), (None, 20)],
)
def test_depths_that_do_not_exist(build, depth, nearest):
    with pytest.raises(ConfigError) as caught:
        build(depth)
    assert str(caught.value) == (
        "depth: n blocks of two layers, and two more layers: expected 2n + 2, such as "
        f"4, 6, 8, 10, 12, got {depth!r}; the nearest is {nearest}"
    )


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: models.residual_mlp(4, width=0),
            ConfigError,
            "expected a whole number of at least 1, got 0",
        ),
        (
            lambda: models.plain_mlp(4, num_classes=0),
            ConfigError,
            "expected a whole number of at least 1, got 0",
        ),
        (
            lambda: models.plain_mlp(4, image_size="8"),
            ConfigError,
            "Mlp: image_size: expected a whole number of at least 1, got '8'",
        ),
        (lambda: models.plain_mlp(4, image_size=0), ConfigError, "got 0"),
        (
            lambda: models.plain_mlp(4, image_size=8)(images(2, 16, 16, 3)),
            ShapeError,
            "images: expected shape (N, 8, 8, 3), got shape (2, 16, 16, 3); build the net "
            "with image_size=16",
        ),
        (
            lambda: models.plain_mlp(4, image_size=8)(images(2, 8, 8, 1)),
            ShapeError,
            "expected shape (N, 8, 8, 3), got shape (2, 8, 8, 1)",
        ),
        (
            lambda: models.plain_mlp(4, image_size=8)(images(2, 192)),
            ShapeError,
            "expected shape (N, 8, 8, 3), got shape (2, 192)",
        ),
    ],
)
def test_bad_input(call, error, words):
    assert words in message_of(error, call)
