"""A step of SGD for a whole net in one launch."""

import numpy as np

from ... import backend
from ...errors import DtypeError
from .launch import THREADS, contiguous, empty, launch

BLOCKS = 16                  # for each parameter; each takes every 16th run of THREADS elements


class sgd:
    """SGD with momentum and weight decay, on weights that lie one after another in a flat array. See `optim.SGD`.

    Parameters
    ----------
    weights : list of arrays
        Copied to the flat array.
    decays : list of float
        The weight decay of each.

    Attributes
    ----------
    weights, velocities : list of arrays
        Views of the flat arrays.
    """

    def __init__(self, weights, decays):
        cupy, dtype = backend.cupy(), weights[0].dtype
        for weight in weights:
            if weight.dtype != dtype:
                raise DtypeError("SGD", "parameters of two dtypes", "all float32 or all float64", f"{dtype} and {weight.dtype}")
        starts = np.cumsum([0] + [weight.size for weight in weights])
        self._weights, self._velocities = empty(int(starts[-1]), dtype), cupy.zeros(int(starts[-1]), dtype)
        self._starts, self._decays = cupy.asarray(starts.astype(np.int32)), cupy.asarray(np.array(decays, dtype))
        self.weights, self.velocities = ([flat[first:last].reshape(weight.shape) for first, last, weight in zip(starts, starts[1:], weights)]
                                         for flat in (self._weights, self._velocities))
        for own, given in zip(self.weights, weights):
            own[...] = given

    def step(self, weights, gradients, lr, momentum, nesterov):
        """Move every weight that has a gradient (not None), in place."""
        strangers = [(own, given) for own, given in zip(self.weights, weights) if given is not own]
        for own, given in strangers:               # someone has put another array in the place of ours
            own[...] = given
        gradients = [None if gradient is None else contiguous(gradient) for gradient in gradients]
        addresses = np.array([0 if gradient is None else gradient.data.ptr for gradient in gradients], np.uint64)
        launch("sgd", "sgd", self._weights.dtype, (BLOCKS, len(gradients)), THREADS, self._weights, self._velocities,
               backend.move(addresses, "gpu"), self._starts, self._decays, float(lr), float(momentum), int(nesterov))
        for own, given in strangers:
            given[...] = own
