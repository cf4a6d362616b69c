"""A labelled set of photographs of any size, on disk; batches of them are cut to one size by worker processes."""

from collections import deque
from dataclasses import asdict, dataclass, replace

import numpy as np

from ... import backend
from ...errors import ConfigError
from .. import workers as processes
from ..cache import PictureCache
from ..crops import random_box
from ..transforms import MEAN, STD, center_crop, resize_shorter
from ..loader import Stream

PIXELS_AT_ONCE = 500 * 32 * 32       # in evaluation: as many as in 500 images of CIFAR-10


def shorter_side(crop):
    """To how many pixels the shorter side of a photograph is usually scaled before its middle is cut out: 256 for 224."""
    return round(crop * 8 / 7)


@dataclass(frozen=True)
class ImageTransform:
    """What a net gets to see of a photograph: settings for `preprocessing.prepare`. The defaults are those of ImageNet's nets."""

    resize: int = shorter_side(224)      # pixels of the shorter side
    crop: int = 224                      # pixels a side of what is cut from the middle, or at random
    mean: tuple = MEAN                   # of the training images, red, green and blue, from 0 to 1
    std: tuple = STD


@dataclass(frozen=True, eq=False, repr=False)
class PhotographDataset:
    """Photographs with one label each.

    Parameters
    ----------
    pictures : PictureCache
    places : ndarray of int64, shape (N,)
        Which of the pictures are in this set.
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
    name : str
        What the set is called in tables and errors.
    look : ImageTransform
        What a net gets to see of each.
    workers : int
        Processes that prepare batches.
    """

    pictures: PictureCache
    places: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    name: str
    look: ImageTransform = ImageTransform()
    workers: int = 0

    def __len__(self):
        return len(self.places)

    def __repr__(self):
        return f"PhotographDataset({self.name}: {len(self):,} photographs, seen at {self.look.crop}x{self.look.crop}, {len(self.classes)} classes)"

    @property
    def input_shape(self):
        """The shape of one image as the net sees it."""
        return self.look.crop, self.look.crop, 3

    def pick(self, index):
        """The photographs at these positions, as a set of their own."""
        return replace(self, places=self.places[index], labels=self.labels[index])

    def take(self, n):
        """The first `n`. Raises ConfigError if `n` is below 1 or above the number of photographs."""
        if not 1 <= n <= len(self):
            raise ConfigError(f"{self.name}.take", "not that many photographs in the set", f"1 to {len(self)}", n)
        return self.pick(slice(n))

    def names(self):
        """The file of each photograph."""
        return [self.pictures.names[place] for place in self.places]

    def preparation(self):
        """What another picture has to go through to look as these do to a net: settings for `preprocessing.prepare`."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self.look).items()}

    def training_batches(self, recipe, shuffle, augment, device="cpu"):
        """The stream of batches that a `Recipe` asks for.

        Raises
        ------
        ConfigError
            For a crop_padding, which is for images of one size; a crop_scale outside 0 to 1; or as `Stream` does.
        """
        if recipe.crop_padding:
            raise ConfigError(self.name, "crop_padding is for images of one size", "0 for photographs", recipe.crop_padding,
                              "crop_scale cuts random parts of these")
        if recipe.crop_scale is not None and not 0 < recipe.crop_scale <= 1:
            raise ConfigError(self.name, "crop_scale", "a part of the area, above 0 and at most 1", recipe.crop_scale)
        return PhotographBatches(self, recipe.batch_size, shuffle, augment, recipe.crop_scale, recipe.flip, device)


class PhotographBatches(Stream):
    """An endless stream of training batches; see `Stream`. The next few are in preparation while one is used.

    Parameters
    ----------
    dataset : PhotographDataset
    batch_size : int
    shuffle, augment : numpy.random.Generator
        All that is random is drawn here, not by the workers, so their number changes nothing.
    crop_scale : float or None
        The smallest part of the area that a random crop covers (`crops.random_box`); None takes the middle, as in evaluation.
    flip : bool
        Mirror every other image, at random, left to right.
    device : {"cpu", "gpu"}
    """

    def __init__(self, dataset, batch_size, shuffle, augment, crop_scale=None, flip=False, device="cpu"):
        super().__init__(dataset, batch_size, shuffle, augment)
        self.crop_scale, self.flip, self.device = crop_scale, flip, device
        self._waiting, self._state = deque(), super().state_dict()

    def next(self):
        """The next batch: images, array of float32 (batch_size, size, size, 3) on the device of this stream, and labels, int64 (batch_size,)."""
        while len(self._waiting) <= processes.AHEAD * min(1, self.dataset.workers):
            self._waiting.append(self._ordered())
        prepared, labels, self._state = self._waiting.popleft()
        return _normalised(processes.result(prepared), self.dataset.look, self.device), labels

    def _ordered(self):
        """A batch that is being prepared, its labels, and the state of this stream once it is used."""
        dataset, chosen = self.dataset, self._choose()
        places = dataset.places[chosen]
        boxes = None if self.crop_scale is None else [random_box(*dataset.pictures.sizes[i], self.crop_scale, self.augment) for i in places]
        mirrored = self.augment.random(self.batch_size) < 0.5 if self.flip else np.zeros(self.batch_size, bool)
        prepared = processes.submit(dataset.workers, _cut, dataset.pictures, places, boxes, mirrored, dataset.look)
        return prepared, dataset.labels[chosen], super().state_dict()

    def evaluating(self, dataset, batch_size):
        """`PhotographEvaluation` of another set, on the same device."""
        return PhotographEvaluation(dataset, batch_size, self.device)

    def state_dict(self):
        return self._state                       # batches in preparation have not been seen by anyone

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self._waiting.clear()
        self._state = super().state_dict()


class PhotographEvaluation:
    """Every photograph once, in order: scaled, and its middle cut out (`ImageTransform`).

    Can be gone through any number of times: ``for images, labels in batches``.

    Parameters
    ----------
    dataset : PhotographDataset
    batch_size : int
        At most; fewer where the images are large.
    device : {"cpu", "gpu"}

    Yields
    ------
    images : array of float32, shape (N, size, size, 3)
    labels : ndarray of int64, shape (N,)
    """

    def __init__(self, dataset, batch_size, device="cpu"):
        self.dataset, self.device = dataset, device
        self.batch_size = max(1, min(batch_size, PIXELS_AT_ONCE // dataset.look.crop ** 2))

    def __iter__(self):
        dataset = self.dataset
        parts = [slice(start, start + self.batch_size) for start in range(0, len(dataset), self.batch_size)]
        tasks = ((dataset.pictures, dataset.places[part], None, np.zeros(len(dataset.places[part]), bool), dataset.look) for part in parts)
        for part, pixels in zip(parts, processes.in_order(dataset.workers, _cut, tasks)):
            yield _normalised(pixels, dataset.look, self.device), dataset.labels[part]


def _cut(pictures, places, boxes, mirrored, look):
    """The pictures at these places, or the boxes of them, as an array uint8 (N, crop, crop, 3)."""
    batch = np.empty((len(places), look.crop, look.crop, 3), np.uint8)
    for i, place in enumerate(places):
        pixels = pictures[place]
        if boxes is None:
            image = center_crop(resize_shorter(pixels, look.resize), look.crop)
        else:
            image = _scaled(pixels, boxes[i], look.crop)
        batch[i] = image[:, ::-1] if mirrored[i] else image
    return batch


def _scaled(pixels, box, size):
    """A part of a picture, scaled to a square."""
    from PIL import Image

    top, left, height, width = box
    part = Image.fromarray(np.ascontiguousarray(pixels[top:top + height, left:left + width]))
    return np.asarray(part.resize((size, size), Image.Resampling.BILINEAR))


def _normalised(pixels, look, device):
    """(pixels / 255 - mean) / std, on the device."""
    mean, std = np.array(look.mean), np.array(look.std)
    scale, shift = (np.asarray(channel, np.float32) for channel in (1 / (255 * std), mean / std))
    return backend.move(pixels, device).astype(np.float32) * backend.move(scale, device) - backend.move(shift, device)
