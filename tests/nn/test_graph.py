"""A net as a picture: modules as boxes, down to any depth."""

import numpy as np
import pytest

from minires import Tensor, models, nn, no_grad
from minires.errors import ConfigError, GraphError

from ..drawing.test_svg import parts

IMAGES = np.zeros((1, 8, 8, 3), np.float32)


def test_a_net_by_its_stages():
    boxes, paths, texts = parts(models.resnet(14, width=4).graph(IMAGES))
    assert list(boxes) == [
        "input",
        "conv1",
        "bn1",
        "relu",
        "layer1",
        "layer2",
        "layer3",
        "global_avg_pool2d",
        "fc",
    ]
    assert len(paths) == len(boxes) - 1 and "Sequential" in texts and "(1, 2, 2, 16)" in texts
    assert f"{models.resnet(14, width=4).layer2.num_parameters():,} parameters" in texts


def test_by_its_blocks():
    boxes, *_ = parts(models.resnet(14, width=4).graph(IMAGES, depth=2))
    assert [title for title in boxes if "." in title] == [
        f"layer{stage}.{i}" for stage in (1, 2, 3) for i in (0, 1)
    ]


def test_the_shortcut_is_an_arrow_of_its_own():
    x = np.zeros((1, 8, 8, 4), np.float32)
    for net, arrows in ((models.plain(8, width=4), 6), (models.resnet(8, width=4), 7)):
        boxes, paths, _ = parts(net.layer1[0].graph(x))
        assert len(paths) == arrows and {"input", "conv1", "bn1", "relu", "conv2", "bn2"} <= set(
            boxes
        )


def test_single_operations_with_and_without_parameters():
    block, x = models.resnet(8, width=4).layer2[0], np.zeros((1, 8, 8, 4), np.float32)
    without, _, _ = parts(block.graph(x, depth=None))
    assert set(without) == {
        "input",
        "conv2d",
        "batch_norm_relu",
        "getitem",
        "pad",
    }  # two of each of the first, one title
    boxes, _, _ = parts(block.graph(x, depth=None, parameters=True))
    assert set(boxes) - set(without) == {name for name, _ in block.named_parameters()}


def test_a_module_called_twice_is_drawn_twice():
    class Twice(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(3, 3)

        def forward(self, x):
            return self.inner(self.inner(x))

    _, paths, texts = parts(Twice().graph(np.zeros((1, 3), np.float32)))
    assert texts.count("inner") == 2 and len(paths) == 2


def test_the_net_is_not_changed():
    net = models.resnet(8, width=4)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    net.graph(Tensor(IMAGES + 1))
    assert net.training and not any(module.has_hooks() for module in net.modules())
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())


@pytest.mark.parametrize("depth", [0, -1, 1.5, True])
def test_invalid_depths(depth):
    with pytest.raises(ConfigError, match="depth: expected 1 or more"):
        models.resnet(8, width=4).graph(IMAGES, depth=depth)


def test_it_is_drawn_under_no_grad_too():
    net, x = models.resnet(8, width=2), np.ones((1, 8, 8, 3), np.float32)
    with no_grad():
        assert net.graph(x).svg == models.resnet(8, width=2).graph(x).svg


def test_a_net_that_computes_nothing_has_no_picture():
    with pytest.raises(GraphError, match="nothing to draw: .* Identity, which returns its input"):
        nn.Identity().graph(np.ones((1, 2), np.float32))
