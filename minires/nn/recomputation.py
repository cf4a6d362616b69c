"""Computing a module twice to keep less: time for memory (Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174).

Backward needs what each layer was given, so a forward pass keeps all of it, and that is most of the memory that training takes. Of a
block run by `recompute` only its input is kept. When backward arrives there the block is run again, and what its layers keep lives
until backward has passed through this one block. It costs a second forward pass, about a third of the time of a step.
"""

from contextlib import contextmanager

from .. import backend
from ..errors import DtypeError, GraphError
from ..kernels import Kernel
from ..kernels.registry import as_it_was, in_use
from ..autograd.tape import topological_order, walk_back
from ..autograd import Tensor, enable_grad, is_recording
from ..autograd.tensor import record


def recompute(module, *inputs):
    """``module(*inputs)``, but run again in backward instead of kept; the same results and the same gradients, to the bit.

    The second run finds everything as the first did: buffers (batch norm's running statistics), random generators, training or
    evaluation mode, kernels swapped in. What the first run moved on stays where it is; the second moves nothing.

    Nothing is run twice within `no_grad`. Nor while a module inside `module` has hooks, or a forward of its own: they shall see each
    pass once, and memory is then what it is without. Hooks of `module` itself and of parameters are called once in any case.

    Parameters
    ----------
    module : Module
        One that computes by nothing but its inputs and what is in it: parameters, buffers, generators, settings that stay.
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
    if not is_recording() or any(inside.has_hooks() or "forward" in vars(inside) for inside in module.modules() if inside is not module):
        return module(*inputs)
    return module._call(lambda *inputs: _first_run(module, inputs), inputs)


def _first_run(module, inputs):
    """Run the module for its output, and keep what a second run needs.

    This run is recorded like any other, and its tape let go of at the end: it tells which parameters were used. Those of a block that
    stochastic depth left out get no gradient, and a gradient of zeros would not be the same, for weight decay and momentum go with it.
    """
    surroundings, forward = Surroundings(module), module.forward
    starts = [Tensor(x.data, x.requires_grad) for x in inputs]
    output = _check(forward(*starts), "what the module returned")
    for x, start in zip(inputs, starts):
        if output is start:
            return x
    if output._node is None:                                        # nothing to go back through
        return output
    nodes = dict.fromkeys(topological_order(output._node))          # a set that keeps its order
    leaves = [node.leaf() for node in nodes if node.kernel is None]
    leaves = [leaf for leaf in leaves if leaf is not None and not any(leaf is start for start in starts)]
    reached = [start._node in nodes for start in starts]
    cache = module, forward, surroundings, [(start.data, start.requires_grad) for start in starts], reached, leaves
    return record("recompute", Recompute, [x for x, is_reached in zip(inputs, reached) if is_reached] + leaves, output.data, cache)


class Recompute(Kernel):
    """The second run, and backward through it: the gradients of the inputs that were used, then of the parameters."""

    def backward(dy, cache):
        module, forward, surroundings, arrays, reached, leaves = cache
        starts = [Tensor(array, requires_grad) for array, requires_grad in arrays]
        with surroundings.restored(module), enable_grad():
            output = forward(*starts)
        ends = [start._node for start, is_reached in zip(starts, reached) if is_reached] + [leaf._node for leaf in leaves]
        # Not on to the parameters: their hooks are called, and their gradients added up, by the walk that called this.
        found = walk_back(output._node, dy, until=set(ends))
        if not found.keys() >= set(ends):
            raise GraphError("recompute", f"the second run of {type(module).__name__} used other parameters or inputs", "the computation of the first run",
                             "another one", "what a module decides at random must come from a generator that is an attribute of it")
        return tuple(found[node] for node in ends)


class Surroundings:
    """What a module computes by, but for inputs and parameters, as it is when this is made."""

    def __init__(self, module):
        self.kernels = in_use()
        self.modes = [(inside, inside.training) for inside in module.modules()]
        self.buffers = [(buffer, backend.copy(buffer.data)) for _, buffer in module.named_buffers()]
        self.streams = [(generator, generator.bit_generator.state) for _, generator in module.named_generators()]

    @contextmanager
    def restored(self, module):
        """Within: they are back. Afterwards they are what they were before."""
        now = Surroundings(module)
        try:
            self._put_back()
            with as_it_was(self.kernels):
                yield
        finally:
            now._put_back()

    def _put_back(self):
        for inside, mode in self.modes:
            inside.training = mode
        for buffer, array in self.buffers:
            backend.assign(buffer.data, array)
        for generator, state in self.streams:
            generator.bit_generator.state = state


def _check(value, what):
    if not isinstance(value, Tensor):
        raise DtypeError("recompute", what, "a Tensor", type(value).__name__)
    return value
