"""Find mistakes in the settings of a run before its images are drawn, read or decoded.

Drawing images takes seconds, and decoding a folder of photographs takes minutes. A mistake that the
settings alone show should be reported before that. The usual checks are run on a stand-in: a set of
black images that takes no memory, and has the size, the number and the classes of the real one. So
no rule is written twice.
"""

from typing import NamedTuple

import numpy as np

from ..data import ImageDataset
from ..data.batches import ImageBatches, PhotographBatches, check_crops
from ..data.datasets import cifar10, synthetic
from ..data.datasets.image_folder import training_pictures
from ..data.parts import check_classes
from ..names import as_text, expanded
from ..training.class_weights import check_number
from ..training.config import FOLDER, RunConfig
from ..types import Shape
from .small_images import sizes_to_draw, taken
from .training_sets import check_kind

SIDE = 32  # pixels of the small images


class Expected(NamedTuple):
    """What can be known of the images of a run before they are there."""

    input_shape: Shape  # of one image, as the net sees it
    classes: tuple[str, ...]
    images: int  # to train on, or a few more where only the files can tell


def expected_images(config: RunConfig, draw_all: bool = False) -> Expected:
    """The shape, the classes and the number of the images of a run.

    Parameters
    ----------
    config : RunConfig
        With an image size, if it is for photographs (`model_setup.complete`).
    draw_all : bool
        As in `small_images.load_sets`.

    Raises
    ------
    ConfigError, DataError
        The same as later, when the images are loaded: for crops that do not suit the images, a size
        that is not a divisor, a class that does not exist, more images than there are, a batch
        larger than the set, or missing files.
    """
    check_kind(config)
    expected = (_photographs if config.dataset == FOLDER else _small_images)(config, draw_all)
    check_number(config.class_weights, expected.classes)
    config.resolve(expected.images)
    return expected


def _small_images(config, draw_all):
    if config.dataset == "synthetic":
        sizes, classes = sizes_to_draw(config, draw_all), synthetic.CLASSES
        train, test = (_black(size, SIDE, classes, "synthetic") for size in sizes)
    else:
        cifar10.find(config.data)
        sizes = (len(cifar10.BATCHES) - 1) * cifar10.RECORDS, cifar10.RECORDS
        train, test = (_black(size, SIDE, cifar10.CLASSES, "CIFAR-10") for size in sizes)
    check_crops(train, config.crop_padding, config.crop_scale, config.flip, ImageBatches)
    side = SIDE
    if config.image_size is not None:
        side = train.take(1).resize(config.image_size).input_shape[0]
    if config.only is None:
        train, test = taken(config, train, test)
        return Expected((side, side, 3), train.classes, len(train))
    check_classes(train.name, train.classes, config.only)
    return Expected(
        (side, side, 3),
        tuple(name for name in train.classes if name in config.only),
        min(len(train), config.train_size or len(train)),  # the files say how many a class has
    )


def _photographs(config, draw_all):
    folder = expanded(config.data)
    _, pictures = training_pictures(folder)
    classes, files = pictures.classes, pictures.files
    if config.only is not None:
        check_classes(as_text(folder), classes, config.only)
        files = [one for one in files if classes[one[1]] in config.only]
        classes = tuple(name for name in classes if name in config.only)
    train = _black(len(files), config.image_size, classes, as_text(folder))
    check_crops(train, config.crop_padding, config.crop_scale, config.flip, PhotographBatches)
    train = train.take(config.train_size or len(train))
    return Expected(train.input_shape, classes, len(train))


def _black(number, side, classes, name):
    """A data set of so many black images, which are all the same byte.

    Raises MemoryError for more images than there are addresses, as the real ones would.
    """
    try:
        images = np.broadcast_to(np.uint8(0), (number, side, side, 3))
    except ValueError:
        raise MemoryError(f"too many images of {side}x{side} pixels") from None
    return ImageDataset(images, np.broadcast_to(np.int64(0), number), classes, name)


def stand_in(dataset: str) -> ImageDataset:
    """A black image with the name and classes of a data set of small images."""
    if dataset == "synthetic":
        return _black(1, SIDE, synthetic.CLASSES, "synthetic")
    return _black(1, SIDE, cifar10.CLASSES, "CIFAR-10")
