"""Addition and ReLU in CUDA. Broadcasting is left to `common`."""

from .. import common
from .launch import contiguous, empty, for_each, launch


class add(common.add):
    """y = a + b.    dL/da = dL/db = dL/dy."""

    def forward(a, b):
        if a.shape != b.shape:
            return common.add.forward(a, b)
        return _each("add", a, b), (a.shape, b.shape)


class relu(common.relu):
    """y = max(x, 0), elementwise, any shape.

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = _each("relu", x)
        return y, y                                # y > 0 exactly where x > 0: no second array to keep

    def backward(dy, y):
        return _each("relu_backward", dy, y)


class add_relu(common.add_relu):
    """y = max(a + b, 0)."""

    def forward(a, b):
        if a.shape != b.shape:
            return common.add_relu.forward(a, b)
        y = _each("add_relu", a, b)
        return y, (y, a.shape, b.shape)

    def backward(dy, cache):
        y, a_shape, b_shape = cache
        dz = relu.backward(dy, y)
        return common.unbroadcast(dz, a_shape), common.unbroadcast(dz, b_shape)


def _each(kernel, *arrays):
    """A kernel of ``elementwise.cu`` on arrays of one shape."""
    y = empty(arrays[0].shape, arrays[0].dtype)
    launch("elementwise", kernel, y.dtype, *for_each(y.size), *map(contiguous, arrays), y, y.size)
    return y
