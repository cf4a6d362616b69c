"""The output shapes and the costs of layers, compared with known counts."""

import numpy as np
import pytest

from minires import models, nn, no_grad
from minires.errors import ShapeError


@pytest.mark.parametrize("depth, multiply_adds", [(20, 40.55e6), (32, 68.86e6), (56, 125.49e6)])
def test_multiply_adds_of_the_nets_of_the_paper(depth, multiply_adds):
    """Counted by hand: 3x3 x C_in x C_out for every position."""
    net = models.plain(depth)
    found = net.summary((1, 32, 32, 3))
    assert (
        found.multiply_adds == pytest.approx(multiply_adds, rel=1e-4)
        and found.parameters == net.num_parameters()
    )
    assert sum(layer.parameters for layer in found.layers) == net.num_parameters()


def test_each_layer_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    conv, norm, relu = net.summary((2, 6, 6, 3)).layers
    assert conv == ("0", "Conv2d", (2, 3, 3, 8), 3 * 3 * 3 * 8 + 8, 2 * 3 * 3 * 8 * 27)
    assert norm == ("1", "BatchNorm2d", (2, 3, 3, 8), 16, 0) and relu == (
        "2",
        "ReLU",
        (2, 3, 3, 8),
        0,
        0,
    )


def test_groups_cost_less():
    whole, parted = (
        nn.Sequential(nn.Conv2d(4, 8, 3, groups=groups, bias=False))
        .summary((1, 5, 5, 4))
        .multiply_adds
        for groups in (1, 2)
    )
    assert whole == 9 * 9 * 4 * 8 == 2 * parted


def test_arrays_that_backward_needs_are_counted_once():
    """A ReLU keeps its output, and the linear layer the same array as its input: 4 x 5 numbers of 4
    bytes, and the input's 4 x 3."""
    net = nn.Sequential(nn.Linear(3, 5, bias=False), nn.ReLU(), nn.Linear(5, 2, bias=False))
    assert net.summary((4, 3)).kept_bytes == 4 * (4 * 5 + 4 * 3)


def test_a_view_keeps_the_whole_array():
    class Part(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2, 1, bias=False)

        def forward(self, x):
            return self.fc(x[:, :2])

    assert Part().summary((4, 10)).kept_bytes == 4 * 4 * 10


def test_more_images_cost_more_with_the_same_parameters():
    one, many = (models.resnet(8, width=4).summary((n, 8, 8, 3)) for n in (1, 10))
    assert (
        many.multiply_adds == 10 * one.multiply_adds
        and many.parameter_bytes == one.parameter_bytes == 4 * one.parameters
    )
    assert 8 * one.kept_bytes < many.kept_bytes < 11 * one.kept_bytes


def test_the_table():
    """A line for each convolution, batch norm and shortcut, and for the last layer."""
    text = repr(models.resnet(8, width=4).summary((1, 8, 8, 3)))
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "multiply-adds"]
    assert lines[2].split() == ["conv1", "Conv2d", "(1,", "8,", "8,", "4)", "108", "6,912"]
    assert (
        len(lines) == 5 + 2 * 7 + 3
        and "for backward" in lines[-1]
        and not any(line != line.rstrip() for line in lines)
    )


def test_the_net_is_not_changed():
    net = models.resnet(8, width=4).eval()
    before = {name: array.copy() for name, array in net.state_dict().items()}
    net.summary((2, 8, 8, 3))
    assert not net.training and not any(module.has_hooks() for module in net.modules())
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())


@pytest.mark.parametrize("shape", [3, (1, 32, 32, 0), (1, 32, 32, 3.5), "images"])
def test_invalid_shapes(shape):
    with pytest.raises(ShapeError, match="a shape of a whole batch"):
        models.resnet(8).summary(shape)


def test_a_shape_the_net_does_not_take():
    with pytest.raises(ShapeError):
        models.resnet(8).summary((1, 32, 32, 4))


def test_a_frozen_net_costs_the_same():
    net = models.resnet(8, width=4)
    free = net.summary((1, 8, 8, 3))
    frozen = net.freeze().summary((1, 8, 8, 3))
    assert (frozen.layers, frozen.multiply_adds) == (free.layers, free.multiply_adds)


def test_a_layer_that_is_called_twice_has_a_row_for_each_call():
    conv = nn.Conv2d(3, 3, 1, bias=False)
    found = nn.Sequential(conv, conv).summary((1, 4, 4, 3))
    assert [layer.multiply_adds for layer in found.layers] == [144, 144]


def test_under_no_grad_it_finds_what_training_keeps():
    net = models.resnet(8, width=4)
    with no_grad():
        assert (
            net.summary((1, 8, 8, 3)).kept_bytes
            == models.resnet(8, width=4).summary((1, 8, 8, 3)).kept_bytes
        )


def test_a_single_image_of_a_net_that_cannot_train_on_it():
    """Batch norm over one value is refused in training, so half of what two images keep is
    shown."""
    net = models.residual_mlp(4, width=8, image_size=8)
    one, two = (net.summary((n, 8, 8, 3)) for n in (1, 2))
    assert one.kept_bytes == two.kept_bytes // 2 and 2 * one.multiply_adds == two.multiply_adds
