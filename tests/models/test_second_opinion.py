"""The same nets built in PyTorch, where it is installed: with the same weights they must give the same numbers."""

import numpy as np
import pytest

from minires import functional as F, models
from minires.tensor import Tensor

NETS = {
    "plain": (models.plain, {}),
    "A": (models.resnet, {"shortcut": "A"}),
    "B": (models.resnet, {"shortcut": "B"}),
    "C": (models.resnet, {"shortcut": "C"}),
    "A without batch norm": (models.resnet, {"shortcut": "A", "batch_norm": False}),
    "plain without batch norm": (models.plain, {"batch_norm": False}),
}


def twin_of(torch, shortcut, batch_norm, depth, width):
    """The net of He et al. 2015, section 4.2, in PyTorch's own layers, under the same names."""
    nn = torch.nn

    def conv(c_in, c_out, size, stride):
        return nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, bias=not batch_norm)

    def norm(channels):
        return nn.BatchNorm2d(channels) if batch_norm else nn.Identity()

    class Block(nn.Module):
        def __init__(self, c_in, c_out, stride):
            super().__init__()
            self.conv1, self.bn1 = conv(c_in, c_out, 3, stride), norm(c_out)
            self.conv2, self.bn2 = conv(c_out, c_out, 3, 1), norm(c_out)
            self.stride, self.new = stride, c_out - c_in
            self.downsample = None
            if shortcut == "C" or (shortcut == "B" and self.new):
                self.downsample = nn.Sequential(conv(c_in, c_out, 1, stride), norm(c_out))

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            if self.downsample is not None:
                y = y + self.downsample(x)
            elif shortcut is not None:
                y = y + nn.functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.new))
            return torch.relu(y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = conv(3, width, 3, 1), norm(width)
            channels = width
            for stage in (1, 2, 3):
                out, blocks = width * 2 ** (stage - 1), []
                for i in range((depth - 2) // 6):
                    blocks.append(Block(channels, out, 2 if out != channels else 1))
                    channels = out
                setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            self.fc = nn.Linear(channels, 10)

        def forward(self, x):
            x = torch.relu(self.bn1(self.conv1(x)))
            return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))

    return Net()


def to_torch(array):
    """Filters (KH, KW, C, O) and matrices (in, out) in PyTorch's order of axes."""
    return array.transpose({4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[array.ndim])


def assert_close(got, expected, what):
    """To 1e-4 of the largest number: float32 adds up in another order."""
    assert abs(got - expected).max() <= 1e-4 * abs(expected).max(), what


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("build, settings", NETS.values(), ids=NETS)
def test_logits_and_gradients(torch, build, settings, training):
    rng = np.random.default_rng(0)
    mine = build(14, width=4, **settings)
    theirs = twin_of(torch, settings.get("shortcut"), settings.get("batch_norm", True), 14, 4)
    for name, array in mine.state_dict().items():
        if "conv" not in name and "fc" not in name:                     # batch norm at work, not as it starts
            array += rng.uniform(0, 0.5, array.shape).astype(np.float32)
    copied = {name: torch.tensor(to_torch(array).copy()) for name, array in mine.state_dict().items()}
    missing, unexpected = theirs.load_state_dict(copied, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)

    images, labels = rng.standard_normal((8, 12, 12, 3), dtype=np.float32), np.arange(8)
    mine.train(training)
    theirs.train(training)
    logits, other_logits = mine(Tensor(images)), theirs(torch.tensor(images.transpose(0, 3, 1, 2).copy()))
    F.cross_entropy(logits, labels).backward()
    torch.nn.functional.cross_entropy(other_logits, torch.tensor(labels)).backward()

    assert_close(logits.data, other_logits.detach().numpy(), "logits")
    others = dict(theirs.named_parameters())
    for name, parameter in mine.named_parameters():
        assert_close(to_torch(parameter.grad), others[name].grad.numpy(), f"gradient of {name}")
    buffers = dict(theirs.named_buffers())
    for name, buffer in mine.named_buffers():
        assert_close(buffer.data, buffers[name].numpy(), name)
