"""Families of public weights: what each is known for, and its published files.

Two nets may have weights of the same names and shapes and compute different things. The zeros of
shortcut A may stand after the channels or around them, a bottleneck's stride on its first or second
convolution, inputs may have been normalised in many ways, red first or blue first. A file does not
say so, but its family may be known for it. `recognition` tells which family a file belongs to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError, unknown_name

CIFAR10 = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
# 0.2023 0.1994 0.2010 is the mean of each image's standard deviation, not that of the whole set:
# an old mistake, but the nets were trained with it.
KUANGLIU = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.2023, 0.1994, 0.2010]}
FACEBOOK = {  # of CIFAR-10's training images
    "mean": [x / 255 for x in (125.3, 123.0, 113.9)],
    "std": [x / 255 for x in (63.0, 62.1, 66.7)],
}
# Inputs from 0 to 255, minus a mean: (x - mean / 255) / (1 / 255) for x from 0 to 1, red first.
CAFFE = {"mean": [x / 255 for x in (123.675, 116.28, 103.53)], "std": [1 / 255] * 3}
# keras.applications' own rounding of the same means.
KERAS = {"mean": [x / 255 for x in (123.68, 116.779, 103.939)], "std": [1 / 255] * 3}
SMALL = {"resize": 32, "crop": 32}
LARGE = {"resize": 256, "crop": 224}
#: Published files by the first digits of their SHA-256: (family, transform).
TORCHVISION_V1 = "5c106cde f37072fd 333f7ec4 b627a593 19c8e357 0676ba61 5d3b4d8f 63fe2227 b121ed2d "
TORCHVISION_V1 += "394f9c45 7cdf4587 8ba56ff5 95faca4d 32ee1156"
TORCHVISION_V2 = "11ad3fa6 cd907fc2 f82ba261 1a0047aa 110c445d 9ba9bcbe d733dc28"
CHENYAOFO = "4118986f ef93fc4d 2a3cabcb 187c023a"
PUBLISHED = {
    **dict.fromkeys(TORCHVISION_V1.split(), ("torchvision", LARGE)),
    **dict.fromkeys(TORCHVISION_V2.split(), ("torchvision", {"resize": 232, "crop": 224})),
    **dict.fromkeys(CHENYAOFO.split(), ("chenyaofo", SMALL)),
}


@dataclass(frozen=True)
class Family:
    """Nets that one program trained, or that descend from it.

    Attributes
    ----------
    source : str
        Where it is from, for the user.
    settings : dict
        Settings of its nets that shapes do not show.
    transform, small_transform : dict
        How inputs of its nets for large and for small images are prepared.
    blue_first : bool
        Whether its nets expect blue, green, red.
    question : str
        What the user should know better than the family does.
    """

    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    transform: Mapping[str, Any] = field(default_factory=dict)
    small_transform: Mapping[str, Any] = field(default_factory=dict)
    blue_first: bool = False
    question: str = ""


def _keras(eps: float) -> dict[str, Any]:
    """Settings of Keras's ResNets. Keras counts the momentum of batch norm from the other end."""
    return {"stride_on": "1x1", "eps": eps, "momentum": 0.01}


PREPROCESSED = (
    "was the net trained without the application's preprocess_input? Then give --family keras-rgb, "
    "--mean and --std"
)
ON_3X3 = {"stride_on": "3x3"}
FAMILIES = {
    "akamaster": Family(
        "akamaster/pytorch_resnet_cifar10",
        {"zeros": "around"},
        small_transform=SMALL | IMAGENET,
    ),
    "kuangliu": Family("kuangliu/pytorch-cifar", ON_3X3, small_transform=SMALL | KUANGLIU),
    "chenyaofo": Family("chenyaofo/pytorch-cifar-models", small_transform=SMALL | KUANGLIU),
    "torchvision": Family("torchvision", ON_3X3, LARGE | IMAGENET, SMALL | IMAGENET),
    "timm": Family("timm", ON_3X3, LARGE | IMAGENET, SMALL | IMAGENET),
    "fb.resnet.torch": Family(
        "facebook/fb.resnet.torch",
        ON_3X3 | {"zeros": "after"},
        LARGE | IMAGENET,
        SMALL | FACEBOOK,
    ),
    "caffe": Family(
        "the authors' Caffe models of 2015",
        {"stride_on": "1x1"},
        LARGE | CAFFE,
        SMALL | CAFFE,
        blue_first=True,
    ),
    "keras": Family(
        "keras.applications",
        _keras(1.001e-5),
        LARGE | KERAS,
        SMALL | KERAS,
        blue_first=True,
        question=PREPROCESSED,
    ),
    "keras-2017": Family(
        "Keras's ResNet50 of 2015 to 2018",
        _keras(1e-3),
        LARGE | KERAS,
        SMALL | KERAS,
        blue_first=True,
        question=PREPROCESSED,
    ),
    "keras-rgb": Family("keras.applications, trained on RGB", _keras(1.001e-5), LARGE, SMALL),
    "keras-2017-rgb": Family(
        "Keras's ResNet50 of 2015 to 2018, trained on RGB", _keras(1e-3), LARGE, SMALL
    ),
}


def check_family(family: str | None, is_own: bool, where: str) -> None:
    """Raise ConfigError if a family is named for a file that minires wrote, or does not exist."""
    if family is not None and family not in FAMILIES:
        raise unknown_name(where, "family of weights", family, FAMILIES)
    if family is not None and is_own:
        raise ConfigError(
            where,
            "minires wrote this file, which says itself how the net was trained",
            "no family beside it",
            family,
        )
