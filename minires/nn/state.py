"""Leave a net as it was found, whatever was done with it, and even if that failed."""

from contextlib import contextmanager

from .. import backend
from ..errors import unknown_name

MODES = ("train", "eval")


@contextmanager
def preserve_state(model, mode=None):
    """Within: `model` is in `mode` and has no gradients. Afterwards all is as before.

    Put back are parameters, buffers (batch norm's running statistics), gradients, random streams and the training mode of
    every module; arrays in place, so that an optimiser which holds on to them keeps them. Hooks are not touched here.

    Parameters
    ----------
    model : nn.Module
    mode : {"train", "eval"}, optional
        As ``model.train()`` and ``model.eval()`` set it. Left out, each module stays in its own mode.

    Yields
    ------
    dict
        Name -> a copy of each parameter and buffer, as they were.

    Raises
    ------
    ConfigError
        For another mode.
    """
    if mode is not None and mode not in MODES:
        raise unknown_name("net", "mode", mode, MODES)
    state = {name: backend.copy(array) for name, array in model.state_dict().items()}
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    training = [(module, module.training) for module in model.modules()]
    streams = [(generator, generator.bit_generator.state) for _, generator in model.named_generators()]
    try:
        model.zero_grad()                         # forgets them; the arrays themselves are kept in `gradients`
        if mode is not None:
            model.train(mode == "train")
        yield state
    finally:
        for name, array in model.state_dict().items():
            backend.assign(array, state[name])
        for parameter, gradient in gradients:
            parameter.grad = gradient
        for module, mode_before in training:
            module.training = mode_before
        for generator, stream in streams:
            generator.bit_generator.state = stream


@contextmanager
def overridden(forwards):
    """Within: each module of the dict `forwards` computes by the function given for it. Can be nested.

    An attribute ``forward`` of the module itself hides that of its class, which is how one module of many is changed.
    """
    before = {module: vars(module).get("forward") for module in forwards}
    try:
        for module, forward in forwards.items():
            module.forward = forward
        yield
    finally:
        for module, forward in before.items():
            vars(module).pop("forward", None)
            if forward is not None:
                module.forward = forward
