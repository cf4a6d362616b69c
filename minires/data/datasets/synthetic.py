"""Ten classes of drawn shapes: a data set that needs no file.

Each image shows one shape of `signed_distance.py` at a random place, size, angle and in random
colours, on a shaded and textured background, among distracting strokes that tell nothing of the
class, partly covered, under noise. Some images are plain and some a mess, as photographs are. Place
and brightness say nothing about the class and the background's hue a little, so only a classifier
that finds edges and puts them together does well.

The constants set how hard that is.
"""

import numpy as np

from ... import checks
from .image_dataset import ImageDataset
from .signed_distance import SHAPES

# Each image has a difficulty, evenly spread from 0 to 1. A pair gives the value at 0 and at 1.
# Lengths are in half image widths, colours and brightness from 0 to 1.
CONTRAST = (0.70, 0.10)  # by how much the shape is lighter than the background, or darker
RADIUS = (0.80, 0.40)  # of the shape
SHIFT = (0.00, 0.40)  # how far its centre may lie from the middle, in x and in y
NOISE = (0.00, 0.15)  # standard deviation of the noise on each pixel and channel
TEXTURE = (0.00, 0.15)  # strength of the background's gradient and of each of its two gratings
BEHIND, IN_FRONT = (
    5,
    3,
)  # strokes before and after the shape; each is there with the difficulty as probability

LIGHTER = 0.8  # share of the images in which the shape is lighter than the background
GROUND = (0.15, 0.65)  # range of the background's colour, each channel
HINT = 0.10  # how far the background leans to a hue of its class or, as often, to the opposite one
TINT = 0.20  # how far each colour channel of the shape may be off
STRETCH = 1.3  # width to height of the shape, at most; or height to width
WAVES = (2.0, 9.0)  # range of the gratings' wave numbers, radians per half image
STROKE_LENGTH = 0.6  # half of a stroke's length, at most; 0 would be a dot
STROKE_WIDTH = (0.05, 0.14)  # range of half of its width

BLOCK = 200  # images drawn at a time: what they need stays in the cache
TRAIN, TEST = 0, 1  # number of the random stream of each set
TRAIN_SIZE, TEST_SIZE = 10_000, 2_000  # images, unless another number is wanted
CLASSES = tuple(shape.__name__ for shape in SHAPES)


def synthetic(
    train_size: int = TRAIN_SIZE, test_size: int = TEST_SIZE, size: int = 32, seed: int = 0
) -> tuple[ImageDataset, ImageDataset]:
    """Draw a training and a test set.

    Parameters
    ----------
    train_size, test_size : int
        Number of images; a multiple of 10 has equally many of each class. A longer set begins with
        the images of a shorter one (up to the last 200).
    size : int
        Height and width in pixels.
    seed : int
        The same seed draws the same images.

    Returns
    -------
    train, test : ImageDataset
        uint8 (N, size, size, 3), from independent random streams.

    Raises
    ------
    ConfigError
        If a size is below 1, or the images are too small to show anything (below 8 pixels).
    MemoryError
        If there is not that much memory.
    """
    for name, value, least in (
        ("train_size", train_size, 1),
        ("test_size", test_size, 1),
        ("size", size, 8),
    ):
        checks.integer("synthetic", name, value, least)
    return _draw_set(train_size, size, (seed, TRAIN)), _draw_set(test_size, size, (seed, TEST))


def _draw_set(n, size, stream):
    shape = n, size, size, 3
    checks.fits_in_memory("images", shape, 1)
    images = np.empty(shape, np.uint8)
    labels = np.empty(n, np.int64)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        rng = np.random.default_rng((*stream, start))
        labels[start:stop] = rng.permutation(np.arange(stop - start) % len(SHAPES))
        images[start:stop] = _draw(labels[start:stop], size, rng)
    return ImageDataset(images, labels, CLASSES, "synthetic")


