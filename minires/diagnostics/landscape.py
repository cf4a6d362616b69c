"""The loss around a net's weights, along a line and on a plane: Li et al. 2018 (arXiv:1712.09913).

A random direction means nothing by itself. With batch norm (or between ReLUs) filters can be scaled
without changing what the net computes, and the same step is large for small filters and small for
large ones. So each filter of a direction is scaled to the norm of the net's own filter. Only the
filters of convolutions and the columns of linear layers move; batch norm's parameters and biases
stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

import numpy as np

from .. import backend
from .. import functional as F
from ..errors import ConfigError, ShapeError, unknown_name
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Array, Mode
from .evaluation import check_batches, evaluate
from .parts import Batches, Loss

#: Name of a parameter -> array of its shape.
Direction: TypeAlias = Mapping[str, Array]


class LossLine(NamedTuple):
    """Loss and error at weights + position * direction."""

    positions: Array  # (P,)
    loss: Array  # (P,): mean cross-entropy, nats
    error: Array  # (P,): percent


class LossPlane(NamedTuple):
    """Loss and error at weights + x * first + y * second."""

    x: Array  # (X,)
    y: Array  # (Y,)
    loss: Array  # (Y, X): a row for each y, as plt.contour(x, y, loss) takes it
    error: Array  # (Y, X): percent


class Trajectory(NamedTuple):
    """The plane in which the weights moved most during training, and their path in it."""

    # two directions of norm 1, at right angles, for `loss_plane`
    directions: tuple[Direction, Direction]
    explained: Array  # (2,): share of the saved weights' variance along each direction, 0 to 1
    # (saved, 2): the position of each saved state in the plane; the last one is at (0, 0)
    positions: Array


def random_direction(model: Module, seed: int = 0) -> dict[str, Array]:
    """Draw a random direction in weight space, in which each filter has the norm of the net's own.

        d <- d / |d| |w|

    for each filter: an output channel (KH, KW, C_in) of a convolution, a column of a linear layer.

    Parameters
    ----------
    model : nn.Module
    seed : int
        For nets of the same shape, the same seed gives the same direction, apart from the norms.

    Returns
    -------
    dict
        Name -> array, for every parameter, in its dtype and on its device. The arrays of batch
        norm's parameters and of biases are 0.
    """
    rng, direction = np.random.default_rng(seed), {}
    for name, parameter in model.named_parameters():
        d = np.zeros(parameter.shape, parameter.dtype)
        if parameter.ndim > 1:
            d[...] = rng.standard_normal(parameter.shape)
            d *= _filter_norms(backend.move(parameter.data, "cpu")) / _filter_norms(d)
        direction[name] = backend.move(d, parameter.device)
    return direction


def loss_line(
    model: Module,
    batches: Batches,
    direction: Direction,
    positions: Iterable[float],
    mode: Mode = "eval",
    loss: Loss = F.cross_entropy,
) -> LossLine:
    """Loss and error along a line through the net's weights.

    Parameters
    ----------
    model : nn.Module
        Its weights are at position 0. Stays as it is.
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`; a single batch is a list of one pair. It is gone through
        once for each position.
    direction : dict
        Name of a parameter -> array of its shape; other parameters do not move. It may come from
        `random_direction`, from a `Trajectory`, or be the difference between the parameters of two
        nets.
    positions : iterable of float
        In units of the direction's length.
    mode : {"train", "eval"}
        In "eval" batch norm uses the running statistics of position 0 everywhere, as in the paper's
        figures. In "train" it uses each batch's own.
    loss : callable
        Takes logits and labels, returns the mean over the batch.

    Returns
    -------
    LossLine

    Raises
    ------
    ConfigError
        For a name that is not a parameter, or for the reasons that `evaluate` names.
    ShapeError
        If an array does not have the shape of its parameter.
    """
    positions = np.array([float(position) for position in positions])
    points = _evaluate_at(
        model, batches, (direction,), [(position,) for position in positions], mode, loss
    )
    return LossLine(positions, *points)


def loss_plane(
    model: Module,
    batches: Batches,
    first: Direction,
    second: Direction,
    x: Iterable[float],
    y: Iterable[float],
    mode: Mode = "eval",
    loss: Loss = F.cross_entropy,
) -> LossPlane:
    """Loss and error on a grid of len(y) x len(x) points in the plane of two directions.

    Other parameters and errors are those of `loss_line`.

    Parameters
    ----------
    first, second : dict
        The directions in which x and y are measured.
    x, y : iterable of float
        In units of the directions' lengths.

    Returns
    -------
    LossPlane
    """
    x, y = (np.array([float(position) for position in axis]) for axis in (x, y))
    points = _evaluate_at(
        model, batches, (first, second), [(a, b) for b in y for a in x], mode, loss
    )
    return LossPlane(x, y, *points.reshape(2, len(y), len(x)))


def trajectory(states: Sequence[Direction]) -> Trajectory:
    """Find the plane in which weights moved most during training, and their path in it.

    The plane is spanned by the first two principal components of the weights that were saved.

    Parameters
    ----------
    states : sequence of dict
        At least three copies of ``model.state_dict()``, in the order of training. The dict itself
        holds the net's own arrays, so copy them: ``{name: array.copy() for name, array in
        model.state_dict().items()}``. Only arrays of more than one axis are used: weights, but not
        biases and the arrays of batch norm.

    Returns
    -------
    Trajectory
        Its plane goes through the last of `states`. Load that state into the net before
        `loss_plane`.

    Raises
    ------
    ConfigError
        For fewer than three states, or if they are all the same.

    Notes
    -----
    Let the differences from the last state be the rows of M (saved, weights), with mean m. The
    components are the eigenvectors of (M - m)^T (M - m). They are found from the small matrix
    (M - m) (M - m)^T, which has the same eigenvalues.
    """
    if len(states) < 3:
        raise ConfigError("trajectory", "states", "at least 3, to span a plane", str(len(states)))
    names = [name for name, array in states[-1].items() if array.ndim > 1]
    products = sum(rows @ rows.T for rows in (_differences(states, name) for name in names))
    centre = np.eye(len(states)) - 1 / len(states)  # centre @ M = M - m
    variances, vectors = np.linalg.eigh(centre @ products @ centre)  # in rising order
    if not variances[-1] > 0:
        raise ConfigError(
            "trajectory",
            "the weights never moved",
            "states that differ",
            f"{len(states)} equal ones",
            "state_dict() gives the net's own arrays: save copies",
        )
    variances, vectors = variances[:-3:-1], vectors[:, :-3:-1]
    # If the path is a straight line, the second variance is only rounding error, and its direction
    # means nothing.
    scale = np.array(
        [variance**-0.5 if variance > 1e-12 * variances[0] else 0.0 for variance in variances]
    )
    combination = centre @ vectors * scale  # (saved, 2): the directions are combination^T M
    positions = products @ combination
    # The sign of an eigenvector is arbitrary. Choose it such that the path starts upper right.
    signs = np.where(positions[0] < 0, -1.0, 1.0)
    combination, positions = combination * signs, positions * signs
    first, second = (
        {
            name: (column @ _differences(states, name))
            .reshape(states[-1][name].shape)
            .astype(states[-1][name].dtype)
            for name in names
        }
        for column in combination.T
    )
    return Trajectory(
        (first, second), np.maximum(variances, 0) / np.trace(centre @ products @ centre), positions
    )


def _differences(states, name):
    """How far the weights `name` were from their last state: (saved, elements), in float64."""
    rows = np.stack(
        [backend.move(state[name], "cpu").ravel().astype(np.float64) for state in states]
    )
    return rows - rows[-1]


def _filter_norms(w):
    """The norm of each filter, over all axes but the last."""
    return np.sqrt(np.square(w, dtype=np.float64).sum(axis=tuple(range(w.ndim - 1))))


def _evaluate_at(model, batches, directions, places, mode, loss):
    """Loss and error at each of `places`, as an array (2, places).

    A place is a tuple with a coordinate for each direction.
    """
    check_batches(batches, "loss landscape")
    with _movable(model, directions) as move_to:
        points = []
        for place in places:
            move_to(place)
            points.append(evaluate(model, batches, mode, loss))
    return np.array(points).reshape(-1, 2).T


@contextmanager
def _movable(model, directions):
    """Within: a function that moves the weights to coordinates along `directions`.

    Afterwards the weights are back where they were.
    """
    parameters = dict(model.named_parameters())
    for name, d in ((name, d) for direction in directions for name, d in direction.items()):
        if name not in parameters:
            raise unknown_name("loss landscape", "parameter in the direction", name, parameters)
        if d.shape != parameters[name].shape:
            raise ShapeError(
                "loss landscape",
                f"direction of {name}",
                f"shape {parameters[name].shape}",
                f"shape {d.shape}",
            )
    directions = [
        {
            name: backend.move(d, parameters[name].device).astype(
                parameters[name].dtype, copy=False
            )
            for name, d in direction.items()
        }
        for direction in directions
    ]
    with preserve_state(model) as start:

        def move_to(place):
            for name in set().union(*directions):
                moved = start[name]
                for position, direction in zip(place, directions):
                    if name in direction:
                        moved = moved + float(position) * direction[name]
                backend.assign(parameters[name].data, moved)

        yield move_to
