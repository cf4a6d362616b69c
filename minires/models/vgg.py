"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014, arXiv:1409.1556), which residual nets are
compared with.

There are five stages of 3x3 convolutions with ReLU, each followed by a max-pool that halves the
map; then three linear layers. 16 and 19 count the layers with weights. There are no shortcuts. The
paper had no batch norm, and started nets this deep from shallower ones that had been trained.
`vgg16_bn` and `vgg19_bn` have a batch norm after each convolution.

He et al. 2015 started from these nets. Their plain nets keep the 3x3 convolutions and the rule that
channels double where the map halves. But most pooling is replaced by stride 2, and the three linear
layers by a mean over the map and a single one. So ResNet-152, eight times as deep as VGG-19, takes
fewer multiply-adds. Most of VGG's parameters are in its first linear layer, 25,088 x 4,096.

Names and shapes are torchvision's.
"""

from collections.abc import Sequence

from .. import checks, nn
from ..autograd import Tensor
from ..errors import ConfigError, ShapeError
from ..random import stream

CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # depth -> number in each stage
HIDDEN = 4096  # outputs of the first two linear layers


class VGG(nn.Module):
    """Images (N, image_size, image_size, 3) to logits. Build it with `vgg16` and its relatives.

    Parameters
    ----------
    stages : sequence of (int, int)
        The number of convolutions of each stage, and their output channels.
    hidden : int
        Outputs of the first two linear layers.
    image_size, num_classes : int
    batch_norm : bool
    dropout : float
        The probability with which a hidden unit is left out in training.
    seed : int
    """

    def __init__(
        self,
        stages: Sequence[tuple[int, int]],
        hidden: int,
        *,
        image_size: int,
        num_classes: int,
        batch_norm: bool,
        dropout: float,
        seed: int,
    ) -> None:
        self.image_size = checks.integer("vgg", "image_size", image_size)
        num_classes = checks.integer("vgg", "num_classes", num_classes)
        map_size = image_size >> len(stages)
        if map_size == 0:
            least = f"at least {2 ** len(stages)}"
            raise ConfigError("vgg", "image_size", least, str(image_size), "each stage halves it")
        rng = stream(seed, "weights")
        layers: list[nn.Module] = []
        channels = 3
        for convolutions, out_channels in stages:
            for _ in range(convolutions):
                layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, rng=rng))
                layers += [nn.BatchNorm2d(out_channels)] if batch_norm else []
                layers.append(nn.ReLU())
                channels = out_channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        dropped = stream(seed, "dropout")
        self.classifier = nn.Sequential(
            nn.Linear(channels * map_size**2, hidden, rng=rng),
            nn.ReLU(),
            nn.Dropout(dropout, rng=dropped),
            nn.Linear(hidden, hidden, rng=rng),
            nn.ReLU(),
            nn.Dropout(dropout, rng=dropped),
            nn.Linear(hidden, num_classes, rng=rng, std=0.01),
        )

    def forward(self, x: Tensor) -> Tensor:
        size = self.image_size
        if x.ndim != 4 or x.shape[1:3] != (size, size):
            expected = f"shape (N, {size}, {size}, 3)"
            todo = f"build the net with image_size={x.shape[1]}" if x.ndim == 4 else None
            raise ShapeError("vgg", "images", expected, f"shape {x.shape}", todo)
        x = self.features(x)
        # torchvision flattens images with the channels first; its weights fit only this order.
        x = x.transpose((0, 3, 1, 2))
        return self.classifier(x.reshape(len(x), x.shape[1] * x.shape[2] * x.shape[3]))


def _vgg(depth, batch_norm, num_classes, image_size, dropout, seed):
    return VGG(
        list(zip(CONVOLUTIONS[depth], CHANNELS)),
        HIDDEN,
        image_size=image_size,
        num_classes=num_classes,
        batch_norm=batch_norm,
        dropout=dropout,
        seed=seed,
    )


def vgg16(
    *, num_classes: int = 1000, image_size: int = 224, dropout: float = 0.5, seed: int = 0
) -> VGG:
    """VGG-16, "D" in the paper: 13 convolutions and three linear layers.

    Parameters
    ----------
    num_classes : int
        1000 by default.
    image_size : int
        Pixels on a side of the images; the size of the first linear layer follows from it.
    dropout : float
        The probability with which a hidden unit of the linear layers is left out in training.
    seed : int
        For the initial weights (`nn.init.he_normal`, except in the last layer, which starts
        smaller) and for dropout.

    Returns
    -------
    VGG
        Maps images (N, image_size, image_size, 3) to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a value that is not possible.
    """
    return _vgg(16, False, num_classes, image_size, dropout, seed)


def vgg16_bn(
    *, num_classes: int = 1000, image_size: int = 224, dropout: float = 0.5, seed: int = 0
) -> VGG:
    """VGG-16 with a batch norm after each convolution. Settings: those of `vgg16`."""
    return _vgg(16, True, num_classes, image_size, dropout, seed)


def vgg19(
    *, num_classes: int = 1000, image_size: int = 224, dropout: float = 0.5, seed: int = 0
) -> VGG:
    """VGG-19, "E" in the paper: 16 convolutions and three linear layers. Settings: those of
    `vgg16`.
    """
    return _vgg(19, False, num_classes, image_size, dropout, seed)


def vgg19_bn(
    *, num_classes: int = 1000, image_size: int = 224, dropout: float = 0.5, seed: int = 0
) -> VGG:
    """VGG-19 with a batch norm after each convolution. Settings: those of `vgg16`."""
    return _vgg(19, True, num_classes, image_size, dropout, seed)
