"""What a kernel is: a pair of functions on arrays."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import ConfigError
from ..types import Array


class Kernel:
    """A differentiable function, written as two plain functions on arrays.

    ::

        class relu(Kernel):
            def forward(x):
                y = np.maximum(x, 0)
                return y, y                # the result, and what backward needs of it: the cache

            def backward(dy, y):
                return dy * (y > 0)        # one gradient for each positional array of forward

    ``forward(*arrays, **settings)`` returns ``(y, cache)``. ``backward(dy, cache)`` takes dL/dy and
    returns dL/dx for every positional array of forward, as one array or as a tuple. Both work on
    plain arrays, which they do not change, and need neither Tensors nor the tape: call and test
    them on their own.

    A backward that can save work may take a third argument, ``needs``: a tuple of booleans, one for
    each array. Where it is False that gradient is not needed, and None may be returned instead.
    """

    forward: ClassVar[Callable[..., tuple[Array, Any]]]
    backward: ClassVar[Callable[..., Any]]
    takes_needs: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        for name in ("forward", "backward"):
            if name in vars(cls) and not isinstance(vars(cls)[name], staticmethod):
                setattr(cls, name, staticmethod(vars(cls)[name]))  # plain functions, no `self`
        if hasattr(cls, "backward"):
            cls.takes_needs = "needs" in inspect.signature(cls.backward).parameters


def as_kernel(name: str, pair: Any, like: type[Kernel], where: str = "kernels.use") -> type[Kernel]:
    """Make a Kernel of a learner's pair: a Kernel, anything with forward and backward, or a tuple.

    Raises
    ------
    ConfigError
        If `pair` is none of these, or its forward does not take the settings that the net will pass
        it: those of `like`, the kernel it stands in for. `where` is the function to name.
    """
    where = f"{where}({name}=...)"
    if isinstance(pair, (tuple, list)) and len(pair) == 2:
        forward, backward = pair
    else:
        forward, backward = getattr(pair, "forward", None), getattr(pair, "backward", None)
    if not callable(forward) or not callable(backward):
        raise ConfigError(
            where,
            "not a kernel",
            "a Kernel, an object with forward and backward, or a tuple (forward, backward)",
            repr(pair),
        )
    _check_settings(where, name, forward, like)
    if isinstance(pair, type) and issubclass(pair, Kernel):
        return pair
    functions = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(name, (Kernel,), functions)


def _check_settings(where, name, forward, like):
    """`forward` must take by keyword what has a default in the library's kernel."""
    try:
        taken = inspect.signature(forward).parameters
    except (TypeError, ValueError):  # a function written in C may have no signature
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
        return
    settings = [
        key
        for key, parameter in inspect.signature(like.forward).parameters.items()
        if parameter.default is not parameter.empty
    ]
    missing = [key for key in settings if key not in taken]
    if missing or "self" in taken:
        raise ConfigError(
            where,
            "forward does not fit",
            f"forward{_without_hints(like.forward)}",
            f"forward{_without_hints(forward)}",
            f"see {name} in minires/kernels/naive",
        )


def _without_hints(function: Callable[..., Any]) -> inspect.Signature:
    """The signature, short enough for an error."""
    signature, empty = inspect.signature(function), inspect.Parameter.empty
    parameters = [p.replace(annotation=empty) for p in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=empty)
