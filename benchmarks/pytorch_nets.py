"""The nets of He et al. 2015, section 4.2, in PyTorch's own layers. They compute what those of
`minires.models` compute, and their parameters have the same names.
"""

import torch
from torch import nn


class Net(nn.Module):
    """A plain or residual net for CIFAR-10. Images are (N, 3, H, W), logits (N, 10).

    Parameters
    ----------
    depth : int
        6n + 2, with n blocks in each of three stages.
    width : int
        Channels of the first stage.
    shortcut : {"A", "B", "C"} or None
        None makes a plain net.
    batch_norm : bool
    zeros : {"after", "around"}
        Where shortcut A puts the channels of zeros: after the others, or half of them on each side.
    """

    def __init__(self, depth, width=16, shortcut="A", batch_norm=True, zeros="after"):
        super().__init__()
        self.conv1, self.bn1 = _conv(3, width, 3, 1, batch_norm), _norm(width, batch_norm)
        channels = width
        for stage in (1, 2, 3):
            out, blocks = width * 2 ** (stage - 1), []
            for _ in range((depth - 2) // 6):
                blocks.append(
                    Block(channels, out, 2 if out != channels else 1, shortcut, batch_norm, zeros)
                )
                channels = out
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class Block(nn.Module):
    """Two 3x3 convolutions, and unless `shortcut` is None, the input added to their output."""

    def __init__(self, in_channels, out_channels, stride, shortcut, batch_norm, zeros="after"):
        super().__init__()
        self.conv1 = _conv(in_channels, out_channels, 3, stride, batch_norm)
        self.bn1 = _norm(out_channels, batch_norm)
        self.conv2 = _conv(out_channels, out_channels, 3, 1, batch_norm)
        self.bn2 = _norm(out_channels, batch_norm)
        self.shortcut, self.stride, self.new_channels = shortcut, stride, out_channels - in_channels
        self.before = self.new_channels // 2 if zeros == "around" else 0
        self.downsample = None
        if shortcut == "C" or (shortcut == "B" and self.new_channels):
            self.downsample = nn.Sequential(
                _conv(in_channels, out_channels, 1, stride, batch_norm),
                _norm(out_channels, batch_norm),
            )

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            y = y + self.downsample(x)
        elif self.shortcut is not None and self.new_channels:
            y = y + nn.functional.pad(
                x[:, :, :: self.stride, :: self.stride],
                (0, 0, 0, 0, self.before, self.new_channels - self.before),
            )
        elif self.shortcut is not None:
            y = y + x
        return torch.relu(y)


def copy_weights(source, target):
    """Copy parameters and running statistics of a minires net, `source`, to a PyTorch net.

    Raises
    ------
    AssertionError
        If the nets do not have the same names.
    RuntimeError
        If the shapes of two arrays differ.
    """
    copied = {
        name: torch.tensor(to_torch(array).copy()) for name, array in source.state_dict().items()
    }
    missing, unexpected = target.load_state_dict(copied, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)


def to_torch(array):
    """An array of weights with PyTorch's order of axes: filters (KH, KW, C, O) become
    (O, C, KH, KW), matrices (in, out) become (out, in), and vectors stay as they are.
    """
    return array.transpose({4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[array.ndim])


def _conv(in_channels, out_channels, size, stride, batch_norm):
    return nn.Conv2d(
        in_channels, out_channels, size, stride, padding=size // 2, bias=not batch_norm
    )


def _norm(channels, batch_norm):
    return nn.BatchNorm2d(channels) if batch_norm else nn.Identity()
