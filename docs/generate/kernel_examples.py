"""A small example of every kernel, whose arrays its page shows as a picture."""

from typing import Any, NamedTuple

import numpy as np

from minires.kernels import naive
from minires.types import Array


class Example(NamedTuple):
    """The inputs of a kernel: arrays in the order of its arguments, their names, and settings."""

    names: tuple[str, ...]
    arrays: tuple[Array, ...]
    settings: dict[str, Any]

    def run(self, kernel: str) -> tuple[Array, Array, tuple[Array, ...]]:
        """Run the `naive` version of a kernel, forward and backward.

        Returns
        -------
        y : ndarray
        dy : ndarray
            dL/dy, the numbers 1, 2, 3, ... If all of them were 1, the gradients of softmax and
            batch norm would be 0, and there would be nothing to see.
        gradients : tuple of ndarray
            The gradient of each input that has one.
        """
        function = getattr(naive, kernel)
        y, cache = function.forward(*self.arrays, **self.settings)
        dy = np.arange(1.0, y.size + 1).reshape(y.shape)
        gradients = function.backward(dy, cache)
        return y, dy, gradients if isinstance(gradients, tuple) else (gradients,)


def _array(*rows):
    return np.array(rows, dtype=np.float64)


A = _array([1, -2, 3], [0.5, 0, -1])
B = _array([2, 1, -1], [4, -3, 0.5])
POSITIVE = _array([1, 4, 0.25], [2, 0.5, 9])
LOGITS = _array([2, 1, -1], [0, 3, 1])
IMAGE = _array([0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 1, 0], [3, 0, 0, 1])[None, :, :, None]
EDGE = _array([1, -1], [1, -1])[:, :, None, None]
CHANNELS = _array([1, 10], [3, 30], [8, 50], [4, 20])
WEIGHT, BIAS = np.array([1.0, 2.0]), np.array([0.0, 1.0])
# With two channels in a group, they would always become -1 and 1, and every gradient of x 0.
FOUR_CHANNELS = (
    _array([1, 3, 8, 4], [10, 30, 50, 20]),
    np.array([1.0, 1.0, 2.0, 2.0]),
    np.array([0.0, 1.0, 0.0, 1.0]),
)

_unary = {
    name: Example(("x",), (A,), {})
    for name in ("abs", "exp", "negative", "relu", "sigmoid", "tanh")
}
_positive = {name: Example(("x",), (POSITIVE,), {}) for name in ("log", "sqrt")}
_binary = {
    name: Example(("a", "b"), (A, B), {})
    for name in ("add", "add_relu", "divide", "multiply", "subtract")
}
_reductions = {name: Example(("x",), (A,), {"axis": 1}) for name in ("max", "mean", "min", "sum")}
_pooling = {
    name: Example(("x",), (IMAGE,), {"kernel_size": 2}) for name in ("avg_pool2d", "max_pool2d")
}
EXAMPLES: dict[str, Example] = {
    **_unary,
    **_positive,
    **_binary,
    **_reductions,
    **_pooling,
    "power": Example(("x",), (A,), {"exponent": 3}),
    "batch_norm": Example(("x", "weight", "bias"), (CHANNELS, WEIGHT, BIAS), {}),
    "batch_norm_relu": Example(("x", "weight", "bias"), (CHANNELS, WEIGHT, BIAS), {}),
    "group_norm": Example(("x", "weight", "bias"), FOUR_CHANNELS, {"num_groups": 1}),
    "concatenate": Example(("a", "b"), (A, B), {"axis": 0}),
    "conv2d": Example(("x", "w"), (IMAGE, EDGE), {}),
    "conv2d_relu": Example(("x", "w", "b"), (IMAGE, EDGE, np.array([0.5])), {}),
    "cross_entropy": Example(("logits",), (LOGITS,), {"labels": np.array([0, 2])}),
    "dropout": Example(
        ("x", "mask"), (A, np.array([[True, True, False], [False, True, True]])), {"p": 0.25}
    ),
    "getitem": Example(("x",), (A,), {"index": np.array([1, 0, 1])}),
    "global_avg_pool2d": Example(("x",), (IMAGE,), {}),
    "linear": Example(("x", "w", "b"), (A, B.T.copy(), np.array([1.0, -1.0])), {}),
    "log_softmax": Example(("x",), (LOGITS,), {}),
    "softmax": Example(("x",), (LOGITS,), {}),
    "matmul": Example(("a", "b"), (A, B.T.copy()), {}),
    "mse_loss": Example(("x", "target"), (A, B), {}),
    "pad": Example(("x",), (A,), {"widths": ((1, 0), (1, 1))}),
    "reshape": Example(("x",), (A,), {"shape": (3, 2)}),
    "transpose": Example(("x",), (A,), {}),
}
