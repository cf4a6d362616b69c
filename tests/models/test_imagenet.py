"""The nets for ImageNet: their sizes, and the same numbers as in PyTorch with the same weights."""

import numpy as np
import pytest

from minires import functional as F
from minires import models
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError
from minires.serialization import weights

from ..slow import but_long, slow_but

LARGE = ("resnet101", "resnet152", "wide_resnet50_2")
NETS = {
    "resnet18": (18, {}),
    "resnet34": (34, {}),
    "resnet50": (50, {}),
    "resnet101": (101, {}),
    "resnet152": (152, {}),
    "plain18": (18, {"shortcut": None}),
    "plain34": (34, {"shortcut": None}),
    "resnet18 A": (18, {"shortcut": "A"}),
    "resnet18 C": (18, {"shortcut": "C"}),
    "resnet50 A": (50, {"shortcut": "A"}),
    'resnet50, stride_on="1x1"': (50, {"stride_on": "1x1"}),
    "resnet18 v2": (18, {"pre_activation": True}),
    "resnet50 v2": (50, {"pre_activation": True}),
    "resnext50_32x4d": (50, {"groups": 32, "width_per_group": 4}),
    "wide_resnet50_2": (50, {"width_per_group": 128}),
}


def in_both(torch, name, folder, training):
    """A net with the same weights in PyTorch and here: PyTorch writes them and minires reads them.
    Batch norm's statistics differ from those at the start."""
    from safetensors.torch import save_file

    from benchmarks.pytorch_imagenet import Net

    depth, settings = NETS[name]
    torch.manual_seed(0)
    theirs = Net(depth, num_classes=10, **settings).train(training)
    for own in theirs.modules():
        if isinstance(own, torch.nn.BatchNorm2d):
            for tensor in (own.weight, own.running_var):
                tensor.data.uniform_(0.5, 1)
            for tensor in (own.bias, own.running_mean):
                tensor.data.uniform_(-0.2, 0.2)
    save_file(theirs.state_dict(), folder / "weights.safetensors")
    if settings.get("shortcut", "B") is None:
        mine = getattr(models, f"plain{depth}")(num_classes=10)
    else:
        mine = getattr(models, f"resnet{depth}")(num_classes=10, **settings)
    weights.load(mine, folder / "weights.safetensors")
    return mine.train(training), theirs


def images(n):
    """In the layout of either. They are 64x64, so that the last maps have two by two pixels."""
    own = np.random.default_rng(0).standard_normal((n, 64, 64, 3), dtype=np.float32)
    return own, own.transpose(0, 3, 1, 2).copy()


@pytest.mark.parametrize("name", but_long(LARGE, NETS))
def test_logits(torch, name, tmp_path):
    mine, theirs = in_both(torch, name, tmp_path, training=False)
    own, others = images(2)
    expected = theirs(torch.tensor(others)).detach().numpy()
    assert abs(mine(Tensor(own)).data - expected).max() <= 1e-4 * abs(expected).max()


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", slow_but(("resnet18", "resnet50"), NETS, long=LARGE))
def test_gradients(torch, name, training, tmp_path):
    """In float64: in float32 a few ReLUs decide otherwise, which batch norm over few pixels
    amplifies."""
    mine, theirs = in_both(torch, name, tmp_path, training)
    for tensor in [*mine.parameters(), *dict(mine.named_buffers()).values()]:
        tensor.data = tensor.data.astype(np.float64)
    own, others = images(2)
    logits, expected = (
        mine(Tensor(own.astype(np.float64))),
        theirs.double()(torch.tensor(others, dtype=torch.float64)),
    )
    F.cross_entropy(logits, np.arange(2)).backward()
    torch.nn.functional.cross_entropy(expected, torch.arange(2)).backward()
    assert (
        abs(logits.data - expected.detach().numpy()).max()
        <= 1e-9 * abs(expected.detach().numpy()).max()
    )
    gradients = {key: parameter.grad.numpy() for key, parameter in theirs.named_parameters()}
    for key, parameter in mine.named_parameters():
        got = parameter.grad.transpose(3, 2, 0, 1) if parameter.ndim == 4 else parameter.grad.T
        assert np.linalg.norm(got - gradients[key]) <= 1e-6 * np.linalg.norm(gradients[key]), key


@pytest.mark.parametrize(
    "build, settings, words",
    [
        (models.resnet18, {"shortcut": "D"}, "shortcut"),
        (models.resnet50, {"stride_on": "2x2"}, "stride_on"),
        (models.resnet50, {"groups": 0}, "groups"),
        (models.resnet50, {"width_per_group": 1.5}, "width_per_group"),
        (models.resnet34, {"num_classes": 0}, "num_classes"),
    ],
)
def test_settings_that_do_not_exist(build, settings, words):
    with pytest.raises(ConfigError, match=words):
        build(**settings)


def test_a_setting_that_is_misspelt_or_fixed():
    with pytest.raises(ConfigError, match="resnet50: unknown setting.*did you mean 'groups'"):
        models.resnet50(group=2)
    with pytest.raises(ConfigError, match="resnext50_32x4d: unknown setting"):
        models.resnext50_32x4d(groups=2)
