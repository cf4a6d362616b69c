"""Ten classes of drawn shapes: a data set that needs no file.

Each image shows one shape from `signed_distance.py`, at a random place, size and angle, in random
colours, on a shaded and textured background. Strokes lie behind it and partly cover it, and noise
is added. As with photographs, some images are clear and others a mess. Place, brightness and
strokes do not depend on the class, and the background's hue depends on it only a little. So only a
classifier that finds edges and puts them together does well.

The constants below set how hard the task is.
"""

import numpy as np

from ... import checks
from .image_dataset import ImageDataset
from .signed_distance import SHAPES

# Each image has a random difficulty from 0 to 1. A pair gives the value at difficulty 0 and at 1.
# Lengths are in half image widths, colours and brightness from 0 to 1.
CONTRAST = (0.70, 0.10)  # by how much the shape is lighter or darker than the background
RADIUS = (0.80, 0.40)  # of the shape
SHIFT = (0.00, 0.40)  # how far its centre may lie from the middle, in x and in y
NOISE = (0.00, 0.15)  # standard deviation of the noise on each pixel and channel
TEXTURE = (0.00, 0.15)  # strength of the background's gradient and of each of its two gratings
# Strokes painted before and after the shape; the difficulty is the probability of each.
BEHIND, IN_FRONT = 5, 3

LIGHTER = 0.8  # share of the images in which the shape is lighter than the background
GROUND = (0.15, 0.65)  # range of the background's colour, each channel
HINT = 0.10  # how far the background leans to a hue of its class or, as often, to the opposite one
TINT = 0.20  # by how much each colour channel of the shape may deviate
STRETCH = 1.3  # largest ratio of the shape's width and height
WAVES = (2.0, 9.0)  # range of the gratings' wave numbers, radians per half image
STROKE_LENGTH = 0.6  # largest half of a stroke's length; 0 would be a dot
STROKE_WIDTH = (0.05, 0.14)  # range of half of a stroke's width

BLOCK = 200  # images drawn at a time, so that their arrays stay in the processor's cache
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
        Number of images. If it is a multiple of 10, there are equally many of each class. Images
        are drawn in blocks of 200: a longer set begins with all full blocks of a shorter one.
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
        If there are no images, they are too small to show anything (below 8 pixels), or the seed is
        below 0.
    MemoryError
        If the images do not fit into memory.
    """
    for name, value, least in (
        ("train_size", train_size, 1),
        ("test_size", test_size, 1),
        ("size", size, 8),
        ("seed", seed, 0),
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
    """Draw one image for each label: uint8 (N, size, size, 3).

    While it is drawn, the canvas is (3, N, size, size): NumPy adds whole planes faster than triples
    of colours.
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
    """1 where `positive`, -1 elsewhere. It is float32: float64 would make drawing twice as slow."""
    return np.where(positive, np.float32(1), np.float32(-1))


def _hue(labels):
    """The hue of each image's class, red, green and blue from -1 to 1: (3, N, 1, 1).

    The ten hues are spread over half of the colour circle; the other half is their opposites.
    """
    angle = np.pi * labels / len(SHAPES) + 2 * np.pi / 3 * np.arange(3)[:, None]
    return np.cos(angle, dtype=np.float32)[..., None, None]


def _at(difficulty, pair):
    """The value for each image: `pair` gives those at difficulty 0 and 1."""
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
    """Signed distance to a stroke anywhere in each image: (N, size, size).

    A stroke is a short line with round ends, or a dot. Some images get none.
    """
    n = len(difficulty)
    u, v = _turned(x - _uniform(rng, -1, 1, (n,)), y - _uniform(rng, -1, 1, (n,)), n, rng)
    u = np.maximum(np.abs(u) - _uniform(rng, 0, STROKE_LENGTH, (n,)), 0)
    drawn = _uniform(rng, 0, 1, (n,)) < difficulty
    half_width = np.where(drawn, _uniform(rng, *STROKE_WIDTH, (n,)), -1)  # -1: nothing is inside
    return np.sqrt(u * u + v * v) - half_width


def _turned(x, y, n, rng):
    """The coordinates x and y, turned by a random angle for each image."""
    turn = _uniform(rng, 0, 2 * np.pi, (n,))
    cos, sin = np.cos(turn), np.sin(turn)
    return cos * x + sin * y, cos * y - sin * x


def _paint(canvas, distance, colour):
    """Fill the inside of an outline with a colour. A pixel on the outline is partly covered."""
    size = canvas.shape[-1]
    cover = np.clip(0.5 - distance * (size / 2), 0, 1)
    canvas += cover * (colour - canvas)
