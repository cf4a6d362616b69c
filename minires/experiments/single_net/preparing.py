"""What is made before the first step of a training: the data and the net."""

import warnings
from dataclasses import replace
from typing import Any, NamedTuple

from ...data import DataLoader
from ...diagnostics.parts import main_path
from ...distributed import World
from ...errors import ConfigError, WeightsWarning
from ...models.transfer import head_of
from ...names import printable
from ...serialization.weights import WeightsFile
from ...training.class_weights import with_class_weights
from ...training.config import HEAD, RunConfig
from ...training.from_config import loader_for, optimizer_for
from ...training.trainer import EVALUATION_BATCH
from ..before_data import expected_images
from ..model_setup import build
from ..training_sets import features_of, load_sets, split_validation


class Prepared(NamedTuple):
    """Everything that a run prepares before its first step: data and net."""

    config: RunConfig  # with a net, an image size and a batch size
    model: Any  # a Module with a head
    train_set: Any
    test_set: Any
    val_set: Any  # None without patience
    loader: DataLoader  # of the training set

    def trained(self, progress: bool) -> tuple[Any, Any, Any, Any]:
        """The module to be trained, and its training, test and validation set. If only the head is
        trained, that module is the head, and the sets hold features.
        """
        sets = self.train_set, self.test_set, self.val_set
        if self.config.train != HEAD:
            return self.model, *sets
        train, test, val = (
            None
            if some is None
            else features_of(self.model, self.loader.eval_loader(some, EVALUATION_BATCH), progress)
            for some in sets
        )
        return head_of(self.model)[1], train, test, val


def prepare(
    config: RunConfig,
    file: WeightsFile | None,
    sets: tuple[Any, Any] | None,
    progress: bool,
    world: World,
) -> Prepared:
    """Read the data and build the net. Parameters and errors are those of `single_net.run`.

    `config` comes from `model_setup.complete`, and `file` is the open file of weights that it
    names, if any.
    """
    if sets is None:
        check_before_data(config, file)
    with world.one_after_rank_0():
        train_set, test_set = sets or load_sets(config, file, progress)
    train_set, val_set = split_validation(config, train_set, test_set)
    model, note = build(config, file, train_set.input_shape, train_set.classes)
    if note and progress:
        print(printable(note), flush=True)
    config = config.for_depth(len(main_path(model)))
    # Settings that do not suit the data raise an error here, before a folder is created.
    resolved = with_class_weights(config, train_set).resolve(len(train_set))
    config = replace(config, batch_size=resolved.batch_size)
    loader = loader_for(train_set, resolved)
    return Prepared(config, model, train_set, test_set, val_set, loader)


def check_before_data(config: RunConfig, file: WeightsFile | None, build_net: bool = True) -> None:
    """Raise what is wrong with the settings before any image is drawn, read or decoded.

    Parameters as in `prepare`; `build_net`: whether the net is built on trial, too.
    """
    expected = expected_images(config, draw_all=True)
    if build_net:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WeightsWarning)  # said later, once
            model: Any = build(config, file, expected.input_shape, expected.classes)[0]
        optimizer_for(head_of(model)[1] if config.train == HEAD else model, config)
    if config.train == HEAD and (config.crop_padding or config.crop_scale or config.flip):
        raise ConfigError(
            "train 'head'",
            "features are found once, from each image as it is",
            "crop_padding 0, crop_scale None and flip False",
            f"{config.crop_padding}, {config.crop_scale} and {config.flip}",
            "RunConfig.for_data sets them so",
        )
