"""Random parts of photographs, as Szegedy et al. 2015 (arXiv:1409.4842) cut them for GoogLeNet, and torchvision after them.

A crop covers between a smallest part of the picture and all of it, is up to a third wider than high or higher than wide, and is
scaled to the one size that the net takes. So a net sees things near and far, whole and in part, and a little distorted.
"""

import math

RATIOS = 3 / 4, 4 / 3        # of width to height
TRIES = 10


def random_box(height, width, smallest, rng):
    """A random part of a picture: (top, left, height, width) in pixels.

    Parameters
    ----------
    height, width : int
        Of the picture.
    smallest : float
        The smallest part of its area, above 0 and at most 1.
    rng : np.random.Generator
    """
    for _ in range(TRIES):
        area = height * width * rng.uniform(smallest, 1)
        ratio = math.exp(rng.uniform(math.log(RATIOS[0]), math.log(RATIOS[1])))
        h, w = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if 0 < h <= height and 0 < w <= width:
            return int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1)), h, w
    # A picture far from square: the largest part in the middle that is of an allowed shape.
    h, w = min(height, round(width / RATIOS[0])), min(width, round(height * RATIOS[1]))
    return (height - h) // 2, (width - w) // 2, h, w
