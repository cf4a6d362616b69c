"""Find mistakes in the settings of a run before its images are drawn, read or decoded.

Drawing images takes seconds, and decoding a folder of photographs takes minutes. A mistake that the
settings alone show should be reported before that. The usual checks are run on a stand-in: a set of
black images that takes no memory, and has the size, the number and the classes of the real one. So
no rule is written twice.
"""

import warnings
from typing import NamedTuple

import numpy as np

from ..data import DATASETS, ImageDataset
from ..data.batches import ImageBatches, PhotographBatches, check_crops
from ..data.datasets import cifar10, synthetic
from ..data.datasets.image_folder import (
    VAL_FRACTION,
    class_names,
    held_out,
    pictures_to_test,
    title_of,
    training_pictures,
)
from ..data.parts import check_classes, validation_sizes
from ..errors import WeightsWarning
from ..names import expanded
from ..serialization.weights_file import WeightsFile
from ..training.class_weights import check_number
from ..training.config import FOLDER, RunConfig
from ..types import PathLike, Shape
from .evaluation_images import class_order
from .small_images import sizes_to_draw, taken
from .training_sets import USUAL_VAL_FRACTION, check_kind

SIDE = 32  # pixels of the small images


class Expected(NamedTuple):
    """What can be known of the images of a run before they are there."""

    input_shape: Shape  # of one image, as the net sees it
    classes: tuple[str, ...]
    images: int  # to train on, or a few more where only the pictures can tell


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
        larger than the set or than what validation leaves of it, or missing files.
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
        sizes = cifar10.TRAIN_SIZE, cifar10.TEST_SIZE
        train, test = (_black(size, SIDE, cifar10.CLASSES, "CIFAR-10") for size in sizes)
    check_crops(train, config.crop_padding, config.crop_scale, config.flip, ImageBatches)
    side = SIDE
    if config.image_size is not None:
        side = train.take(1).resize(config.image_size).input_shape[0]
    classes, counts = train.classes, None
    if config.only is None:
        train, test = taken(config, train, test)
        images = len(train)
        if config.dataset == "synthetic":  # its classes take turns
            counts = np.bincount(np.arange(images) % len(classes), minlength=len(classes)).tolist()
    else:
        check_classes(train.name, classes, config.only)
        classes = tuple(name for name in classes if name in config.only)
        images = min(len(train), config.train_size or len(train))  # the files say how many
    images = _without_validation(config, train.name, classes, images, counts)
    return Expected((side, side, 3), classes, images)


def _photographs(config, draw_all):
    folder = expanded(config.data)
    layout, pictures = training_pictures(folder)
    classes, name = class_names(pictures.classes), title_of(folder)
    counts = np.bincount([label for _, label in pictures.files], minlength=len(classes)).tolist()
    if layout.testing is None:
        assert layout.training is not None
        counts = [
            count - held_out(layout.training / one, count, config.val_fraction or VAL_FRACTION)
            for one, count in zip(pictures.classes, counts)
        ]
    if config.only is not None:
        check_classes(name, classes, config.only)
        counts = [count for one, count in zip(classes, counts) if one in config.only]
        classes = tuple(one for one in classes if one in config.only)
    train = _black(sum(counts), config.image_size, classes, name)
    check_crops(train, config.crop_padding, config.crop_scale, config.flip, PhotographBatches)
    images = len(train.take(config.train_size or len(train)))
    every = counts if images == len(train) else None
    return Expected(
        train.input_shape, classes, _without_validation(config, name, classes, images, every)
    )


def _without_validation(config, name, classes, images, counts):
    """How many images are left for training beside the validation part, which decides when to stop.
    Where `counts`, the number of each class, is None, it is the largest number that can be left.
    """
    if config.patience is None:
        return images
    fraction = config.val_fraction or USUAL_VAL_FRACTION
    if counts is not None:
        return images - sum(validation_sizes(name, counts, fraction))
    return min(images, int(images * (1 - fraction)) + len(classes))  # of a class all but n f - 1


def _black(number, side, classes, name):
    """A data set of so many black images, which are all the same byte.

    Raises MemoryError for more images than there are addresses, as the real ones would.
    """
    try:
        images = np.broadcast_to(np.uint8(0), (number, side, side, 3))
    except ValueError:
        raise MemoryError(f"too many images of {side}x{side} pixels") from None
    return ImageDataset(images, np.broadcast_to(np.int64(0), number), classes, name)


def check_net_knows(file: WeightsFile, dataset: str | None, folder: PathLike | None) -> None:
    """Raise what is wrong with the classes of the test images before one of them is drawn, read or
    decoded. Parameters and errors are those of `evaluation_images.source_of` and `class_order`.
    """
    if dataset is None:
        if folder is None:
            return  # `source_of` reports it
        place = expanded(folder)
        classes, name = class_names(pictures_to_test(place)[2].classes), title_of(place)
    elif dataset in DATASETS:
        synthetics = dataset == "synthetic"
        classes = synthetic.CLASSES if synthetics else cifar10.CLASSES
        name = "synthetic" if synthetics else "CIFAR-10"
    else:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeightsWarning)  # said later, once
        class_order(file, _black(1, SIDE, classes, name))
