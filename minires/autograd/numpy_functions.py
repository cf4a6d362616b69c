"""What NumPy's functions do with a Tensor: ``np.exp(x)``, ``np.sum(x)``, ``array * x``.

NumPy hands every call with a Tensor among its arguments to one of the two methods below, one for
its ufuncs (NEP 13) and one for its other functions (NEP 18). Then there are three cases:

- the Tensor has the same operation: it is taken, so the gradient survives and the result is a
  Tensor;
- no gradient can get lost, because the Tensor requires none or the result has no derivative, as
  of ``np.argmax``: NumPy computes with the arrays;
- else a GraphError says what to write instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigError, GraphError

if TYPE_CHECKING:
    from .tensor import Tensor


class _InTheClass:
    """A method that is found in the class, where NumPy looks for it. In an object it is None: CuPy
    looks there, and takes None for "leave ``array @ tensor`` to the Tensor" (NEP 13).
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __get__(self, instance: object, owner: type) -> Callable[..., Any] | None:
        return self.method if instance is None else None


class AnswersNumPy:
    """The two methods of a Tensor that NumPy calls."""

    __slots__ = ()

    @_InTheClass
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        operators = OPERATORS.get(ufunc)
        if operators is not None and method == "__call__" and not settings:  # `array * x`, fast
            return _by_operator(ufunc, operators, *inputs)
        name = f"np.{ufunc.__name__}"
        if method != "__call__":
            return _on_arrays(f"{name}.{method}", getattr(ufunc, method), inputs, settings)
        if "out" in settings and not any(map(is_tensor, settings["out"])):  # `array += x` too
            return _on_arrays(f"{name}{INTO}", ufunc, inputs, settings)
        operation = _operation(ufunc, inputs)
        if operation is None:
            return _on_arrays(name, ufunc, inputs, settings)
        if settings:
            raise _not_taken(name, settings)
        return operation()

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict
    ) -> Any:
        name = f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"
        same = FUNCTIONS.get(name)
        if same is not None:
            try:
                given = inspect.signature(same).bind(*args, **kwargs)
            except TypeError:
                if is_tensor(args[0] if args else None):
                    raise _not_taken(name, kwargs) from None
            else:
                result = same(*given.args, **given.kwargs)
                if result is not NO_SUCH_OPERATION:
                    return result
        return _on_arrays(name, function, args, kwargs)


def is_tensor(value: object) -> bool:
    return isinstance(value, AnswersNumPy)


NO_SUCH_OPERATION: Any = object()

# The operator of a ufunc with two arguments: the Tensor on the left, and on the right.
OPERATORS: dict[np.ufunc, tuple[str, str]] = {
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__", "__rtruediv__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
    np.less: ("__lt__", "__gt__"),
    np.less_equal: ("__le__", "__ge__"),
    np.greater: ("__gt__", "__lt__"),
    np.greater_equal: ("__ge__", "__le__"),
    np.equal: ("__eq__", "__eq__"),
    np.not_equal: ("__ne__", "__ne__"),
}

# The methods of ufuncs with one argument.
METHODS: dict[np.ufunc, Callable[[Any], Any]] = {
    np.negative: lambda x: -x,
    np.absolute: lambda x: x.abs(),
    np.exp: lambda x: x.exp(),
    np.log: lambda x: x.log(),
    np.sqrt: lambda x: x.sqrt(),
    np.square: lambda x: x * x,
    np.tanh: lambda x: x._apply("tanh"),
}


def _by_operator(ufunc: np.ufunc, operators: tuple[str, str], a: Any, b: Any) -> Any:
    """Not ``a + b``: with an array on the left NumPy would call us again."""
    left, right = operators
    result = getattr(a, left)(b) if is_tensor(a) else getattr(b, right)(a)
    if result is NotImplemented and ufunc in (np.equal, np.not_equal):
        return ufunc is np.not_equal  # words and numbers differ, as everywhere in Python
    return result


