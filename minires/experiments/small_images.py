"""The sets of small images that an experiment trains and tests its nets on."""

from dataclasses import replace

from .. import data
from ..data import ImageDataset
from ..data.datasets.synthetic import TEST_SIZE, TRAIN_SIZE
from ..data.parts import only_classes
from ..errors import ConfigError
from ..training.config import RunConfig


def load_sets(config: RunConfig, draw_all: bool = False) -> tuple[ImageDataset, ImageDataset]:
    """The training and test set of an experiment, at the size that the config gives, else whole.

    With a `val_fraction`, the last so many training images take the place of the test set, as the
    paper keeps 5,000 of 50,000 to choose its schedule by: what is chosen on the test set looks
    better there than it is.

    Parameters
    ----------
    config : RunConfig
    draw_all : bool
        Draw the usual 2,000 test images, and take the first `test_size` of them, as ``minires
        train`` does: the last few of a shorter set are others.

    Raises
    ------
    ConfigError
        If there are fewer images, or their size cannot be averaged down to the config's.
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
