"""Weights before a batch norm whose length is kept."""

import numpy as np
import pytest

from minires import backend, models, nn, optim
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError


def lengths(model):
    return {
        name: float(np.linalg.norm(weight.data))
        for name, weight in model.named_parameters()
        if weight.ndim > 1
    }


def disturbed(model):
    """Move all parameters, as a large step would. Returns the lengths of matrices and filters
    before and after."""
    rng, before = np.random.default_rng(0), lengths(model)
    for weight in model.parameters():
        weight.data += rng.uniform(0.5, 1, weight.shape).astype(np.float32)
    return before, lengths(model)


@pytest.mark.parametrize(
    "build, free",
    [
        (lambda: models.plain(8, width=4), {"fc.weight"}),
        (lambda: models.resnet(8, width=4, shortcut="C"), {"fc.weight"}),
        (
            lambda: models.resnet(8, width=4, pre_activation=True, shortcut="B"),
            # no batch norm follows the layer whose output is added to x
            {
                "fc.weight",
                "layer2.0.downsample.0.weight",
                "layer3.0.downsample.0.weight",
                *(f"layer{i}.0.conv2.weight" for i in (1, 2, 3)),
            },
        ),
        (lambda: models.plain_mlp(4, width=8, image_size=4), {"fc.weight"}),
    ],
)
def test_norms_are_kept_of_layers_before_a_batch_norm_alone(build, free):
    model = build()
    keep = optim.KeepNorms(model)
    others = {name: array for name, array in model.state_dict().items() if array.ndim == 1}
    before, moved = disturbed(model)
    directions = {
        name: weight.data / moved[name]
        for name, weight in model.named_parameters()
        if name in moved
    }
    untouched = {name: array.copy() for name, array in others.items()}
    keep.after_step("a trainer")
    for name, length in lengths(model).items():
        assert length == pytest.approx((moved if name in free else before)[name], rel=1e-6), name
    for name, weight in model.named_parameters():
        assert weight.dtype == np.float32
        if weight.ndim > 1:
            np.testing.assert_allclose(
                weight.data / lengths(model)[name], directions[name], rtol=1e-5
            )
    assert all(np.array_equal(array, untouched[name]) for name, array in others.items())


@pytest.mark.parametrize(
    "build",
    [
        lambda: models.plain(8, width=4),
        lambda: models.resnet(8, width=4, pre_activation=True, shortcut="B"),
        lambda: models.residual_mlp(4, width=8, image_size=8),
    ],
)
def test_keeping_the_norms_does_not_change_the_output(build):
    """Batch norm removes the scale. The array stays the one that the optimiser holds."""
    x = Tensor(np.random.default_rng(1).standard_normal((8, 8, 8, 3), dtype=np.float32))
    model = build()
    keep, array = optim.KeepNorms(model), next(model.parameters()).data
    disturbed(model)
    expected = model(x).data
    keep.after_step()
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-3, atol=1e-3 * abs(expected).max())
    assert next(model.parameters()).data is array


def test_weights_of_length_0_are_not_rescaled():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3), nn.Linear(3, 3), nn.BatchNorm2d(3))
    model[0].weight.data[...] = 0
    keep = optim.KeepNorms(model)
    model[0].weight.data[...] = 5
    model[2].weight.data[...] = 0
    keep.after_step()
    assert (model[0].weight.data == 5).all() and (model[2].weight.data == 0).all()


def test_no_norms_to_keep():
    with pytest.raises(ConfigError) as caught:
        optim.KeepNorms(models.resnet(8, width=4, batch_norm=False))
    assert (
        "KeepNorms: nothing to keep: expected a Conv2d or Linear, and a BatchNorm2d assigned "
        "right after it, got none"
    ) in str(caught.value)


def test_norms_kept_on_a_gpu(gpu):
    model = models.plain(8, width=4).to("gpu")
    keep, optimizer = optim.KeepNorms(model), optim.SGD(model.parameters(), 0.1)
    before = backend.move(model.conv1.weight.data, "cpu").copy()
    for weight in model.parameters():
        weight.grad = weight.data * 3 + 1
    optimizer.step()
    keep.after_step()
    after = backend.move(model.conv1.weight.data, "cpu")
    assert np.linalg.norm(after) == pytest.approx(
        np.linalg.norm(before), rel=1e-5
    ) and not np.allclose(after, before)
    assert model.conv1.weight.data is optimizer._rule.weights[0]