def _operation(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> Callable[[], Any] | None:
    """A function that computes the same by a Tensor's own operation; None if there is none."""
    if ufunc in METHODS:
        return lambda: METHODS[ufunc](inputs[0])
    if ufunc in OPERATORS:
        return lambda: _by_operator(ufunc, OPERATORS[ufunc], *inputs)
    if ufunc is np.power and is_tensor(inputs[0]):
        return lambda: inputs[0] ** inputs[1]
    if ufunc is np.maximum:  # the ReLU as one writes it in NumPy
        x, other = inputs if is_tensor(inputs[0]) else reversed(inputs)
        if not is_tensor(other) and np.ndim(other) == 0 and other == 0:
            return lambda: x.relu()
    return None


# The functions below have NumPy's arguments, without the ones that a Tensor's operation lacks.


def _sum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return a.sum(axis, keepdims) if is_tensor(a) else NO_SUCH_OPERATION


def _mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return a.mean(axis, keepdims) if is_tensor(a) else NO_SUCH_OPERATION


def _max(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return a.max(axis, keepdims) if is_tensor(a) else NO_SUCH_OPERATION


def _min(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return a.min(axis, keepdims) if is_tensor(a) else NO_SUCH_OPERATION


def _reshape(a: Any, shape: Any) -> Any:
    return a.reshape(shape) if is_tensor(a) else NO_SUCH_OPERATION


def _ravel(a: Any) -> Any:
    return a.flatten()


def _transpose(a: Any, axes: Any = None) -> Any:
    return a.T if axes is None else a.transpose(axes)


def _dot(a: Any, b: Any) -> Any:
    if {np.ndim(a), np.ndim(b)} <= {1, 2}:  # with more axes, dot is not the matrix product
        return a @ b
    return NO_SUCH_OPERATION


def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    arrays = list(arrays)
    one = next((x for x in arrays if is_tensor(x)), None)
    if one is None or axis is None:
        return NO_SUCH_OPERATION
    first, *others = map(one._operand, arrays)
    return first._apply("concatenate", *others, axis=axis)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "np.sum": _sum,
    "np.mean": _mean,
    "np.max": _max,
    "np.amax": _max,
    "np.min": _min,
    "np.amin": _min,
    "np.reshape": _reshape,
    "np.ravel": _ravel,
    "np.transpose": _transpose,
    "np.dot": _dot,
    "np.concatenate": _concatenate,
}

# Functions whose result has no derivative, or one of zero wherever it has one.
WITHOUT_DERIVATIVE = frozenset(
    """
    all allclose any argmax argmin argsort argwhere array_equal array_equiv array_repr array_str
    array2string bincount ceil count_nonzero digitize empty_like flatnonzero floor full_like
    histogram isclose isfinite isinf isnan logical_and logical_not logical_or logical_xor
    may_share_memory ndim nonzero ones_like result_type rint round save savetxt savez
    savez_compressed searchsorted shape shares_memory sign signbit size trunc zeros_like
    """.split()
)

INTO = " into an array"  # names a call with `out=`

# What beginners reach for, and how to write it so that the gradient survives.
INSTEAD = {
    "np.add into an array": "array = array + x",
    "np.average": "x.mean()",
    "np.clip": "lowest + (x - lowest).relu() for a lower bound",
    "np.copy": "x.clone()",
    "np.copyto": "array = x.clone()",
    "np.divide into an array": "array = array / x",
    "np.einsum": "x @ y, with reshape and transpose",
    "np.expand_dims": "x.reshape(...)",
    "np.expm1": "x.exp() - 1",
    "np.hstack": "functional.concatenate([x, y], axis=1)",
    "np.inner": "x @ y.T",
    "np.linalg.norm": "(x * x).sum().sqrt()",
    "np.log10": "x.log() / math.log(10)",
    "np.log1p": "(1 + x).log()",
    "np.log2": "x.log() / math.log(2)",
    "np.matmul into an array": "array = array @ x",
    "np.maximum": "y + (x - y).relu()",
    "np.minimum": "y - (y - x).relu()",
    "np.multiply into an array": "array = array * x",
    "np.pad": "functional.pad(x, widths)",
    "np.power": "(x * np.log(base)).exp()",
    "np.prod": "x.log().sum().exp() for numbers above 0",
    "np.ptp": "x.max() - x.min()",
    "np.reciprocal": "1 / x",
    "np.squeeze": "x.reshape(...)",
    "np.stack": "functional.concatenate of x.reshape(1, *x.shape)",
    "np.std": "((x - x.mean()) ** 2).mean().sqrt()",
    "np.subtract into an array": "array = array - x",
    "np.swapaxes": "x.transpose(...)",
    "np.take": "x[indices]",
    "np.var": "((x - x.mean()) ** 2).mean()",
    "np.vstack": "functional.concatenate([x, y])",
    "np.where": "mask * x + (1 - mask) * y with mask 0 or 1",
}


def _on_arrays(name: str, function: Callable[..., Any], args: Any, kwargs: dict) -> Any:
    """What `function` returns for the arrays; a GraphError if a gradient would get lost."""
    if name.rpartition(".")[2] not in WITHOUT_DERIVATIVE:
        if any(x.requires_grad for x in _tensors((args, kwargs))):
            instead = INSTEAD.get(name, "it with a Tensor's methods or minires.functional")
            if name.endswith(INTO) and name not in INSTEAD:
                instead = "it without out="
            raise GraphError(
                name,
                "NumPy would lose this Tensor's gradient",
                "a Tensor off the tape",
                "requires_grad=True",
                f"write {instead}; or pass x.data, if you need no gradient",
            )
    return function(*_arrays(args), **_arrays(kwargs))


def _tensors(value: Any) -> Iterator[Tensor]:
    """The Tensors in nested lists, tuples and dicts."""
    if is_tensor(value):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)


def _arrays(value: Any) -> Any:
    """The same with the array of each Tensor."""
    if is_tensor(value):
        return value.data
    if type(value) is dict:
        return {key: _arrays(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_arrays, value))
    return value


def _not_taken(name: str, settings: dict) -> ConfigError:
    short = name.rpartition(".")[2]
    return ConfigError(
        name,
        "arguments that a Tensor's own operation lacks",
        f"those of x.{short}" if short in ("sum", "mean", "max", "min", "reshape") else None,
        ", ".join(settings) or "too many",
        "leave them out, or pass x.data, if you need no gradient",
    )
