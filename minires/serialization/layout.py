"""The order of the axes of weights, which minires and PyTorch choose differently.

Both name the parameters alike. PyTorch puts the features of a weight first, minires last:

                   PyTorch                          minires
    convolution    (C_out, C_in / groups, KH, KW)   (KH, KW, C_in / groups, C_out)
    linear         (out, in)                        (in, out)
"""

from collections.abc import Mapping

import numpy as np

from ..errors import unknown_name
from ..types import Array

LAYOUTS = ("minires", "torch")
TO_MINIRES = {4: (2, 3, 1, 0), 2: (1, 0)}  # number of axes -> their new order
TO_TORCH = {4: (3, 2, 0, 1), 2: (1, 0)}


def check_layout(where: str, layout: str) -> None:
    """Raise ConfigError, for the function `where`, if there is no such layout."""
    if layout not in LAYOUTS:
        raise unknown_name(where, "layout", layout, LAYOUTS)


def looks_like_minires(arrays: Mapping[str, Array]) -> bool:
    """Whether the first convolution has the colours of images where minires puts them; without a
    convolution, whether linear layers have as many columns, and not as many rows, as biases.
    """
    first = next((array for array in arrays.values() if array.ndim == 4), None)
    if first is not None:
        return first.shape[2] == 3 and first.shape[0] == first.shape[1]
    found = [
        (array.shape, arrays[f"{name[: -len('weight')]}bias"].shape)
        for name, array in arrays.items()
        if name.endswith(".weight")
        and array.ndim == 2
        and f"{name[: -len('weight')]}bias" in arrays
    ]
    fit = [{axis for axis in (0, 1) if (weight[axis],) == bias} for weight, bias in found]
    return bool(fit) and all(1 in one for one in fit) and any(0 not in one for one in fit)


def to_torch(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Name -> array in PyTorch's layout, from minires's."""
    return {name: _transposed(array, TO_TORCH) for name, array in arrays.items()}


def from_torch(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Name -> array in minires's layout and under its names, from PyTorch's.

    ``num_batches_tracked`` is left out: minires's batch norm does not count batches.
    """
    return {
        name: _transposed(array, TO_MINIRES)
        for name, array in arrays.items()
        if name.rpartition(".")[2] != "num_batches_tracked"
    }


def _transposed(array: Array, orders: dict[int, tuple[int, ...]]) -> Array:
    if array.ndim in orders:
        array = array.transpose(orders[array.ndim])
    return np.asarray(array, order="C")
