"""In how many directions the outputs of a net's blocks differ between images.

This is the effective rank of Roy and Vetterli 2007 ("The effective rank: a measure of effective
dimensionality"), here of the covariance of a block's outputs. If the share p_i of the variance lies
along the i-th principal direction,

    rank = exp(- sum p_i log p_i)

It is k if k directions have equal shares and the others none; unequal shares give a lower rank. It
is 1 if all images differ in the same direction, and at most N - 1 for N images.

Without batch norm, the representations of a deep net collapse to few directions (Daneshmand et al.
2020, arXiv:2003.01652).
"""

from typing import NamedTuple

import numpy as np

from .. import backend, nn
from ..autograd import Tensor, no_grad
from ..errors import ConfigError
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, array_of, blocks_or_layers, depths, watching


class LayerRank(NamedTuple):
    """How many directions are left after one block or layer."""

    layer: str  # the name of the block or layer
    depth: int  # along the main path; for a block, the depth of its last layer
    rank: float  # effective rank of the outputs for all images; 0 if they are all the same
    outputs: int  # how many numbers the output for one image has; the rank is never higher


def effective_rank(rows: Array, centred: bool = True) -> float:
    """The effective rank of the covariance of vectors (N, features), from 0 to N - 1.

    Parameters
    ----------
    rows : array (N, features)
    centred : bool
        With False the mean is not subtracted: the result is the rank of the second moments around
        0, as in Daneshmand et al., from 0 to N. It is 1 if all vectors lie on one line through 0.

    Raises
    ------
    ConfigError
        For fewer than two vectors, or another shape.
    """
    rows = np.asarray(backend.move(rows, "cpu"), np.float64)
    if rows.ndim != 2 or len(rows) < 2:
        raise ConfigError(
            "effective_rank", "rows", "(N, features) with N of at least 2", f"shape {rows.shape}"
        )
    if centred:
        rows = rows - rows.mean(axis=0)
    # This matrix (N, N) is often much smaller than the covariance. It has the same eigenvalues,
    # apart from zeros and a common factor, which does not change the shares.
    eigenvalues = np.linalg.eigvalsh(rows @ rows.T)
    variances = eigenvalues[eigenvalues > 0]
    if not len(variances):
        return 0.0
    p = variances / variances.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def effective_ranks(
    model: nn.Module, images: Images, mode: Mode = "eval", centred: bool = True
) -> list[LayerRank]:
    """The effective rank of the outputs of every block, in order from the images to the logits.

    In a net without blocks, such as those of `models.residual_mlp`, it is that of every layer.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    images : Tensor or array (N, H, W, C)
        At least two, which go through the net as one batch. The number of images limits the rank,
        so compare only ranks that were found with the same number.
    mode : {"train", "eval"}
    centred : bool
        As for `effective_rank`.

    Returns
    -------
    list of LayerRank

    Raises
    ------
    ConfigError
        For fewer than two images, or an unknown mode.
    """
    found: dict[str, tuple[float, int]] = {}

    def on_call(name, inputs, y):
        rows = y.data.reshape(len(y.data), -1)
        found[name] = effective_rank(rows, centred), rows.shape[1]

    parts = blocks_or_layers(model)
    with preserve_state(model, mode), no_grad(), watching(parts, on_call):
        model(Tensor(array_of(images)))
    places = depths(model, parts)
    return [LayerRank(name, places[name], *found[name]) for name in parts if name in found]
