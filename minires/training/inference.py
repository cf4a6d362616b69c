"""Predictions for pictures: from image files to the names of the likeliest classes.

Pictures are read, transformed and put through the net a batch at a time, so that memory holds a few
batches however many there are. Other processes can read the next pictures while the net computes. A
picture that cannot be read does not stop the others.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from .. import backend, checks
from .. import functional as F
from ..autograd import Tensor, no_grad
from ..data import workers as processes
from ..data.images import decode
from ..data.transforms import ImageTransform, normalise
from ..errors import ConfigError, DataError, DeviceError, DivergenceError, unknown_name
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Device, PathLike

SETTINGS = [field.name for field in fields(ImageTransform)]
BATCHES_AHEAD = 2  # whose pictures other processes may have read before the net sees them
PROGRESS = (
    "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} pictures, {elapsed} so far, {remaining} left"
)


class Guess(NamedTuple):
    """A class that a picture may show."""

    name: str
    probability: float  # softmax of the net's outputs
    index: int  # type: ignore  # which of the outputs; a tuple has a method of that name


class Prediction(NamedTuple):
    """The likeliest classes of one picture."""

    path: str
    top: list[Guess]  # the likeliest first; empty if the picture could not be read
    error: str | None = None  # why it could not be read


def predict(
    model: Module,
    paths: Sequence[PathLike],
    *,
    top: int = 5,
    batch_size: int = 16,
    classes: Sequence[str] | None = None,
    transform: ImageTransform | Mapping[str, Any] | None = None,
    progress: bool = True,
    flip: bool = False,
    workers: int = 0,
) -> list[Prediction]:
    """The likeliest classes of each picture.

    ::

        file = open_weights("net.safetensors")
        mr.load(net, file)
        predict(net, ["cat.jpg"], classes=file.classes, transform=file.transform)

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, 3) to logits (N, K). It stays on its device, computes in evaluation
        mode, and is left as it was.
    paths : sequence of str or Path
        Image files.
    top : int
        The most classes to return for each picture.
    batch_size : int
        How many pictures go through the net at a time.
    classes : sequence of str, optional
        Names of the K outputs; by default "class 0", "class 1", ...
    transform : ImageTransform or dict, optional
        How a picture becomes an input of the net; as a dict ``resize``, ``crop``, ``mean`` and
        ``std`` of `data.ImageTransform`, or some of them. The defaults are those of ImageNet's
        nets.
    progress : bool
        Show a progress bar on stderr, if that is a terminal.
    flip : bool
        Look at each picture twice, as it is and mirrored, and take the mean of the probabilities:
        a little more accurate, for twice the time.
    workers : int
        Processes that read and transform the next pictures while the net computes. In a program
        they need the usual ``if __name__ == "__main__":``; with 0 all is done in this process.

    Returns
    -------
    list of Prediction
        In the order of `paths`.

    Raises
    ------
    ConfigError
        If `paths` is a single path, `top` or `batch_size` is below 1, the net has not as many
        outputs as there are names, `transform` has a setting that does not exist, or Pillow is not
        installed.
    ShapeError
        If the net does not take images of that size.
    DivergenceError
        If the outputs of the net are not finite.
    DeviceError
        If the GPU's memory is too small for a batch.
    """
    return list(
        predictions(
            model,
            paths,
            top=top,
            batch_size=batch_size,
            classes=classes,
            transform=transform,
            progress=progress,
            flip=flip,
            workers=workers,
        )
    )


def predictions(
    model: Module,
    paths: Sequence[PathLike],
    *,
    top: int = 5,
    batch_size: int = 16,
    classes: Sequence[str] | None = None,
    transform: ImageTransform | Mapping[str, Any] | None = None,
    progress: bool = True,
    flip: bool = False,
    workers: int = 0,
) -> Iterator[Prediction]:
    """A generator of what `predict` returns: it yields each Prediction when it is made."""
    from tqdm import tqdm

    top = checks.integer("predict", "top", top)
    batch_size = checks.integer("predict", "batch_size", batch_size)
    workers = checks.integer("predict", "workers", workers, least=0)
    if isinstance(transform, ImageTransform):
        prepare = transform
    else:
        for name in transform or ():
            if name not in SETTINGS:
                raise unknown_name("predict", "setting of the transform", name, SETTINGS)
        prepare = ImageTransform(**(transform or {}))
    names = [os.fsdecode(path) for path in checks.paths("predict", "paths", paths)]
    bar = tqdm(
        total=len(names),
        leave=False,
        dynamic_ncols=True,
        bar_format=PROGRESS,
        disable=None if progress else True,
    )  # None: shown on a terminal only
    pictures = _read_all(names, prepare, workers, BATCHES_AHEAD * batch_size)
    with bar:
        for start in range(0, len(names), batch_size):
            batch = names[start : start + batch_size]
            read = [next(pictures) for _ in batch]
            # Between two results the net is as the caller left it: they may train it on.
            with preserve_state(model, "eval"), no_grad():
                made = _predict_batch(model, batch, read, top, classes, prepare, flip)
            bar.update(len(made))
            yield from made


def _read_all(paths, transform, workers, ahead):
    """The pixels that the transform cuts from each picture, uint8, or what is wrong with it, as
    text; a generator. Warnings about pictures come here, whichever process has read them.
    """
    tasks = ((path, transform) for path in paths)
    for pixels, warned in processes.in_order(workers, _read, tasks, ahead):
        for category, message in warned:
            warnings.warn(message, category, stacklevel=4)
        yield pixels


def _read(path, transform):
    """Pixels or an error, and the warnings that came with them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = transform.cut(decode(path))
        except DataError as error:
            found = str(error) if path in str(error) else f"{path}: {error}"
    return found, [(warning.category, str(warning.message)) for warning in caught]


