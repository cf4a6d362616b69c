"""SGD in CUDA: one launch makes a step for all parameters of a net."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import backend
from ...errors import DtypeError
from ...types import Array
from .launch import THREADS, contiguous, empty, launch

BLOCKS = 16  # for each parameter; a block takes every 16th run of THREADS elements
ALIGNMENT = 64  # elements; cuBLAS reads several at once if weights begin at a multiple of this


class sgd:
    """SGD with momentum and weight decay, on weights in one flat array. See `optim.SGD`.

    Parameters
    ----------
    weights : list of arrays
        The parameters of a net; they are copied to the flat array.
    decays, lr_scales : list of float
        The weight decay of each parameter, and the factor of its learning rate.

    Attributes
    ----------
    weights, velocities : list of arrays
        Views of the flat arrays, in the parameters' shapes.

    Raises
    ------
    DtypeError
        If the parameters are of two dtypes.
    """

    def __init__(
        self, weights: list[Array], decays: Sequence[float], lr_scales: Sequence[float]
    ) -> None:
        cupy, dtype = backend.cupy(), weights[0].dtype
        for weight in weights:
            if weight.dtype != dtype:
                raise DtypeError(
                    "SGD",
                    "parameters of two dtypes",
                    "all float32 or all float64",
                    f"{dtype} and {weight.dtype}",
                )
        sizes = np.array([weight.size for weight in weights])
        ends = np.cumsum(-(-sizes // ALIGNMENT) * ALIGNMENT)
        starts = np.array([0, *ends[:-1]])
        self._weights = empty(int(ends[-1]), dtype)
        self._velocities = cupy.zeros(int(ends[-1]), dtype)
        self._starts, self._sizes = (
            cupy.asarray(numbers.astype(np.int32)) for numbers in (starts, sizes)
        )
        self._decays, self._lr_scales = (
            cupy.asarray(np.array(numbers, dtype)) for numbers in (decays, lr_scales)
        )
        self.weights, self.velocities = (
            [
                flat[start : start + weight.size].reshape(weight.shape)
                for start, weight in zip(starts, weights)
            ]
            for flat in (self._weights, self._velocities)
        )
        self._copy_to_flat(weights)

    def step(
        self,
        weights: list[Array],
        gradients: Sequence[Array | None],
        lr: float,
        momentum: float,
        nesterov: bool,
    ) -> list[Array]:
        """Update every parameter whose gradient is not None.

        Returns the weights, which are views of the flat array.
        """
        self._copy_to_flat(weights)
        kept: list[Any] = [
            None if gradient is None else contiguous(gradient) for gradient in gradients
        ]
        addresses = np.array(
            [0 if gradient is None else gradient.data.ptr for gradient in kept], np.uint64
        )
        launch(
            "optimizers",
            "sgd",
            self._weights.dtype,
            (BLOCKS, len(kept)),
            THREADS,
            self._weights,
            self._velocities,
            backend.move(addresses, "gpu"),
            self._starts,
            self._sizes,
            self._decays,
            self._lr_scales,
            float(lr),
            float(momentum),
            int(nesterov),
        )
        return self.weights

    def _copy_to_flat(self, weights):
        """Copy the weights that are not views of the flat array into it.

        At first no weight is a view. Later a caller may have put another array in a view's place.
        """
        for view, weight in zip(self.weights, weights):
            if weight is not view:
                view[...] = weight
