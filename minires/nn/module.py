"""Module: something with parameters that can be called."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import backend, checks
from ..autograd.hooks import RemovableHandle
from ..autograd.tensor import Tensor, apply
from ..drawing.svg import Picture
from ..errors import DtypeError
from ..serialization.mismatch import explain_mismatch
from ..types import Array, ArrayLike, Device, Shape
from .graph import graph
from .overriding import changes_of, computation_of, is_overridden
from .summary import Summary, summarize

if TYPE_CHECKING:
    from ..serialization.conventions import Conventions


class Parameter(Tensor):
    """A Tensor that training changes."""

    def __init__(self, data: ArrayLike) -> None:
        super().__init__(data, requires_grad=True)


class Buffer(Tensor):
    """A Tensor that belongs to the state of a module but is not trained, such as a running mean."""


class Module:
    """The base of all layers and nets.

    Parameters, buffers and other modules that are attributes of a module belong to it, in the order
    in which they were first assigned; their names are the paths to them: ``layer1.0.conv1.weight``.
    A subclass assigns them in ``__init__`` and computes in ``forward``. Modules in a plain list are
    not found: put them into a `Sequential` or, to call them yourself, a `ModuleList`.
    """

    training = True
    frozen = False
    #: What the file of its weights said of the net, beside them: see `serialization.weights.load`.
    conventions: Conventions | None = None

    def __call__(self, *inputs: Any) -> Any:
        return self._call(computation_of(self), inputs)

    def _compute(self, *inputs):
        """The step of a call between the hooks. A subclass may do something around `forward`."""
        return self.forward(*inputs)

    def _call(self, compute, inputs):
        """The output of `compute` for the inputs, after this module's hooks have seen it."""
        backward_hooks = vars(self).get("_backward_hooks")
        if backward_hooks:
            inputs = tuple(_watch(x) for x in inputs)
        output = compute(*inputs)
        for hook in list(vars(self).get("_forward_hooks", {}).values()):
            replaced = hook(self, inputs, output)
            if not (replaced is None or isinstance(replaced, Tensor)):
                raise DtypeError(
                    f"forward hook on {type(self).__name__}",
                    "what it returned",
                    "a Tensor instead of the output, or None",
                    type(replaced).__name__,
                    "in a lambda, the value of the expression is returned",
                )
            output = output if replaced is None else replaced
        for change in changes_of(self):
            output = change(output)
        if backward_hooks and output.requires_grad:
            _call_when_both_known(self, inputs, output)
        return output

    if TYPE_CHECKING:
        forward: Callable[..., Any]  # what it takes, each subclass says
    else:

        def forward(self, *inputs):
            raise TypeError(
                f"{type(self).__name__} has no forward: "
                "a Module computes in a method forward(self, x)"
            )

    def named_modules(self, *, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(name, module) for this module, named `prefix`, and all in it, in order."""
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value.named_modules(prefix=_join(prefix, name))

    def modules(self) -> Iterator[Module]:
        """This module and all in it, in order."""
        return (module for _, module in self.named_modules())

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one, in order."""
        return (value for value in vars(self).values() if isinstance(value, Module))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) for all parameters in here, in order."""
        return self._named(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters in here, in order."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """(name, buffer) for all buffers in here, in order."""
        return self._named(Buffer)

    def named_generators(self) -> Iterator[tuple[str, np.random.Generator]]:
        """(name, generator) for all random number generators in here that are used in computing,
        such as that of stochastic depth.

        They are part of what a run needs to go on to the same bits, but not of `state_dict`:
        weights alone are a whole net.
        """
        return self._named(np.random.Generator)

    def _named(self, kind):
        """(name, value) for each parameter, buffer or generator: once, under its first name, if it
        is in several places.
        """
        seen = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, kind) and value not in seen:
                    seen.add(value)
                    yield _join(prefix, name), value

    def num_parameters(self) -> int:
        """How many numbers all parameters hold together, frozen ones too."""
        return sum(parameter.size for parameter in self.parameters())

    def train(self, mode: bool = True) -> Self:
        """Switch to training mode: batch norm uses each batch's own statistics. Frozen modules stay
        in evaluation mode. Returns this module.
        """
        mode = checks.boolean("train", "mode", mode, "for evaluation, call eval()")
        for module in self.modules():
            module.training = mode and not module.frozen
        return self

    def eval(self) -> Self:
        """Switch to evaluation mode: batch norm uses its running statistics. Returns the module."""
        return self.train(False)

    def freeze(self, frozen: bool = True) -> Self:
        """Freeze: parameters get no gradient, and batch norm uses its running statistics.

        If batch norm stayed in training mode, its statistics would drift towards the new images,
        and the features would change with the batch. Freeze before you make an optimiser.
        ``freeze(False)`` undoes it; batch norm follows at the next ``train()``. Returns the module.
        """
        frozen = checks.boolean("freeze", "frozen", frozen)
        for module in self.modules():
            module.frozen = frozen
        self.train(self.training)
        for parameter in self.parameters():
            parameter.requires_grad = not frozen
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, device: Device) -> Self:
        """Move all parameters, their gradients, and all buffers to `device`, ``"cpu"`` or
        ``"gpu"``. Returns this module.

        Do so before an optimiser is made for them.

        Raises
        ------
        DeviceError
            If the GPU cannot be used.
        """
        backend.check_device(device, f"{type(self).__name__}.to")
        for _, tensor in self._named((Parameter, Buffer)):
            tensor.move_(device)
        return self

    def state_dict(self) -> OrderedDict[str, Array]:
        """Name -> array, for all parameters and buffers, in order. The arrays are the module's own,
        not copies.
        """
        return OrderedDict((name, value.data) for name, value in self._named((Parameter, Buffer)))

    def load_state_dict(self, state_dict: Mapping[str, Array]) -> None:
        """Copy the arrays of a `state_dict` into this module's, whichever devices they are on.

        Raises
        ------
        CheckpointError
            If names are missing or unexpected: lists them, and with them the arrays that do not
            fit.
        ShapeError, DtypeError
            If only arrays do not fit. In every case nothing has been changed.
        """
        own, where = self.state_dict(), f"{type(self).__name__}.load_state_dict"
        error = explain_mismatch(own, state_dict, where)
        if error:
            raise error
        for name, array in own.items():
            if state_dict[name].dtype != array.dtype:
                raise DtypeError(where, name, str(array.dtype), str(state_dict[name].dtype))
        for name, array in own.items():
            backend.assign(array, state_dict[name])

    def graph(
        self, *inputs: Tensor | ArrayLike, depth: int | None = 1, parameters: bool = False
    ) -> Picture:
        """A picture of what this module computes from `inputs`, with the modules in it as boxes;
        see `nn.graph`.
        """
        return graph(self, inputs, depth, parameters)

    def summary(self, input_shape: Shape) -> Summary:
        """The output and the cost of each layer for an input of this shape; see `nn.summary`."""
        return summarize(self, input_shape)

    def register_forward_hook(self, hook: Callable[..., Tensor | None]) -> RemovableHandle:
        """Have ``hook(module, inputs, output)`` called after each forward.

        If it returns a Tensor, that Tensor replaces the output. `handle.remove()` takes the hook
        off.
        """
        return self._register("_forward_hooks", hook)

    def register_full_backward_hook(self, hook: Callable[..., object]) -> RemovableHandle:
        """Have ``hook(module, grad_inputs, grad_output)`` called in each backward.

        `grad_output` is dL/d(output), and `grad_inputs` what this module passes back to each of its
        inputs (None for an input that requires no gradient). The module must return a single
        Tensor, to which every input that requires a gradient contributes: the hook is called when
        all their gradients are there. `handle.remove()` takes the hook off.
        """
        return self._register("_backward_hooks", hook)

    def has_hooks(self) -> bool:
        """Whether a call of this module calls a hook."""
        return bool(vars(self).get("_forward_hooks") or vars(self).get("_backward_hooks"))

    def is_unmodified(self) -> bool:
        """Whether a call does what this module's class says, and nothing else.

        That is: it has no hooks, no forward of its own, and is not `overridden`. Only then may
        another function do its work unseen, such as a kernel that computes several layers at once.
        """
        return not self.has_hooks() and "forward" not in vars(self) and not is_overridden(self)

    def _register(self, kind, hook):
        return RemovableHandle(vars(self).setdefault(kind, {}), hook)

    def __repr__(self) -> str:
        children = [
            (name, child) for name, child in vars(self).items() if isinstance(child, Module)
        ]
        settings = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({settings})"
        lines = settings.splitlines()
        lines += [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in children]
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"

    def extra_repr(self) -> str:
        """The settings of a layer, for its repr: override it in a module of your own."""
        return ""


def _watch(x):
    """The same values under a node of their own, so that a hook there sees one module's share of
    the gradient only.
    """
    return apply("reshape", x, shape=x.shape) if isinstance(x, Tensor) and x.requires_grad else x


def _call_when_both_known(module, inputs, output):
    """Call the backward hooks once dL/d(output) and the gradient of every input that gets one have
    arrived.
    """
    watched = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    grad_inputs, grad_output, waiting = [None] * len(inputs), [None], set(watched)

    def call_if_complete():
        if not waiting:
            for hook in list(vars(module)["_backward_hooks"].values()):
                hook(module, tuple(grad_inputs), grad_output[0])

    def output_arrived(gradient):
        grad_output[0] = gradient
        call_if_complete()

    def input_arrived(i, gradient):
        grad_inputs[i] = gradient
        waiting.discard(i)
        call_if_complete()

    output.register_hook(output_arrived)
    for i in watched:
        inputs[i].register_hook(lambda gradient, i=i: input_arrived(i, gradient))


def _join(prefix, name):
    return f"{prefix}.{name}" if prefix else name
