"""ReLU in CUDA, alone or after an addition. Where shapes broadcast, `common` computes instead."""

from typing import Any

from ...types import Array
from .. import common
from .launch import elementwise


class relu(common.relu):
    """y = max(x, 0), elementwise, any shape.

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = elementwise("activation", "relu", x)
        return y, y  # y > 0 exactly where x > 0: no second array to keep

    def backward(dy: Array, y: Array) -> Array:
        return elementwise("activation", "relu_backward", dy, y)


class add_relu(common.add_relu):
    """y = max(a + b, 0); shapes broadcast.    dL/da = dL/db = dL/dy where y > 0, else 0."""

    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        if a.shape != b.shape:
            return common.add_relu.forward(a, b)
        y = elementwise("activation", "add_relu", a, b)
        return y, (y, a.shape, b.shape)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        y, a_shape, b_shape = cache
        dz = relu.backward(dy, y)
        return common.unbroadcast(dz, a_shape), common.unbroadcast(dz, b_shape)
