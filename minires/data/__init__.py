"""Data sets, loaders that make batches of them, and where they come from."""

import os

from ..errors import DataError, unknown_name
from ..types import PathLike
from .datasets.cifar10 import cifar10, find
from .datasets.features import FeatureDataset
from .datasets.image_dataset import ImageDataset
from .datasets.image_folder import image_folder
from .datasets.photographs import PhotographDataset
from .datasets.synthetic import synthetic
from .download import fetch_cifar10
from .loader import DataLoader, EvalLoader, eval_loader, train_loader
from .transforms import ImageTransform, shorter_side

__all__ = [
    "DataLoader",
    "EvalLoader",
    "FeatureDataset",
    "ImageDataset",
    "ImageTransform",
    "PhotographDataset",
    "cifar10",
    "eval_loader",
    "fetch_cifar10",
    "image_folder",
    "load",
    "preferred",
    "shorter_side",
    "synthetic",
    "train_loader",
]

# A reader takes (folder, train_size) and returns (train, test).
DATASETS = {
    "synthetic": lambda folder, train_size: synthetic(10_000 if train_size is None else train_size),
    "cifar10": lambda folder, train_size: _first(train_size, *cifar10(folder)),
}


def load(
    name: str, folder: PathLike | None = None, train_size: int | None = None
) -> tuple[ImageDataset, ImageDataset]:
    """A data set by name.

    Parameters
    ----------
    name : {"synthetic", "cifar10"}
    folder : str or Path, optional
        Where its files are; see `cifar10`. ``synthetic`` has none.
    train_size : int, optional
        Use this many training images. By default ``synthetic`` draws 10,000 and ``cifar10`` has
        50,000.

    Returns
    -------
    train, test : ImageDataset

    Raises
    ------
    ConfigError
        If there is no data set of that name, or it has fewer training images than `train_size`.
    DataError
        If its files are missing, incomplete or damaged.
    """
    if name not in DATASETS:
        raise unknown_name("load", "data set", name, DATASETS)
    return DATASETS[name](folder, train_size)


def preferred(folder: PathLike | None = None) -> str:
    """The name of the data set to take where either will do: photographs, if they are at hand.

    Parameters
    ----------
    folder : str or Path, optional
        Where CIFAR-10 may be; see `cifar10`.

    Returns
    -------
    {"synthetic", "cifar10"}
        What the environment variable MINIRES_DATASET says, if it is set; else "cifar10" if its
        files are found.

    Raises
    ------
    ConfigError
        If MINIRES_DATASET names no data set.
    """
    wanted = os.environ.get("MINIRES_DATASET")
    if wanted:
        if wanted not in DATASETS:
            raise unknown_name("MINIRES_DATASET", "data set", wanted, DATASETS)
        return wanted
    try:
        find(folder)
    except DataError:
        return "synthetic"
    return "cifar10"


def _first(
    train_size: int | None, train: ImageDataset, test: ImageDataset
) -> tuple[ImageDataset, ImageDataset]:
    return (train if train_size is None else train.take(train_size)), test