def _predict_batch(model, paths, read, top, classes, transform, flip):
    """A Prediction for each path; all pictures that could be read go through the net together."""
    images = [
        normalise(pixels, transform.mean, transform.std)
        for pixels in read
        if not isinstance(pixels, str)
    ]
    rows = iter(_probabilities(model, np.stack(images), flip) if images else ())
    return [
        Prediction(path, [], pixels)
        if isinstance(pixels, str)
        else Prediction(path, _likeliest(next(rows), top, classes))
        for path, pixels in zip(paths, read)
    ]


def _probabilities(model, images, flip):
    """Softmax of the net's outputs (N, K) for images (N, H, W, 3) on the CPU; with `flip` its mean
    over each image and its mirror image.
    """
    if flip:
        mirrored = np.ascontiguousarray(images[:, :, ::-1])
        both = _probabilities(model, images, False), _probabilities(model, mirrored, False)
        return (both[0] + both[1]) / 2
    device: Device = next((parameter.device for parameter in model.parameters()), "cpu")
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the check below reports it
            logits = F.log_softmax(model(Tensor(backend.move(images, device))))
    except backend.out_of_memory_errors():
        raise DeviceError(
            "predict",
            f"the GPU's memory is too small for {len(images)} pictures at a time",
            todo="take a smaller batch size",
        ) from None
    probabilities = np.exp(backend.move(logits.data, "cpu"))
    if not np.isfinite(probabilities).all():
        raise DivergenceError(
            "predict",
            "outputs of the net",
            "finite numbers",
            "inf or nan",
            "do the weights belong to this net?",
        )
    return probabilities


def _likeliest(probabilities, top, classes):
    """The `top` largest of probabilities (K,) as Guesses; of equal ones the first comes first."""
    if classes is None:
        classes = [f"class {index}" for index in range(len(probabilities))]
    if len(classes) != len(probabilities):
        raise ConfigError(
            "predict",
            "class names",
            f"{len(probabilities)}, one for each output of the net",
            len(classes),
        )
    order = np.argsort(-probabilities, kind="stable")[:top]
    return [Guess(classes[index], float(probabilities[index]), int(index)) for index in order]
