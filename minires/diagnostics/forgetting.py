"""What a net still knows of its input, block by block: how alike images of one class look, and how
much of the class a straight line can read off.

Both look at the same features: each block's output, averaged over the cells of a coarse grid, so
that all blocks of a stage have as many.

- Cosines. With features f around their mean over all images, cos(f, f') = f f' / (|f| |f'|). Where
  the classes are lost, pairs of images of one class are no more alike than other pairs.
- A linear probe (Alain and Bengio 2016, arXiv:1610.01644), here ridge regression on the classes,
  which has a closed form: with standardised features X (N, F) and centred one-hot classes Y (N, K)

      W = (X^T X / N + ridge I)^-1 X^T Y / N,

  and of a new image the class whose output is the largest.

In wide layers of ReLU and batch norm the correlation c of two images becomes, from layer to layer,
(k(c) - k(0)) / (k(1) - k(0)) with k(c) = (sqrt(1 - c^2) + (pi - arccos c) c) / (2 pi) (Cho and Saul
2009). Small correlations are multiplied by pi / (2 (pi - 1)) = 0.733: what images have in common
is forgotten, while the gradient grows by sqrt(pi / (pi - 1)) (Yang et al. 2019, arXiv:1902.08129).
"""

from typing import NamedTuple

import numpy as np

from .. import backend, nn
from ..autograd import Tensor, no_grad
from ..errors import ConfigError, ShapeError
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, array_of, blocks_or_layers, depths, watching

GRID = 4  # cells on a side over which features are averaged


class LayerMemory(NamedTuple):
    """What is left of the input's class after one block or layer."""

    layer: str  # the name of the block or layer
    depth: int  # along the main path; of a block, that of its last layer
    same: float  # mean cosine of two images of one class
    different: float  # mean cosine of two images of different classes
    probe_error: float  # of the linear probe on images that it was not fitted to, percent


def memory(
    model: nn.Module,
    images: Images,
    labels: Array,
    new_images: Images,
    new_labels: Array,
    mode: Mode = "eval",
    ridge: float = 0.1,
) -> list[LayerMemory]:
    """Cosines of pairs of images, and the error of a linear probe, at every block.

    Parameters
    ----------
    model : nn.Module
        Stays as it is. Of a net without blocks, every layer is looked at.
    images, labels : (N, H, W, C), (N,)
        To which the probes are fitted.
    new_images, new_labels : (M, H, W, C), (M,)
        On which they are tested. The cosines are theirs, too.
    mode : {"train", "eval"}
        In "train" batch norm takes the statistics of all images together, `images` and
        `new_images`: a fresh net has no others.
    ridge : float
        Above 0, in units of the features' variance.

    Returns
    -------
    list of LayerMemory
        From the images to the logits.

    Raises
    ------
    ConfigError
        For an unknown mode, or as `class_cosines` and `probe_error` do.
    """
    labels, new_labels = np.asarray(labels), np.asarray(new_labels)
    count, found = len(labels), {}

    def on_call(name, inputs, y):
        features = pooled(y.data)
        cosines = class_cosines(features[count:], new_labels)
        error = probe_error(features[:count], labels, features[count:], new_labels, ridge)
        found[name] = (*cosines, error)

    parts = blocks_or_layers(model)
    images, new_images = array_of(images), array_of(new_images)
    both = np.concatenate([backend.move(one, "cpu") for one in (images, new_images)])
    with preserve_state(model, mode), no_grad(), watching(parts, on_call):
        model(Tensor(backend.move(both, backend.device_of(images))))
    places = depths(model, parts)
    return [LayerMemory(name, places[name], *found[name]) for name in parts if name in found]


def pooled(activations: Array, grid: int = GRID) -> Array:
    """Activations averaged over the cells of a grid, as rows (N, features) in float64.

    Parameters
    ----------
    activations : array (N, H, W, C) or (N, features)
        Maps smaller than the grid stay as they are, vectors too.
    grid : int
        Cells on a side. Where they do not divide a map's side, pixels at its right and lower edge
        are left out.
    """
    x = np.asarray(backend.move(activations, "cpu"), np.float64)
    if x.ndim == 4:
        n, h, w, c = x.shape
        rows, columns = min(grid, h), min(grid, w)
        x = x[:, : h // rows * rows, : w // columns * columns]
        x = x.reshape(n, rows, h // rows, columns, w // columns, c).mean(axis=(2, 4))
    return x.reshape(len(x), -1)


def class_cosines(features: Array, labels: Array) -> tuple[float, float]:
    """The mean cosine of two different images of one class, and of two images of different classes,
    around the mean of all images.

    An image exactly at the mean has no direction and counts as at right angles to all others.

    Parameters
    ----------
    features : array (N, features)
    labels : array of int (N,)

    Raises
    ------
    ConfigError
        If there are no two images of one class, or only one class.
    """
    rows = np.asarray(features, np.float64)
    rows = rows - rows.mean(axis=0)
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    classes = np.asarray(labels)[:, None] == np.unique(labels)
    counts = classes.sum(axis=0)
    pairs, other_pairs = (counts * (counts - 1)).sum(), len(rows) ** 2 - (counts**2).sum()
    if not pairs or not other_pairs:
        raise ConfigError(
            "class_cosines",
            "labels",
            "two classes, and two images of one of them",
            f"{len(rows)} images of {len(counts)}",
        )
    of_classes = ((classes.T @ rows) ** 2).sum()  # all pairs in a class, each image with itself too
    of_all = (rows.sum(axis=0) ** 2).sum()
    return (
        float((of_classes - (rows * rows).sum()) / pairs),
        float((of_all - of_classes) / other_pairs),
    )


def probe_error(
    features: Array, labels: Array, new_features: Array, new_labels: Array, ridge: float = 0.1
) -> float:
    """The error, in percent, of a linear classifier fitted to `features` and tested on
    `new_features`.

    Parameters
    ----------
    features, new_features : array (N, features), (M, features)
    labels, new_labels : array of int (N,), (M,)
    ridge : float
        Above 0; see the formula above.

    Raises
    ------
    ConfigError
        For a ridge that is not above 0.
    ShapeError
        If the two kinds of features are not as many.
    """
    if not ridge > 0:
        raise ConfigError("probe_error", "ridge", "above 0", f"{ridge}")
    x, new_x = np.asarray(features, np.float64), np.asarray(new_features, np.float64)
    if x.shape[1:] != new_x.shape[1:]:
        raise ShapeError("probe_error", "new_features", f"(M, {x.shape[1]})", f"{new_x.shape}")
    mean, std = x.mean(axis=0), x.std(axis=0)
    std[std == 0] = 1.0  # a feature that never changes says nothing
    x, new_x = (x - mean) / std, (new_x - mean) / std
    classes = np.unique(labels)
    y = (np.asarray(labels)[:, None] == classes).astype(np.float64)
    y_mean = y.mean(axis=0)
    gram = x.T @ x / len(x) + ridge * np.eye(x.shape[1])
    w = np.linalg.solve(gram, x.T @ (y - y_mean) / len(x))
    guessed = classes[(new_x @ w + y_mean).argmax(axis=1)]
    return float(100 * (guessed != np.asarray(new_labels)).mean())
