"""Nets as other people's programs define them, in PyTorch: written from their descriptions, with
their names for layers and the differences that shapes do not show."""

from functools import partial


def build(
    torch,
    blocks,
    width,
    *,
    bottleneck=False,
    stem=3,
    head="fc",
    shortcut="downsample",
    zeros=None,
    bias=False,
    stride_on="3x3",
    num_classes=10,
):
    """A net in evaluation mode whose running statistics differ from those of a new net.

    `zeros` is "after" or "around" for shortcut A; None means projections, called `shortcut`.
    """
    nn, F = torch.nn, torch.nn.functional

    def conv(before, after, size, stride=1):
        return nn.Conv2d(before, after, size, stride, size // 2, bias=bias)

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            if bottleneck:
                middle = after // 4
                first, second = (stride, 1) if stride_on == "1x1" else (1, stride)
                self.conv1, self.bn1 = conv(before, middle, 1, first), nn.BatchNorm2d(middle)
                self.conv2, self.bn2 = conv(middle, middle, 3, second), nn.BatchNorm2d(middle)
                self.conv3, self.bn3 = conv(middle, after, 1), nn.BatchNorm2d(after)
            else:
                self.conv1, self.bn1 = conv(before, after, 3, stride), nn.BatchNorm2d(after)
                self.conv2, self.bn2 = conv(after, after, 3), nn.BatchNorm2d(after)
            self.new, self.stride = after - before, stride
            setattr(self, shortcut, nn.Sequential())
            if zeros is None and (stride > 1 or self.new):
                layers = conv(before, after, 1, stride), nn.BatchNorm2d(after)
                setattr(self, shortcut, nn.Sequential(*layers))

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if bottleneck:
                y = self.bn3(self.conv3(F.relu(y)))
            x = getattr(self, shortcut)(x)
            if zeros is not None and self.new:
                before = self.new // 2 if zeros == "around" else 0
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, before, self.new - before))
            return F.relu(x + y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = conv(3, width, stem, 2 if stem == 7 else 1)
            self.bn1, before = nn.BatchNorm2d(width), width
            for stage, count in enumerate(blocks):
                after = width * 2**stage * (4 if bottleneck else 1)
                strides = [1 if stage == 0 else 2, *[1] * (count - 1)]
                layers = []
                for stride in strides:
                    layers.append(Block(before, after, stride))
                    before = after
                setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
            setattr(self, head, nn.Linear(before, num_classes))

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(x)))
            x = F.max_pool2d(x, 3, 2, 1) if stem == 7 else x
            for stage in range(len(blocks)):
                x = getattr(self, f"layer{stage + 1}")(x)
            return getattr(self, head)(x.mean((2, 3)))

    torch.manual_seed(0)
    net = Net().eval()
    for name, one in net.state_dict().items():
        if one.ndim == 1 and one.dtype.is_floating_point and head not in name:
            one.uniform_(0.5, 1.5)
    return net


akamaster = partial(build, width=16, head="linear", shortcut="shortcut", zeros="around")
kuangliu = partial(build, width=64, head="linear", shortcut="shortcut")
chenyaofo = partial(build, width=16)
torchvision = partial(build, width=64, stem=7, num_classes=1000)
facebook = partial(build, width=64, stem=7, head="last_linear", bias=True)
