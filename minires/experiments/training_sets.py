"""The data on which one net is trained and tested: images, or features that are computed once."""

from dataclasses import replace
from typing import Any

import numpy as np

from .. import backend, data, models
from ..autograd import Tensor, no_grad
from ..data import EvalLoader, FeatureDataset
from ..data.datasets.image_folder import VAL_FRACTION
from ..data.parts import only_classes, validation_part
from ..errors import ConfigError
from ..nn import Module
from ..serialization.weights import WeightsFile
from ..training.config import FOLDER, RunConfig
from . import small_images

USUAL_VAL_FRACTION = 0.1  # of the training images, for a run with patience


def load_sets(
    config: RunConfig, file: WeightsFile | None = None, progress: bool = True
) -> tuple[Any, Any]:
    """The training and test set for a config, with as many images and of the size that it says.

    Parameters
    ----------
    config : RunConfig
    file : WeightsFile, optional
        The weights with which the net starts. Photographs are prepared as in their training.
    progress : bool

    Raises
    ------
    ConfigError, DataError
        If settings do not suit the data, or files are missing or damaged.
    """
    if config.dataset != FOLDER:
        check_kind(config)
        return small_images.load_sets(config, draw_all=True)
    train, test = _photographs(config, file, progress)
    if config.only is not None:
        train, test = (only_classes(one, config.only) for one in (train, test))
    return train.take(config.train_size or len(train)), test.take(config.test_size or len(test))


def check_kind(config: RunConfig) -> None:
    """Raise ConfigError for settings of photographs where there are none, or none to be read."""
    if config.dataset != FOLDER:
        for name in ("test_image_size", "original_pixels"):
            if getattr(config, name):
                raise ConfigError(
                    name,
                    "is for photographs, which are cut to size",
                    f"dataset {FOLDER!r}",
                    f"dataset {config.dataset!r}",
                )
    elif config.data is None:
        raise ConfigError(
            "data",
            "no folder of photographs",
            "a folder with a subfolder for each class",
            "none",
            "name it with --data",
        )


def _photographs(config, file, progress):
    """The training and test set in the folder, in random order."""
    check_kind(config)
    assert config.data is not None
    sets = data.image_folder(
        config.data,
        val_fraction=config.val_fraction or VAL_FRACTION,
        seed=config.seed,
        workers=config.workers,
        cache=config.cache,
        progress=progress,
        transform=_transform(config.image_size, file),
        test_transform=_transform(config.test_image_size or config.image_size, file),
        original_pixels=config.original_pixels,
        skip_damaged=config.skip_damaged,
    )
    # Images are read class by class. Shuffled, the first few of a set also contain all classes.
    return (some.pick(np.random.default_rng(config.seed).permutation(len(some))) for some in sets)


def _transform(crop, file):
    """The transform for images of this size: that of the weights to start from, scaled in
    proportion, or the one that is usual for ImageNet.
    """
    saved = {} if file is None else file.transform
    resize = data.shorter_side(crop)
    if "resize" in saved and "crop" in saved:
        resize = round(crop * saved["resize"] / saved["crop"])
    colours = {name: saved[name] for name in ("mean", "std") if name in saved}
    return data.ImageTransform(resize, crop, **colours)


def split_validation(config: RunConfig, train_set: Any, test_set: Any) -> tuple[Any, Any]:
    """The training set without its validation part, and the validation part, which is None for a
    run without patience.
    """
    if config.patience is None:
        return train_set, None
    fraction = config.val_fraction or USUAL_VAL_FRACTION
    train_set, val_set = validation_part(train_set, fraction, config.seed)
    if config.test_image_size is not None:  # prepare validation images like test images
        val_set = replace(val_set, transform=test_set.transform)
    return train_set, val_set


def features_of(model: Module, loader: EvalLoader, progress: bool = True) -> FeatureDataset:
    """The features of all images of an `EvalLoader`, computed by the layers before the head."""
    from tqdm import tqdm

    found, labels, dataset = [], [], loader.dataset
    model.to(loader.device).eval()
    bar = tqdm(
        total=len(dataset),
        desc="features",
        unit="image",
        dynamic_ncols=True,
        disable=None if progress else True,
    )
    with no_grad(), bar:
        for images, right in loader:
            found.append(backend.move(models.extract_features(model, Tensor(images)).data, "cpu"))
            labels.append(right)
            bar.update(len(right))
    return data.FeatureDataset(
        np.concatenate(found), np.concatenate(labels), dataset.classes, dataset.name
    )
