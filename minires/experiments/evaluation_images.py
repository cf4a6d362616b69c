"""The images to try a trained net on, prepared as its training prepared them."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend, data
from ..data.class_names import imagenet_classes, imagenet_wnids
from ..data.datasets.image_folder import photographs_to_test
from ..data.transforms import center_crop, resize_shorter
from ..diagnostics.parts import Batches
from ..errors import ConfigError, WeightsWarning, nearest
from ..serialization.weights_file import WeightsFile
from ..types import Array, Device, PathLike

MOST_NAMES = 10  # of classes, in a line


@dataclass(frozen=True, eq=False)
class NormalisedImages:
    """Batches of an `ImageDataset`, prepared as a net needs them: gone through any number of times.

    Images are brought to the transform's sizes, and then (pixels / 255 - mean) / std.

    Parameters
    ----------
    dataset : data.ImageDataset
    transform : data.ImageTransform
    batch_size : int
    device : {"cpu", "gpu"}
    """

    dataset: data.ImageDataset
    transform: data.ImageTransform
    batch_size: int
    device: Device = "cpu"

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        mean, std = (
            np.array(colours, np.float32) for colours in (self.transform.mean, self.transform.std)
        )
        for start in range(0, len(self.dataset), self.batch_size):
            part = slice(start, start + self.batch_size)
            images = self._sized(part).astype(np.float32) / np.float32(255)
            yield backend.move((images - mean) / std, self.device), self.dataset.labels[part]

    def _sized(self, part):
        """The images of a batch, resized and cropped. A whole factor makes a new pixel the mean of
        a square of old ones, as in the training of small nets here.
        """
        dataset, resize, crop = self.dataset, self.transform.resize, self.transform.crop
        dataset = dataset.pick(part)
        side = dataset.input_shape[0]
        if resize == side:
            images = dataset.images
        elif side % resize == 0:
            images = dataset.resize(resize).images
        else:
            images = np.stack([resize_shorter(image, resize) for image in dataset.images])
        if crop == resize:
            return images
        return np.stack([center_crop(image, crop) for image in images])


def source_of(dataset: str | None, folder: PathLike | None) -> data.ImageDataset | PathLike:
    """Where images come from: the test set of a data set by its name, or a folder of photographs.

    Parameters
    ----------
    dataset : str or None
    folder : str or Path or None
        Where the files of the data set are, or the photographs: a folder for each class.

    Raises
    ------
    ConfigError
        If neither is given, or a folder for images that are drawn.
    DataError
        If the files are missing or unusable.
    """
    if dataset is not None:
        if dataset == "synthetic" and folder is not None:
            raise ConfigError(
                "--data",
                "the synthetic images are drawn, not read",
                "--dataset cifar10 beside it",
                "--dataset synthetic",
            )
        return data.load(dataset, folder)[1]
    if folder is None:
        raise ConfigError("images", "which ones?", "the name of a data set, or a folder", "none")
    return folder


def images_to_test(
    source: data.ImageDataset | PathLike,
    transform: data.ImageTransform,
    batch_size: int,
    device: Device = "cpu",
    count: int | None = None,
    progress: bool = True,
    cache: PathLike | None = None,
    skip_damaged: bool = False,
) -> tuple[Any, Batches]:
    """The images to try a net on, and their batches.

    Parameters
    ----------
    source : ImageDataset, str or Path
        From `source_of`.
    transform : data.ImageTransform
    batch_size : int
    device : {"cpu", "gpu"}
    count : int, optional
        So many of the images at most, drawn at random, always the same.
    progress : bool
    cache : str or Path, optional
        Where decoded photographs are kept; by default in the user's cache.
    skip_damaged : bool
        Leave out photographs that cannot be read: the images' ``damaged`` names them.

    Raises
    ------
    DataError
        If photographs are missing or unusable.
    """
    if not isinstance(source, data.ImageDataset):
        photographs = photographs_to_test(
            source, transform, cache=cache, progress=progress, skip_damaged=skip_damaged
        )
        if count is not None and count < len(photographs):
            photographs = photographs.pick(_drawn(len(photographs), count))
        return photographs, data.eval_loader(photographs, batch_size, device=device)
    if count is not None and count < len(source):
        source = source.pick(_drawn(len(source), count))
    return source, NormalisedImages(source, transform, batch_size, device)


def _drawn(of, count):
    return np.sort(np.random.default_rng(0).choice(of, count, replace=False))


def class_order(file: WeightsFile, images: Any) -> tuple[list[str], Array]:
    """The names of the net's outputs, and which of them each of the data set's classes is.

    A `WeightsWarning` says so if the file does not name its classes: then they are taken to be in
    the order of the data set's, for folders that of the alphabet, as in torchvision's ImageFolder.

    Raises ConfigError if the net does not know a class, or has another number of them.
    """
    own = list(images.classes)
    named = file.classes
    if named is None and file.num_classes == 1000:
        named = imagenet_classes()
    if named is None:
        if file.num_classes not in (None, len(own)):
            raise ConfigError(
                str(file.path),
                "classes",
                f"{len(own)}, as in {images.name}",
                str(file.num_classes),
                "evaluate on the data set that the net was trained for",
            )
        shown = f"{', '.join(own[:MOST_NAMES])}{', ...' * (len(own) > MOST_NAMES)}"
        warnings.warn(
            f"{file.path}: the file does not name its classes: taken for those of {images.name}, "
            f"in this order: {shown}",
            WeightsWarning,
            stacklevel=2,
        )
        return own, np.arange(len(own))
    unknown = [name for name in own if name not in named]
    if unknown and file.num_classes == 1000:
        wnids = imagenet_wnids()
        if {*own} <= {*wnids}:  # the folders of ImageNet itself, all of them or some
            return list(named), np.array([wnids.index(name) for name in own])
    if unknown:
        near = {name: nearest(name, named) for name in unknown[:5]}
        meant = [f"{name} -> {known}" for name, known in near.items() if known]
        raise ConfigError(
            images.name,
            "classes that the net does not know",
            f"some of {', '.join(named[:10])}{' ...' * (len(named) > 10)}",
            ", ".join(unknown[:5]),
            "rename the folders as the net's classes are called"
            + (f": perhaps {', '.join(meant)}" if meant else ""),
        )
    return list(named), np.array([named.index(name) for name in own])
