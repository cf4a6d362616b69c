"""Is that gradient right? Compare it with the slope of the function, measured by small steps."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import backend
from ..checks import integer, number
from ..errors import GradcheckError
from ..types import ArrayLike, Device
from .recording import enable_grad
from .tensor import Tensor


class Report(NamedTuple):
    """The result of a `gradcheck` that passed."""

    checked: int  # slopes compared
    kinks: int  # slopes among them that were left out: the function has a corner there
    worst: float  # largest |analytic - numeric|


def gradcheck(
    function: Callable[..., Tensor],
    *inputs: Tensor | ArrayLike,
    projections: int | None = None,
    step: float = 1e-6,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    seed: int = 0,
    device: Device = "cpu",
) -> Report:
    """Check the gradients of `function` by finite differences, in float64.

    A function with many outputs is first reduced to one number, L = sum(r * function(x)) with a
    random r. Then each element x_i is moved by a small step h both ways, and dL/dx_i from the tape
    is compared with

        (L(x + h e_i) - L(x - h e_i)) / 2h.

    With `projections`, the slope along random directions u is compared with the gradient's product
    with u. Each direction takes two evaluations, however many elements there are.

    At a corner, such as ReLU's at 0, the slopes to the left and to the right differ, and any value
    between them is a fair answer. Corners are recognised, counted and left out.

    Parameters
    ----------
    function : callable
        Takes Tensors, returns a Tensor. It must give the same result for the same input.
    *inputs : array_like or Tensor
        Converted to float64. Every one is checked.
    projections : int, optional
        Check along this many random directions instead of every element.
    step : float
        h above. Rounding costs about 1e-16 / h, curvature about h^2.
    rtol, atol : float
        Passes where |analytic - numeric| <= atol + rtol |numeric|.
    seed : int
        Of the random r and u.
    device : {"cpu", "gpu"}
        Where `function` computes.

    Returns
    -------
    Report

    Raises
    ------
    GradcheckError
        Names the input, the element or direction, the expected and the actual slope, and how many
        checks fail. Also if there was nothing to check, or nothing but corners, or `function` does
        not return a Tensor.
    ConfigError
        For a step that is not above 0, or a negative number of projections.
    """
    backend.check_device(device, "gradcheck")
    number("gradcheck", "step", step, "a number above 0", lambda step: step > 0)
    if projections is not None:
        integer("gradcheck", "projections", projections, 0)
    rng = np.random.default_rng(seed)
    data = [backend.move(x.data, "cpu") if isinstance(x, Tensor) else x for x in inputs]
    arrays = [np.array(x, dtype=np.float64) for x in data]
    tensors = [Tensor(backend.move(array.copy(), device), requires_grad=True) for array in arrays]
    with enable_grad():
        output = function(*tensors)
    if not isinstance(output, Tensor):
        got = f"a {type(output).__name__}"
        raise GradcheckError("gradcheck", "what the function returned", "a Tensor", got)
    weights = rng.standard_normal(output.shape)
    output.backward(backend.move(weights, device))

    def value():
        output = function(*(Tensor(backend.move(array, device)) for array in arrays))
        return float((backend.move(output.data, "cpu") * weights).sum())

    checked, kinks, worst, failures, here = 0, 0, 0.0, [], value()
    for position, (array, tensor) in enumerate(zip(arrays, tensors)):
        gradient = np.zeros_like(array) if tensor.grad is None else backend.move(tensor.grad, "cpu")
        for place, direction in _directions(array.shape, projections, rng):
            original = array.copy()
            array += step * direction
            ahead = value()
            array[...] = original - step * direction
            behind = value()
            array[...] = original

            analytic = float((gradient * direction).sum())
            numeric = (ahead - behind) / (2 * step)
            checked += 1
            error = abs(analytic - numeric)
            if error <= atol + rtol * abs(numeric):
                worst = max(worst, error)
            elif _is_kink(
                analytic, (here - behind) / step, (ahead - here) / step, atol + rtol * abs(numeric)
            ):
                kinks += 1
            else:  # nan ends up here too: it passes no comparison
                failures.append((error, position, place, analytic, numeric))

    if failures:
        largest = max(failures, key=lambda failure: (failure[0] != failure[0], failure[0]))
        error, position, place, analytic, numeric = largest
        raise GradcheckError(
            "gradcheck",
            f"wrong gradient of input {position} at {place}",
            f"{numeric:.6g} (finite differences)",
            f"{analytic:.6g} (backward)",
            f"off by {error:.2g}; {len(failures)} of {checked} checks fail, this one most",
        )
    if not checked:
        raise GradcheckError(
            "gradcheck", "nothing to check", "at least one element or direction", "none"
        )
    if kinks == checked:
        raise GradcheckError(
            "gradcheck",
            "every place is a corner of the function, nothing could be checked",
            "a smooth place",
            f"{kinks} corners",
            "try other inputs, away from where max or ReLU switch",
        )
    return Report(checked, kinks, worst)


def _directions(shape, projections, rng):
    """(name, direction to move in): every element in turn, or random directions of length 1."""
    if projections is None:
        for index in np.ndindex(shape):
            direction = np.zeros(shape)
            direction[index] = 1
            yield f"element {index}", direction
    else:
        for k in range(projections):
            direction = rng.standard_normal(shape)
            yield f"random direction {k}", direction / np.linalg.norm(direction)


def _is_kink(analytic, left, right, tolerance):
    """The one-sided slopes differ more than by curvature, and the gradient is between them."""
    low, high = min(left, right), max(left, right)
    return high - low > 10 * tolerance and low - tolerance <= analytic <= high + tolerance
