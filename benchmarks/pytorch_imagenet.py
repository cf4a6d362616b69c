"""The nets for ImageNet in PyTorch's own layers, with torchvision's names of parameters. They
compute what those of `minires.models` compute, for tests and timings.
"""

import torch
from torch import nn
from torch.nn import functional as F

#: Depth -> blocks of each stage.
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


class Block(nn.Module):
    """A basic or bottleneck block, with the ReLU after the addition, or before the convolutions if
    ``pre_activation``. `settings` are those of `Net`, and ``bottleneck``.
    """

    def __init__(self, in_channels, out_channels, stride, settings):
        super().__init__()
        self.pre_activation, self.shortcut = settings["pre_activation"], settings["shortcut"]
        self.stride, self.new_channels = stride, out_channels - in_channels
        if settings["bottleneck"]:
            middle = int(out_channels // 4 * settings["width_per_group"] / 64) * settings["groups"]
            first, second = (stride, 1) if settings["stride_on"] == "1x1" else (1, stride)
            shapes = [
                (in_channels, middle, 1, first, 1),
                (middle, middle, 3, second, settings["groups"]),
                (middle, out_channels, 1, 1, 1),
            ]
        else:
            shapes = [
                (in_channels, out_channels, 3, stride, 1),
                (out_channels, out_channels, 3, 1, 1),
            ]
        self.count = len(shapes)
        for i, (a, b, size, step, groups) in enumerate(shapes, 1):
            setattr(
                self, f"conv{i}", nn.Conv2d(a, b, size, step, size // 2, groups=groups, bias=False)
            )
            setattr(self, f"bn{i}", nn.BatchNorm2d(a if self.pre_activation else b))
        changes_shape = stride != 1 or in_channels != out_channels
        if self.shortcut == "C" or self.shortcut == "B" and changes_shape:
            conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            norm = [] if self.pre_activation else [nn.BatchNorm2d(out_channels)]
            self.downsample = nn.Sequential(conv, *norm)

    def forward(self, x):
        y = F.relu(self.bn1(x)) if self.pre_activation else x
        source = y
        for i in range(1, self.count + 1):
            conv, norm = getattr(self, f"conv{i}"), getattr(self, f"bn{i}")
            if self.pre_activation:
                y = conv(y if i == 1 else F.relu(norm(y)))
            else:
                y = norm(conv(y))
                y = F.relu(y) if i < self.count else y
        if hasattr(self, "downsample"):
            y = y + self.downsample(source if self.pre_activation else x)
        elif self.shortcut is not None:
            y = y + F.pad(
                x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels)
            )
        return y if self.pre_activation else F.relu(y)


class Net(nn.Module):
    """The same net as minires' `ImageNetResNet`, with the same settings. Images are (N, 3, H, W),
    logits (N, num_classes).
    """

    def __init__(
        self,
        depth,
        num_classes=1000,
        shortcut="B",
        pre_activation=False,
        stride_on="3x3",
        groups=1,
        width_per_group=64,
    ):
        super().__init__()
        settings = {
            "shortcut": shortcut,
            "pre_activation": pre_activation,
            "bottleneck": depth >= 50,
            "stride_on": stride_on,
            "groups": groups,
            "width_per_group": width_per_group,
        }
        self.pre_activation = pre_activation
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        channels = 64
        for stage, blocks in enumerate(BLOCKS[depth], 1):
            out, stack = 64 * 2 ** (stage - 1) * (4 if depth >= 50 else 1), []
            for i in range(blocks):
                stack.append(Block(channels, out, 2 if stage > 1 and i == 0 else 1, settings))
                channels = out
            setattr(self, f"layer{stage}", nn.Sequential(*stack))
        if pre_activation:
            self.layer1[0].bn1 = nn.Identity()  # the stem ends with a batch norm and a ReLU
            self.bn2 = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        if self.pre_activation:
            x = F.relu(self.bn2(x))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))
