"""How much of its input's class a net still contains after each block.

Two measures tell: how alike the images of one class are, and how well a linear classifier can read
the class off. Both use the same features: each block's output, averaged over the cells of a coarse
grid, so that all blocks of a stage have equally many.

- Cosines. With features f around their mean over all images, cos(f, f') = f f' / (|f| |f'|). Where
  the classes are lost, two images of one class are no more alike than other pairs.
- A linear probe (Alain and Bengio 2016, arXiv:1610.01644). Here it is ridge regression on the
  classes, which has a closed form: with standardised features X (N, F) and centred one-hot classes
  Y (N, K)

      W = (X^T X / N + ridge I)^-1 X^T Y / N.

  A new image is assigned to the class with the largest output.

In wide layers with ReLU and batch norm, each layer turns the correlation c of two images into
(k(c) - k(0)) / (k(1) - k(0)) with k(c) = (sqrt(1 - c^2) + (pi - arccos c) c) / (2 pi) (Cho and Saul
2009). Small correlations are multiplied by pi / (2 (pi - 1)) = 0.733. So from layer to layer the
net forgets what images have in common, while the gradient grows by sqrt(pi / (pi - 1)) (Yang et al.
2019, arXiv:1902.08129).
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
    depth: int  # along the main path; for a block, the depth of its last layer
    same: float  # mean cosine of two images of one class
    different: float  # mean cosine of two images of different classes
    probe_error: float  # error of the linear probe on images that it was not fitted to, percent


def memory(
    model: nn.Module,
    images: Images,
    labels: Array,
    new_images: Images,
    new_labels: Array,
    mode: Mode = "eval",
    ridge: float = 0.1,
) -> list[LayerMemory]:
    """Measure at every block the cosines of pairs of images, and the error of a linear probe.

    Parameters
    ----------
    model : nn.Module
        Stays as it is. If it has no blocks, every layer is measured.
    images, labels : (N, H, W, C), (N,)
        The probes are fitted to these.
    new_images, new_labels : (M, H, W, C), (M,)
        The probes are tested on these, and the cosines are computed from them.
    mode : {"train", "eval"}
        In "train" batch norm uses the statistics of `images` and `new_images` together. Take this
        for a fresh net, whose running statistics mean nothing yet.
    ridge : float
        Above 0, in units of the features' variance; see the formula above.

    Returns
    -------
    list of LayerMemory
        From the images to the logits.

    Raises
    ------
    ConfigError
        For an unknown mode, or for the reasons that `class_cosines` and `probe_error` name.
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
    """Average activations over the cells of a grid. Returns rows (N, features) in float64.

    Parameters
    ----------
    activations : array (N, H, W, C) or (N, features)
        Vectors, and maps smaller than the grid, are not averaged.
    grid : int
        Cells on a side. If this does not divide the side of a map, pixels at the right and lower
        edge are left out.
    """
    x = np.asarray(backend.move(activations, "cpu"), np.float64)
    if x.ndim == 4:
        n, h, w, c = x.shape
        rows, columns = min(grid, h), min(grid, w)
        x = x[:, : h // rows * rows, : w // columns * columns]
        x = x.reshape(n, rows, h // rows, columns, w // columns, c).mean(axis=(2, 4))
    return x.reshape(len(x), -1)


def class_cosines(features: Array, labels: Array) -> tuple[float, float]:
    """(same, different): the mean cosine of two images of one class, and of different classes.

    Cosines are those of vectors from the mean of all images. An image exactly at the mean has no
    direction; its cosine with all others counts as 0.

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
            f"{len(rows)} images of {len(counts)} class{'es' if len(counts) != 1 else ''}",
        )
    of_classes = ((classes.T @ rows) ** 2).sum()  # pairs in a class, and each image with itself
    of_all = (rows.sum(axis=0) ** 2).sum()
    return (
        float((of_classes - (rows * rows).sum()) / pairs),
        float((of_all - of_classes) / other_pairs),
    )


def probe_error(
    features: Array, labels: Array, new_features: Array, new_labels: Array, ridge: float = 0.1
) -> float:
    """Fit a linear classifier to `features`, and return its error on `new_features` in percent.

    Parameters
    ----------
    features, new_features : array (N, features), (M, features)
    labels, new_labels : array of int (N,), (M,)
    ridge : float
        Above 0; see the formula above.

    Raises
    ------
    ConfigError
        If `ridge` is not above 0.
    ShapeError
        If `features` and `new_features` differ in the number of features.
    """
    if not ridge > 0:
        raise ConfigError("probe_error", "ridge", "above 0", f"{ridge}")
    x, new_x = np.asarray(features, np.float64), np.asarray(new_features, np.float64)
    if x.shape[1:] != new_x.shape[1:]:
        raise ShapeError("probe_error", "new_features", f"(M, {x.shape[1]})", f"{new_x.shape}")
    mean, std = x.mean(axis=0), x.std(axis=0)
    std[std == 0] = 1.0  # a feature that never changes becomes 0 instead of nan
    x, new_x = (x - mean) / std, (new_x - mean) / std
    classes = np.unique(labels)
    y = (np.asarray(labels)[:, None] == classes).astype(np.float64)
    y_mean = y.mean(axis=0)
    gram = x.T @ x / len(x) + ridge * np.eye(x.shape[1])
    w = np.linalg.solve(gram, x.T @ (y - y_mean) / len(x))
    guessed = classes[(new_x @ w + y_mean).argmax(axis=1)]
    return float(100 * (guessed != np.asarray(new_labels)).mean())
