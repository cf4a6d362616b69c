"""A matrix brought close to the nearest orthogonal one, product by product."""

from ...types import Array
from .products import matmul

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(
    m: Array,
    coefficients: tuple[float, float, float] = COEFFICIENTS,
    eps: float = 1e-7,
    steps: int = 5,
) -> Array:
    """`m` with its singular values moved to about 1: M = U S V^T becomes about U V^T.

        X <- M / |M|                                       then, `steps` times:
        X <- a X + b (X X^T) X + c (X X^T)^2 X

    X X^T X has the singular vectors of X, and the cubes of its singular values. So each step takes
    every singular value s to a s + b s^3 + c s^5, and leaves U and V as they are. After division by
    |M| (Frobenius) no s is above 1. With a = 3.4445, b = -4.7750, c = 2.0315 five steps bring those
    above 0.0016 to between 0.68 and 1.21: not to 1, but small ones grow fast (Jordan 2024,
    https://kellerjordan.github.io/posts/muon; the iteration is Newton's and Schulz's).

    Parameters
    ----------
    m : array (rows, columns)
    coefficients : (a, b, c)
    eps : float
        Added to |M|, so that a matrix of zeros stays one.
    steps : int
    """
    a, b, c = coefficients
    length = sum(float(number) ** 2 for number in m.ravel()) ** 0.5
    x = m / (length + eps)
    for _ in range(steps):
        xxt = _product(x, x.T)
        x = a * x + b * _product(xxt, x) + c * _product(xxt, _product(xxt, x))
    return x.astype(m.dtype)


def _product(left, right):
    return matmul.forward(left, right)[0]
