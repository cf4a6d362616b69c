"""Computing a module twice to keep less: time for memory.

Backward needs the input of each layer, so a forward pass keeps them all, and that is most of the
memory that training takes. Of a block run by `recompute` only the block's own input is kept. When
backward arrives there, the block is run again, and the inputs of its layers live until backward has
passed through this one block. It costs a second forward pass, about a third of the time of a step
(Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174).
"""

from typing import Any

from ..autograd import Tensor, enable_grad, is_recording
from ..autograd.tape import topological_order, walk_back
from ..autograd.tensor import record
from ..errors import DtypeError, GraphError
from ..kernels import Kernel
from ..kernels.registry import as_it_was, in_use
from ..types import Array
from .module import Module
from .overriding import as_overridden, computation_of, overrides
from .state import ModuleState


def recompute(module: Module, *inputs: Tensor) -> Tensor:
    """``module(*inputs)``, run again in backward instead of kept. The numbers are the same.

    The second run finds everything as the first did: buffers (batch norm's running statistics),
    random generators, training or evaluation mode, kernels swapped in, overridden modules. What the
    first run changed, such as running statistics, stays; the second run changes nothing.

    Nothing is run twice within `no_grad`. Nor while a module inside `module` has hooks, a forward
    of its own, or is `overridden`: these see each pass once, and the call takes as much memory as
    one without. Hooks of `module` itself and of parameters are called once.

    Parameters
    ----------
    module : Module
        Its output must depend only on its inputs and on what it holds: parameters, buffers,
        generators, settings that do not change.
    *inputs : Tensor

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        If an input, or what the module returns, is no Tensor.
    GraphError
        In backward, if the second run does not use what the first one used.
    """
    for x in inputs:
        _check(x, "input")
    insides = [inside for inside in module.modules() if inside is not module]
    if not is_recording() or not all(inside.is_unmodified() for inside in insides):
        return module(*inputs)
    return module._call(lambda *inputs: _first_run(module, inputs), inputs)


def _first_run(module, inputs):
    """Run the module for its output, and keep what a second run needs.

    This run is recorded like any other, and its tape is dropped at the end: it tells which
    parameters were used. Those of a block that stochastic depth dropped get no gradient. A gradient
    of zeros would not be the same: weight decay and momentum go with it.
    """
    run = _Run(module)
    starts = [Tensor(x.data, x.requires_grad) for x in inputs]
    output = _check(run.compute(*starts), "what the module returned")
    for x, start in zip(inputs, starts):
        if output is start:
            return x
    if output._node is None:  # nothing to go back through
        return output
    nodes = dict.fromkeys(topological_order(output._node))  # a set that keeps its order
    own = {start._node for start in starts}
    leaves = [node.leaf() for node in nodes if node.kernel is None and node not in own]
    leaves = [leaf for leaf in leaves if leaf is not None]
    reached = [start._node in nodes for start in starts]
    used = [x for x, is_reached in zip(inputs, reached) if is_reached]
    cache = run, [(start.data, start.requires_grad) for start in starts], reached, leaves
    return record("recompute", Recompute, used + leaves, output.data, cache)


class Recompute(Kernel):
    """The second run, and backward through it.

    Returns the gradients of the inputs that were used, then those of the parameters.
    """

    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:  # type: ignore[misc]  # no self
        run, arrays, reached, leaves = cache
        starts = [Tensor(array, requires_grad) for array, requires_grad in arrays]
        output = run.again(*starts)
        ends: list[Any] = [start._node for start, is_reached in zip(starts, reached) if is_reached]
        ends += [leaf._node for leaf in leaves]
        # Not on to the parameters: their hooks are called, and their gradients added up, by the
        # walk that called this.
        found = walk_back(output._node, dy, until=set(ends))
        if not found.keys() >= set(ends):
            name = type(run.module).__name__
            raise GraphError(
                "recompute",
                f"the second run of {name} used other parameters or inputs",
                "the computation of the first run",
                "another one",
                "take random numbers from a generator that is an attribute of the module",
            )
        return tuple(found[node] for node in ends)


class _Run:
    """What a module is about to compute, and all that this depends on but inputs and parameters."""

    def __init__(self, module):
        self.module, self.compute = module, computation_of(module)
        self.state, self.kernels, self.overrides = ModuleState(module), in_use(), overrides()

    def again(self, *inputs):
        """Compute it as at first. Afterwards the module's state is what it is now."""
        now = ModuleState(self.module)
        try:
            self.state.restore()
            with as_it_was(self.kernels), as_overridden(self.overrides), enable_grad():
                return self.compute(*inputs)
        finally:
            now.restore()


def _check(value, what):
    if not isinstance(value, Tensor):
        raise DtypeError("recompute", what, "a Tensor", type(value).__name__)
    return value
