"""How sharply the loss curves around a net's weights: the largest eigenvalue of its Hessian H.

Gradient descent with learning rate lr and momentum beta multiplies the distance from the bottom of
a valley, along an eigenvector of H with eigenvalue s, by a factor below 1 only while

    s < 2 (1 + beta) / lr                    (Cohen et al. 2021, arXiv:2103.00065, section 2)

Above that limit it swings from one side of the valley to the other, further each time.

H itself has as many entries as there are pairs of weights. But its product with a vector v takes
only two gradients g (Pearlmutter 1994; here by a central difference, exact to order e^2):

    H v = (g(w + e v) - g(w - e v)) / (2 e),    |v| = 1

In a net with ReLU the length e matters. The gradient jumps wherever a unit switches on or off, and
these jumps bend the loss as much as the smooth pieces between them do. A very short step misses all
jumps, or it meets a single one, which is then divided by a tiny e. A longer step meets many jumps
and measures their mean effect, which is the curvature that an optimiser meets. But if gradients at
two points have nothing in common any more once the points are e apart, the quotient falls as 1 / e:
at that length it measures noise, and no curvature. So try several lengths.

All of this is computed in float64, so that short steps do not drown in rounding errors.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from .. import backend, checks
from .. import functional as F
from ..autograd import Tensor
from ..errors import ConfigError, ShapeError, unknown_name
from ..nn import Module
from ..nn.state import MODES
from ..types import Array, Mode
from .evaluation import check_batches
from .parts import Batches, Loss, array_of

STEP = 1e-3  # e: how far the weights move. The weights of a 56-layer net have a norm of about 30.


class Curvature(NamedTuple):
    """The largest eigenvalue of the Hessian, and how well it is known."""

    sharpness: float  # v^T H v for the best v found, which is at most the largest eigenvalue
    residual: float  # |H v - sharpness v| / |sharpness|, which is 0 for an eigenvector
    products: int  # how many products H v were computed


def stability_limit(lr: float, momentum: float = 0.0) -> float:
    """2 (1 + momentum) / lr: the sharpness above which gradient descent is not stable.

    It holds for the momentum of `optim.SGD` without Nesterov's variant (Cohen et al. 2021,
    arXiv:2103.00065, appendix B).

    Raises
    ------
    ConfigError
        For a learning rate that is not above 0, or a momentum outside of [0, 1).
    """
    checks.number("stability_limit", "lr", lr, "a number above 0", lambda lr: lr > 0)
    checks.number(
        "stability_limit", "momentum", momentum, "from 0 to less than 1", lambda beta: 0 <= beta < 1
    )
    return 2 * (1 + momentum) / lr


def hessian_product(
    model: Module,
    batches: Batches,
    vector: Array,
    mode: Mode = "train",
    loss: Loss = F.cross_entropy,
    step: float = STEP,
) -> Array:
    """Compute H v, where H is the Hessian of the mean loss over all images of `batches`.

    Parameters
    ----------
    model : nn.Module
        Stays as it is. Frozen parameters count as constants.
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`; a single batch is a list of one pair. It is gone through
        twice.
    vector : array (number of parameters,)
        v: an element for each number in the trainable parameters, in the order of
        ``model.parameters()``, each flattened.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's statistics, so H is that of the training loss.
    loss : callable
        Takes logits and labels, returns the mean over the batch.
    step : float
        e: how far the weights move to either side, as a Euclidean norm. It does not depend on the
        length of `vector`.

    Returns
    -------
    array (number of parameters,), float64, on the CPU

    Raises
    ------
    ConfigError
        If `batches` is an iterator or holds no images, the net has no trainable parameters, or
        `step` is not above 0; or for an unknown mode.
    ShapeError
        For a vector of another length.
    """
    check_batches(batches, "hessian_product")
    _check_step("hessian_product", step)
    weights = _Weights(model, mode)
    return weights.times_hessian(np.asarray(vector, np.float64), batches, loss, step)


def sharpest_curvature(
    model: Module,
    batches: Batches,
    mode: Mode = "train",
    loss: Loss = F.cross_entropy,
    tolerance: float = 0.05,
    most: int = 40,
    seed: int = 0,
    step: float = STEP,
) -> Curvature:
    """Find the largest eigenvalue of the Hessian by Lanczos's method.

    Power iteration, v <- H v / |H v|, finds the eigenvalue that is largest in *size*. It never
    settles if the largest and the smallest are about equally far from 0, as in a fresh net, whose
    small last layer makes eigenvalues come in pairs. Lanczos's method (1950) keeps all vectors that
    it meets, made orthonormal, as the columns of V. In their span H is the small matrix
    T = V^T H V. Its largest eigenvalue t, with the eigenvector u of T and so V u of H, is the best
    estimate from that many products. T is tridiagonal, so each product adds two numbers to it:

        H v_k = b_(k-1) v_(k-1) + a_k v_k + b_k v_(k+1)

    Parameters
    ----------
    model, batches, mode, loss, step
        As for `hessian_product`.
    tolerance : float
        Stop when the `residual`, |H V u - t V u| / t = b_k |u_k| / t, is below this. The eigenvalue
        itself is known much better: its error goes with the square of the residual.
    most : int
        Stop after so many products H v in any case. As many vectors are kept in memory, each as
        long as all weights together.
    seed : int
        For the first vector, which is random.

    Returns
    -------
    Curvature
        With nan for the sharpness and residual if a gradient is not finite.

    Raises
    ------
    ConfigError
        For the reasons that `hessian_product` names, for `most` below 1, and for `tolerance` or
        `seed` below 0.
    """
    check_batches(batches, "sharpest_curvature")
    _check_step("sharpest_curvature", step)
    checks.number(
        "sharpest_curvature", "tolerance", tolerance, "a number of at least 0", lambda t: t >= 0
    )
    most = checks.integer("sharpest_curvature", "most", most)
    seed = checks.integer("sharpest_curvature", "seed", seed, 0)
    weights = _Weights(model, mode)
    v = np.random.default_rng(seed).standard_normal(weights.count)
    basis, a, b = [v / np.linalg.norm(v)], [], []
    for products in range(1, min(most, weights.count) + 1):
        hv = weights.times_hessian(basis[-1], batches, loss, step)
        a.append(float(hv @ basis[-1]))
        for _ in range(2):  # with rounding errors, one pass would not make the vectors orthogonal
            for earlier in basis:
                hv -= (hv @ earlier) * earlier
        b.append(float(np.linalg.norm(hv)))
        if not np.isfinite(b[-1]):
            return Curvature(float("nan"), float("nan"), products)
        values, vectors = np.linalg.eigh(np.diag(a) + np.diag(b[:-1], 1) + np.diag(b[:-1], -1))
        error = float(b[-1] * abs(vectors[-1, -1]))
        scale = max(abs(values[0]), abs(values[-1]))
        if error <= tolerance * abs(values[-1]) or b[-1] <= 1e-9 * scale:
            break
        basis.append(hv / b[-1])
    value = float(values[-1])
    return Curvature(value, error / abs(value) if value else 0.0, products)


def _check_step(where: str, step: float) -> None:
    checks.number(where, "step", step, "a number above 0", lambda step: step > 0)


class _Weights:
    """The trainable parameters of a copy of the net, in float64, as one vector."""

    def __init__(self, model: Module, mode: Mode) -> None:
        if mode not in MODES:
            raise unknown_name("sharpness", "mode", mode, MODES)
        self.model = model = deepcopy(model)
        model.train(mode == "train")
        for _, tensor in (*model.named_parameters(), *model.named_buffers()):
            tensor.data = tensor.data.astype(np.float64)
        self.generators = [
            (generator, generator.bit_generator.state) for _, generator in model.named_generators()
        ]
        self.parameters = [one for one in model.parameters() if one.requires_grad]
        if not self.parameters:
            raise ConfigError(
                "sharpness",
                "no trainable parameters",
                "a net with at least one",
                type(model).__name__,
                "model.freeze(False) undoes freeze",
            )
        self.start = _flat([one.data for one in self.parameters])
        self.count = len(self.start)

    def times_hessian(self, v: Array, batches: Batches, loss: Loss, step: float) -> Array:
        if v.shape != (self.count,):
            raise ShapeError("hessian_product", "vector", f"({self.count},)", f"{v.shape}")
        length = float(np.linalg.norm(v))
        if not length:
            return np.zeros(self.count)
        move = v * (step / length)
        ahead = self._gradient(self.start + move, batches, loss)
        behind = self._gradient(self.start - move, batches, loss)
        return (ahead - behind) * (length / (2 * step))

    def _gradient(self, place, batches, loss):
        """The gradient of the mean loss with the weights at `place`."""
        cut = np.cumsum([one.size for one in self.parameters])[:-1]
        for parameter, numbers in zip(self.parameters, np.split(place, cut)):
            backend.assign(
                parameter.data,
                backend.move(numbers.reshape(parameter.shape), parameter.device),
            )
        for generator, state in self.generators:  # dropout drops the same units every time
            generator.bit_generator.state = state
        total, images_seen = np.zeros(self.count), 0
        for images, labels in batches:
            self.model.zero_grad()
            images = Tensor(array_of(images).astype(np.float64))
            loss(self.model(images), labels).backward()
            total += len(labels) * _flat(
                [np.zeros(one.shape) if one.grad is None else one.grad for one in self.parameters]
            )
            images_seen += len(labels)
        if not images_seen:
            raise ConfigError("hessian_product", "batches", "at least one image", "none")
        return total / images_seen


def _flat(arrays: Sequence[Array]) -> Array:
    return np.concatenate([backend.move(one, "cpu").ravel().astype(np.float64) for one in arrays])
