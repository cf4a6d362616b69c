"""What belongs to a net although its weights do not show it: set in its layers, and kept with it.

Of the layers: where shortcut A puts its zeros, which convolution of a bottleneck has the stride,
eps and momentum of batch norm. Of the net as a whole: what its classes are called, how images
become its inputs, and from which family it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .heads import num_classes

if TYPE_CHECKING:
    from ..nn import Module

USUAL = {"zeros": "after", "stride_on": "3x3", "eps": 1e-5, "momentum": 0.1}
IN_WORDS = {
    "zeros": "the net's shortcuts were",
    "stride_on": "the net's bottlenecks were",
    "eps": "the net's batch norm was",
    "momentum": "the net's batch norm was",
}


@dataclass(frozen=True)
class Conventions:
    """What the file of its weights said about a net: `load` keeps it as ``net.conventions``.

    `minires.save` writes it to the next file, unless it is given something else.

    Attributes
    ----------
    classes : list of str or None
        A name for each output.
    transform : dict
        How images become inputs; empty if nobody knows.
    built : dict
        The net: "model" and "net", as in `serialization.weights.WeightsFile`.
    names : frozenset of str
        Of the net's arrays then: a net that was fused since is another one.
    """

    classes: list[str] | None
    transform: dict[str, Any]
    built: dict[str, Any]
    names: frozenset[str] = field(repr=False)


def kept_with(model: Module) -> Conventions:
    """The `Conventions` of a net; empty if nothing is known.

    What does not fit the net any more, since it got another head or was fused, is left out.
    """
    known, arrays = model.conventions, model.state_dict()
    if known is None:
        return Conventions(None, {}, {}, frozenset(arrays))
    classes = known.classes
    if classes is not None and num_classes(arrays) != len(classes):
        classes = None
    built = known.built if known.names == frozenset(arrays) else {}
    return Conventions(classes, known.transform, built, known.names)


def set_in(model: Module, wanted: Mapping[str, Any]) -> list[str]:
    """Set the layers of a net as its weights need them, and return a line on each change.

    Parameters
    ----------
    model : Module
    wanted : dict
        Some of ``zeros``, ``stride_on``, ``eps`` and ``momentum``.
    """
    lines = []
    for name, value in wanted.items():
        changed = [module for module in model.modules() if _set(module, name, value)]
        if changed:
            lines.append(f"{IN_WORDS[name]} set to {name}={value!r}, as the weights need")
    return lines


def set_otherwise(model: Module) -> dict[str, Any]:
    """What is set differently from the usual in the layers of a net: name -> value."""
    found = {}
    for module in model.modules():
        for name, usual in USUAL.items():
            value = _get(module, name)
            if value is not None and value != usual:
                found[name] = value
    return found


def _get(module, name):
    """The value in one module, or None if it has no such thing."""
    if name != "stride_on":
        is_norm = hasattr(module, "running_mean")
        return getattr(module, name, None) if is_norm or name == "zeros" else None
    first, second = _convolutions(module)
    strides = [getattr(one, "stride", None) for one in (first, second)]
    if None in strides or strides[0] == strides[1]:  # no bottleneck, or none with a stride
        return None
    return "3x3" if strides[0] in (1, (1, 1)) else "1x1"


def _set(module, name, value):
    """Whether the value in one module was another one. Then it is changed."""
    if _get(module, name) in (None, value):
        return False
    if name == "stride_on":
        first, second = _convolutions(module)
        first.stride, second.stride = second.stride, first.stride
    else:
        setattr(module, name, value)
    return True


def _convolutions(module):
    """The first two convolutions of a bottleneck; None and None for another module."""
    if not hasattr(module, "conv3"):
        return None, None
    return getattr(module, "conv1", None), getattr(module, "conv2", None)
