"""What a net sees in pictures: from files to the names of the likeliest classes.

Pictures are read, prepared and put through the net a batch at a time, so that memory holds one batch however many there are. One
that cannot be read does not stop the others.
"""

import os
from typing import NamedTuple

import numpy as np

from .. import backend
from .. import functional as F
from ..data.images import decode
from ..data.transforms import prepare
from ..errors import ConfigError, DataError, DeviceError, DivergenceError
from ..nn.state import preserve_state
from ..autograd.tensor import Tensor, no_grad


class Guess(NamedTuple):
    """A class that a picture may show."""

    name: str
    probability: float           # softmax of the net's outputs
    index: int                   # which of the outputs


class Prediction(NamedTuple):
    """What a net makes of one picture."""

    path: str
    top: list[Guess]             # the likeliest first; empty if the picture could not be read
    error: str | None = None     # why it could not be read


def predict(model, paths, top=5, batch_size=16, classes=None, progress=True, **preparation):
    """The likeliest classes of each picture.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, 3) to logits (N, K). It is used in evaluation mode where it is, on the CPU or the GPU, and left as it was.
    paths : sequence of str or Path
        Picture files.
    top : int
        How many classes for each picture, at most; all if there are fewer.
    batch_size : int
        How many pictures go through the net at a time.
    classes : sequence of str, optional
        Names for the K outputs; by default "class 0", "class 1", ...
    progress : bool
        Show a bar, on a terminal, on stderr.
    **preparation
        ``resize``, ``crop``, ``mean`` and ``std`` of `data.transforms.prepare`.

    Returns
    -------
    list of Prediction
        In the order of `paths`.

    Raises
    ------
    ConfigError
        If `top` or `batch_size` is below 1, the number of names differs from that of the outputs, or Pillow is not installed.
    ShapeError
        If the net does not take images of that size.
    DivergenceError
        If its outputs are not finite.
    """
    return list(predictions(model, paths, top, batch_size, classes, progress, **preparation))


def predictions(model, paths, top=5, batch_size=16, classes=None, progress=True, **preparation):
    """The same, one Prediction after the other as they are made."""
    from tqdm import tqdm

    for name, value in (("top", top), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ConfigError("predict", name, "a whole number of at least 1", repr(value))
    paths = [os.fsdecode(path) for path in paths]
    bar_format = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} pictures, {elapsed} so far, {remaining} left"
    with preserve_state(model, "eval"), no_grad(), tqdm(total=len(paths), leave=False, dynamic_ncols=True, bar_format=bar_format,
                                                     disable=None if progress else True) as bar:       # None: only on a terminal
        for start in range(0, len(paths), batch_size):
            made = _predict_batch(model, paths[start:start + batch_size], top, classes, preparation)
            bar.update(len(made))
            yield from made


def _predict_batch(model, paths, top, classes, preparation):
    """A Prediction for each path; the pictures that can be read go through the net together."""
    images, errors = [], {}
    for position, path in enumerate(paths):
        try:
            images.append(prepare(decode(path), **preparation))
        except DataError as error:
            errors[position] = str(error) if path in str(error) else f"{path}: {error}"
    rows = iter(_probabilities(model, np.stack(images)) if images else ())
    return [Prediction(path, [], errors[position]) if position in errors else Prediction(path, _likeliest(next(rows), top, classes))
            for position, path in enumerate(paths)]


def _probabilities(model, images):
    """Softmax of the net's outputs for images (N, H, W, 3) on the CPU: (N, K)."""
    device = next(model.parameters()).device
    try:
        # Overflow on the way is told by what comes out.
        with np.errstate(over="ignore", invalid="ignore"):
            logits = F.log_softmax(model(Tensor(backend.move(images, device))))
    except backend.out_of_memory_errors():
        raise DeviceError("predict", f"the GPU's memory is too small for {len(images)} pictures at a time", todo="take a smaller batch size") from None
    probabilities = np.exp(backend.move(logits.data, "cpu"))
    if not np.isfinite(probabilities).all():
        raise DivergenceError("predict", "outputs of the net", "finite numbers", "inf or nan", "do the weights belong to this net?")
    return probabilities


def _likeliest(probabilities, top, classes):
    """The `top` largest of probabilities (K,), named; of equals the first."""
    if classes is not None and len(classes) != len(probabilities):
        raise ConfigError("predict", "names of classes", f"{len(probabilities)}, one for each output of the net", len(classes))
    return [Guess(f"class {index}" if classes is None else classes[index], float(probabilities[index]), int(index))
            for index in np.argsort(-probabilities, kind="stable")[:top]]
