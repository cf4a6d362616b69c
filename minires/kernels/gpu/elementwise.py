"""Addition in CUDA. Where shapes broadcast, `common` computes instead."""

from ...types import Array, Shape
from .. import common
from .launch import elementwise


class add(common.add):
    """y = a + b.    dL/da = dL/db = dL/dy."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Shape, Shape]]:
        if a.shape != b.shape:
            return common.add.forward(a, b)
        return elementwise("elementwise", "add", a, b), (a.shape, b.shape)
