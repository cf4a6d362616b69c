"""A net of which others may have trained the weights, and the images to try it on.

Weights may come from anywhere, and only work on images prepared as in their training. The file may
say how, or its family is known for it; otherwise the user has to say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, data, models
from ..data.class_names import imagenet_classes
from ..data.datasets.image_folder import photographs_to_test
from ..data.transforms import center_crop, resize_shorter, shorter_side
from ..diagnostics.parts import Batches
from ..errors import ConfigError, unknown_name
from ..models.registry import OF_ONE_DEPTH, settings_of
from ..nn import Module
from ..serialization.weights import WeightsFile, load
from ..types import Array, Device, PathLike

ANY_NAME = ("weights", "model", "pytorch_model", "checkpoint")  # of files; their folders tell more


def short_name(path: PathLike) -> str:
    """What to call the net of a file: the file without its ending, or its folder if that tells
    more, as in ``runs/resnet-20-cifar10/weights.safetensors``.
    """
    path = Path(path)
    return path.resolve().parent.name if path.stem in ANY_NAME else path.stem


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


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """A net with the weights of a file, ready to evaluate.

    Attributes
    ----------
    model : nn.Module
    name : str
        Such as "resnet-20".
    settings : dict
        Its own.
    transform : data.ImageTransform
        How pictures become its inputs.
    """

    file: WeightsFile
    model: Module
    name: str
    settings: dict[str, Any]
    transform: data.ImageTransform


def trained_net(
    file: WeightsFile,
    model: str | None = None,
    net: Mapping[str, Any] | None = None,
    transform: Mapping[str, Any] | None = None,
) -> TrainedNet:
    """The net of a file of weights.

    Parameters
    ----------
    file : WeightsFile
        What `open_weights` has read.
    model : str, optional
        The net, where the file does not say it.
    net : dict, optional
        Its own settings.
    transform : dict, optional
        ``resize``, ``crop``, ``mean`` and ``std``, where the file does not say them or is wrong.

    Raises
    ------
    ConfigError
        If nobody says which net it is, or for settings that cannot be met.
    CheckpointError, ShapeError
        For weights that do not fit.
    """
    name, settings = resolved(file, model, net)
    chosen = data.ImageTransform(**transform_of(file, name, transform, settings))
    return TrainedNet(file, net_of(file, name, settings, chosen.crop), name, settings, chosen)


def resolved(
    file: WeightsFile, model: str | None = None, net: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """The name of the net and its settings. Parameters and errors are those of `trained_net`."""
    if model is not None:
        settings_of(model)  # raises if there is no such net
    defaults = settings_of(file.built["model"]) if file.built else None
    name, settings = file.resolve_net(model, dict(net or {}), defaults)
    if name is None:
        fit = " and ".join(one for one, _ in file.candidates)
        raise ConfigError(
            str(file.path),
            "the file does not say which net its weights belong to",
            got=f"arrays that fit {fit}" if fit else None,
            todo="name the net by --model",
        )
    return name, settings


def transform_of(
    file: WeightsFile,
    model: str,
    given: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How a picture becomes an input of the net.

    What is `given` comes first, then what the file of weights says, then what is usual for
    ImageNet's nets or for small ones; `settings` are the net's own. A crop of another size changes
    the size before the crop in proportion.

    Raises
    ------
    ConfigError
        For a picture smaller than the crop, or a standard deviation of 0.
    """
    given = dict(given or {})
    if model in OF_ONE_DEPTH and (settings or {}).get("stem") != "3x3":  # a net for ImageNet
        usual: dict[str, Any] = {"resize": shorter_side(224), "crop": 224}
    else:
        usual = {"resize": 32, "crop": 32}
    usual |= file.transform
    if "crop" in given:
        usual["resize"] = round(given["crop"] * usual["resize"] / usual["crop"])
    transform = usual | given
    if transform["resize"] < transform["crop"]:
        raise ConfigError(
            "--resize",
            "smaller than the crop: black would surround the picture",
            f"at least {transform['crop']}",
            transform["resize"],
            f"--crop {transform['resize']} beside it",
        )
    if "std" in given and not min(given["std"]) > 0:
        raise ConfigError(
            "--std",
            "standard deviations",
            "three numbers above 0",
            " ".join(map(str, given["std"])),
        )
    return transform


def net_of(file: WeightsFile, name: str, settings: Mapping[str, Any], image_size: int) -> Module:
    """The net, ready to evaluate, with the weights of the file.

    Raises ConfigError for settings that it does not have, and as `serialization.weights.load`.
    """
    known = settings_of(name)
    for setting in settings:
        if setting not in known:
            where = str(file.path) if setting in file.built.get("net", {}) else "--net"
            raise unknown_name(where, f"setting of {name}", setting, known)
    usual = {"image_size": image_size} if "image_size" in known else {}
    if file.num_classes is not None:
        usual["num_classes"] = file.num_classes
    model = models.build(name, **{**usual, **settings})
    load(model, file)
    return model.eval()


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
        return own, np.arange(len(own))
    unknown = [name for name in own if name not in named]
    if unknown:
        raise ConfigError(
            images.name,
            "classes that the net does not know",
            f"some of {', '.join(named[:10])}{' ...' * (len(named) > 10)}",
            ", ".join(unknown[:5]),
            "rename the folders as the net's classes are called",
        )
    return list(named), np.array([named.index(name) for name in own])
