"""The images on which a trained net is evaluated, prepared as in its training."""

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

MOST_NAMES = 10  # how many classes a warning names


@dataclass(frozen=True, eq=False)
class NormalisedImages:
    """Batches of an `ImageDataset`, prepared as a net needs them. They can be iterated repeatedly.

    Images are resized and cropped, and then normalised: (pixels / 255 - mean) / std. A batch is
    (images (N, H, W, C) on the device, labels (N,)).

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
        """The images of a batch, resized and cropped. When they shrink by a whole factor, a new
        pixel is the mean of a square of old ones, as when minires trains nets for small images.
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
    """The source of test images: the test set of a named data set, or a folder of photographs.

    Parameters
    ----------
    dataset : str or None
        The name of a data set; None means photographs.
    folder : str or Path or None
        The folder with the files of the data set, or with photographs, in a subfolder for each
        class.

    Raises
    ------
    ConfigError
        If neither is given, or a folder is given for the synthetic images.
    DataError
        If the files are missing or unusable.
    """
    if dataset is not None:
        if dataset == "synthetic" and folder is not None:
            raise ConfigError(
                "--data",
                "the synthetic images are drawn, not read",
                "--data together with --dataset cifar10",
                "--dataset synthetic",
            )
        return data.load(dataset, folder)[1]
    if folder is None:
        raise ConfigError("images", "none given", "the name of a data set, or a folder", "none")
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
    """The test images as a data set, and batches of them, prepared for a net.

    Parameters
    ----------
    source : ImageDataset, str or Path
        From `source_of`.
    transform : data.ImageTransform
        How the net's inputs are prepared.
    batch_size : int
    device : {"cpu", "gpu"}
    count : int, optional
        The largest number of images. If there are more, `count` of them are drawn at random, always
        the same ones.
    progress : bool
    cache : str or Path, optional
        The folder for decoded photographs; by default in the user's cache.
    skip_damaged : bool
        Leave out photographs that cannot be read. The data set names them in ``damaged``.

    Returns
    -------
    (data set, batches)
        The batches can be iterated repeatedly.

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
    """The names of the net's classes, and for each class of the data set its index among them.

    If the file does not name its classes, they are assumed to be those of the data set, in the same
    order, and a `WeightsWarning` says so. (Folders are in alphabetical order, as in torchvision's
    ImageFolder.)

    Raises ConfigError if the net does not have a class of the data set or, without names, if the
    numbers of classes differ.
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
            f"{file.path}: the file does not name its classes: they are taken to be those of "
            f"{images.name}, in this order: {shown}",
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
            "give the folders the names of the net's classes"
            + (f": perhaps {', '.join(meant)}" if meant else ""),
        )
    return list(named), np.array([named.index(name) for name in own])