def _draw(labels, size, rng):
    """One image for each label, uint8 (N, size, size, 3).

    The canvas is (3, N, size, size) while it is drawn: whole planes are added up faster than
    triples of colours.
    """
    n = len(labels)
    axis = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * 2 / size - 1
    x, y = axis[None, None, :], axis[None, :, None]  # right and down, from -1 to 1
    difficulty = _uniform(rng, 0, 1, (n,))

    lean = HINT * _sign(_uniform(rng, 0, 1, (n,)) >= 0.5) * _hue(labels)
    ground = _uniform(rng, *GROUND, (3, n)) + lean
    lighter = _sign(_uniform(rng, 0, 1, (n,)) < LIGHTER)
    colour = ground + lighter * _at(difficulty, CONTRAST) + _uniform(rng, -TINT, TINT, (3, n))

    canvas = ground + _background(x, y, difficulty, rng)
    for _ in range(BEHIND):
        _paint(canvas, _stroke(x, y, difficulty, rng), _uniform(rng, 0, 1, (3, n)))
    _paint(canvas, _object(labels, x, y, difficulty, rng), colour)
    for _ in range(IN_FRONT):
        _paint(canvas, _stroke(x, y, difficulty, rng), _uniform(rng, 0, 1, (3, n)))
    canvas += _at(difficulty, NOISE) * rng.standard_normal(canvas.shape, np.float32)
    pixels = np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.moveaxis(pixels, 0, 3)


def _uniform(rng, low, high, shape):
    """Random numbers that broadcast over an image's rows and columns: `shape` + (1, 1), float32."""
    return low + (high - low) * rng.random((*shape, 1, 1), np.float32)


def _sign(positive):
    """1 where `positive`, -1 elsewhere; float32, for float64 would make the drawing twice as
    slow.
    """
    return np.where(positive, np.float32(1), np.float32(-1))


def _hue(labels):
    """The hue of each image's class, red, green and blue from -1 to 1: (3, N, 1, 1).

    The ten hues are spread over half of the colour circle; the other half is their opposites.
    """
    angle = np.pi * labels / len(SHAPES) + 2 * np.pi / 3 * np.arange(3)[:, None]
    return np.cos(angle, dtype=np.float32)[..., None, None]


def _at(difficulty, pair):
    """The value for each image between the two of `pair`."""
    easy, hard = pair
    return easy + (hard - easy) * difficulty


def _background(x, y, difficulty, rng):
    """A gradient and two gratings, each of its own colour: (3, N, size, size)."""
    n = len(difficulty)
    u, _ = _turned(x, y, n, rng)
    texture = _uniform(rng, -1, 1, (3, n)) * u
    for _ in range(2):
        u, _ = _turned(x, y, n, rng)
        colour = _uniform(rng, -1, 1, (3, n))
        texture += colour * np.sin(
            _uniform(rng, *WAVES, (n,)) * u + _uniform(rng, 0, 2 * np.pi, (n,))
        )
    return texture * _at(difficulty, TEXTURE)


def _object(labels, x, y, difficulty, rng):
    """Signed distance to the outline of each image's shape, (N, size, size)."""
    n = len(labels)
    shift = _at(difficulty, SHIFT)
    radius = _at(difficulty, RADIUS)
    stretch = np.sqrt(_uniform(rng, 1 / STRETCH, STRETCH, (n,)))
    u, v = _turned(
        x - shift * _uniform(rng, -1, 1, (n,)), y - shift * _uniform(rng, -1, 1, (n,)), n, rng
    )
    u, v = u / (radius * stretch), v / (radius / stretch)
    distance = np.empty_like(u)
    for label, shape in enumerate(SHAPES):
        of_class = labels == label
        distance[of_class] = shape(u[of_class], v[of_class])
    return distance * radius


def _stroke(x, y, difficulty, rng):
    """Signed distance to a short line with round ends, or a dot, anywhere in each image: (N, size,
    size).
    """
    n = len(difficulty)
    u, v = _turned(x - _uniform(rng, -1, 1, (n,)), y - _uniform(rng, -1, 1, (n,)), n, rng)
    u = np.maximum(np.abs(u) - _uniform(rng, 0, STROKE_LENGTH, (n,)), 0)
    drawn = _uniform(rng, 0, 1, (n,)) < difficulty
    return np.sqrt(u * u + v * v) - np.where(
        drawn, _uniform(rng, *STROKE_WIDTH, (n,)), -1
    )  # width -1: no inside


def _turned(x, y, n, rng):
    """The coordinates after a random turn for each image."""
    turn = _uniform(rng, 0, 2 * np.pi, (n,))
    cos, sin = np.cos(turn), np.sin(turn)
    return cos * x + sin * y, cos * y - sin * x


def _paint(canvas, distance, colour):
    """Fill the inside of an outline with a colour; a pixel on the outline is partly covered."""
    size = canvas.shape[-1]
    cover = np.clip(0.5 - distance * (size / 2), 0, 1)
    canvas += cover * (colour - canvas)
