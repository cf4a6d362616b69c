"""Load the small images that an experiment trains and tests its nets on."""

from dataclasses import replace

from .. import data
from ..data import ImageDataset
from ..data.datasets.synthetic import TEST_SIZE, TRAIN_SIZE
from ..data.parts import only_classes
from ..errors import ConfigError
from ..training.config import RunConfig


def load_sets(config: RunConfig, draw_all: bool = False) -> tuple[ImageDataset, ImageDataset]:
    """The training and test set of an experiment, with as many images as the config says, or all.

    With a `val_fraction` and no patience, that fraction of the training images, the last ones,
    replaces the test set. He et al. keep 5,000 of 50,000 images in this way to choose their
    schedule: settings that are chosen on the test set look better there than they are.

    Parameters
    ----------
    config : RunConfig
    draw_all : bool
        For synthetic images: draw the usual 2,000 test images and take the first `test_size` of
        them, as ``minires train`` does. By default only `test_size` images are drawn, and the last
        few of them differ from those.

    Raises
    ------
    ConfigError
        If the set has fewer images, or they cannot be averaged down to the size in the config.
    DataError
        If the files are missing or damaged.
    """
    if config.dataset == "synthetic":
        train, test = data.synthetic(*sizes_to_draw(config, draw_all))
    else:
        train, test = data.load(config.dataset, config.data)
    if config.only is not None:
        train, test = (only_classes(one, config.only) for one in (train, test))
    train, test = taken(config, train, test)
    if config.image_size is None:
        return train, test
    return train.resize(config.image_size), test.resize(config.image_size)


def sizes_to_draw(config: RunConfig, draw_all: bool) -> tuple[int, int]:
    """How many synthetic images are drawn for training and for testing; see `load_sets`.

    Raises ConfigError if the config names files.
    """
    if config.data is not None:
        got = repr(config.data)
        raise ConfigError("data", "the synthetic images are drawn, not read", "none", got)
    train, test = config.train_size, config.test_size
    if config.only is not None:
        train = test = None
    return train or TRAIN_SIZE, (None if draw_all else test) or TEST_SIZE


def taken(
    config: RunConfig, train: ImageDataset, test: ImageDataset
) -> tuple[ImageDataset, ImageDataset]:
    """As many images of both sets as the config says. Raises ConfigError if there are fewer."""
    sets = train.take(config.train_size or len(train)), test.take(config.test_size or len(test))
    if config.val_fraction is not None and config.patience is None:
        sets = _split(sets[0], config.val_fraction)
    return sets


def _split(images, fraction):
    count = max(1, round(fraction * len(images)))
    rest, last = images.split(count)
    name = f"{images.name}, its last {count:,} training images for validation"
    return replace(rest, name=name), replace(last, name=name)
