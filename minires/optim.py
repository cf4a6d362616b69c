"""Stochastic gradient descent, schedules of the learning rate, gradient clipping, weights kept at their length."""

import math

import numpy as np

from . import backend
from .errors import ConfigError, DeviceError, DtypeError, ShapeError, unknown_name
from .kernels import routine
from .nn.layers import before_batch_norm


GROUP_SETTINGS = ("params", "weight_decay", "lr_scale")


class SGD:
    """Stochastic gradient descent with momentum and weight decay, as in the paper and in PyTorch.

    For each parameter w with gradient g:    g <- g + weight_decay w
                                             v <- momentum v + g
                                             w <- w - lr v        (Nesterov: w <- w - lr (g + momentum v))

    Parameters
    ----------
    params : iterable of Parameter, or of dicts
        Dicts ``{"params": ..., "weight_decay": ..., "lr_scale": ...}`` give some parameters a weight decay of their own, and
        a learning rate of ``lr_scale * lr`` (1 if left out); see `parameter_groups`.
    lr : float
        Learning rate; may be changed between steps (``optimizer.lr = ...``), as the schedules do.
    momentum, weight_decay : float
    nesterov : bool
        Nesterov's variant (Sutskever et al. 2013).

    Attributes
    ----------
    velocities : list of arrays
        v, for each parameter.

    Raises
    ------
    ConfigError
        For a negative setting, Nesterov without momentum, or no parameters.
    DeviceError
        If the parameters are on two devices.

    Notes
    -----
    On the GPU all parameters are moved into one array, where one launch of a kernel does the step for all of them; their
    ``.data`` become views of it.
    """

    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise ConfigError("SGD", name, "a number of at least 0", repr(value))
        if nesterov and not momentum:
            raise ConfigError("SGD", "nesterov", "a momentum above 0", repr(momentum))
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.params, self.decays, self.lr_scales = [], [], []
        for group in params:
            group = group if isinstance(group, dict) else {"params": [group]}
            for setting in group:
                if setting not in GROUP_SETTINGS:
                    raise unknown_name("SGD", "group setting", setting, GROUP_SETTINGS)
            if "params" not in group:
                raise ConfigError("SGD", "group of parameters", "a dict with 'params'", f"one with {sorted(group)}")
            decay, scale = group.get("weight_decay", weight_decay), group.get("lr_scale", 1.0)
            for name, value in (("weight_decay", decay), ("lr_scale", scale)):
                if not value >= 0:
                    raise ConfigError("SGD", f"{name} of a group", "a number of at least 0", repr(value))
            for parameter in group["params"]:
                self.params.append(parameter)
                self.decays.append(decay)
                self.lr_scales.append(scale)
        if not self.params:
            raise ConfigError("SGD", "nothing to train", "at least one parameter", "none", "an iterator can be used up only once")
        if len(set(self.params)) < len(self.params):
            raise ConfigError("SGD", "a parameter is named twice", "each parameter in one group", "one in several places")
        self.device = self.params[0].device
        self._check_parameters()
        self._rule = routine("sgd", self.device)([parameter.data for parameter in self.params], self.decays, self.lr_scales)
        self._put_in_place(self._rule.weights)
        self.velocities = self._rule.velocities

    def zero_grad(self):
        """Forget all gradients, so that the next backward starts from none."""
        for parameter in self.params:
            parameter.grad = None

    def step(self):
        """Move every parameter that has a gradient.

        Raises
        ------
        DeviceError, ShapeError, DtypeError
            If a parameter or its gradient is on another device than when the optimiser was made, or a gradient has another shape or
            dtype than its parameter.
        """
        self._check_parameters()
        self._put_in_place(self._rule.step([p.data for p in self.params], [p.grad for p in self.params], self.lr, self.momentum, self.nesterov))

    def _put_in_place(self, weights):
        """Let the parameters hold these arrays, which the rule works on."""
        for parameter, weight in zip(self.params, weights):
            parameter.data = weight

    def _check_parameters(self):
        for i, parameter in enumerate(self.params):
            if parameter.device != self.device:
                raise DeviceError("SGD", "parameters on two devices", f"all on the {self.device}", f"some on the {parameter.device}",
                                  "move the net before you make the optimiser")
            if parameter.grad is not None:
                where = backend.device_of(parameter.grad)
                if where != self.device:
                    raise DeviceError("SGD", f"gradient of parameter {i}", f"on the {self.device}", f"on the {where}")
                if parameter.grad.shape != parameter.shape:
                    raise ShapeError("SGD", f"gradient of parameter {i}", f"shape {parameter.shape}", f"shape {parameter.grad.shape}")
                if parameter.grad.dtype != parameter.dtype:
                    raise DtypeError("SGD", f"gradient of parameter {i}", str(parameter.dtype), str(parameter.grad.dtype))

    def state_dict(self):
        """The velocities, in the order of the parameters, and the learning rate."""
        return {"lr": self.lr, "velocities": self.velocities}

    def load_state_dict(self, state):
        """Continue from a `state_dict`. Raises ConfigError if it is not of these parameters."""
        own, given = [v.shape for v in self.velocities], [v.shape for v in state["velocities"]]
        if own != given:
            raise ConfigError("SGD.load_state_dict", "velocities", f"{len(own)} of the parameters' shapes", f"{len(given)} of others")
        self.lr = state["lr"]
        for velocity, saved in zip(self.velocities, state["velocities"]):
            backend.assign(velocity, saved)


def parameter_groups(model, weight_decay, decay_batch_norm=True, scalar_lr_scale=1.0):
    """A net's parameters for `SGD`, each with the settings that its kind gets: in the order of ``model.parameters()``, without frozen ones.

    Parameters
    ----------
    model : nn.Module
    weight_decay : float
    decay_batch_norm : bool
        False decays matrices and filters only, not batch norm's parameters and biases. The paper decays all; many later
        recipes do not.
    scalar_lr_scale : float
        Times the learning rate for parameters of one element: the biases and multipliers of Fixup, whose authors train
        them at a tenth of the rate, for each adds up the gradients of a whole map (arXiv:1901.09321).

    Returns
    -------
    list of dict
    """
    return [{"params": [p], "weight_decay": weight_decay if decay_batch_norm or p.ndim > 1 else 0.0,
             "lr_scale": scalar_lr_scale if p.shape == (1,) else 1.0} for p in model.parameters() if p.requires_grad]


def keep_norms(model):
    """A function that sets the weights of every layer before a batch norm back to the length that they have now.

    Batch norm takes the scale of these weights out again, so the loss is the same for w and c w (van Laarhoven 2017,
    arXiv:1706.05350). Then the gradient is at right angles to w, every step lengthens w, the more the larger the gradient, and
    the longer w is, the smaller the gradient and the angle that a step turns w by: about lr |g| / |w|. Where gradients explode
    at the start, a few steps leave weights so long that they hardly turn any more. With their length kept they go on turning.

    A convolution or linear layer is before a batch norm if that was assigned right after it in the same module, as in `models` and in an
    ``nn.Sequential``. The length is |w| = sqrt(sum w^2), of all filters of the layer together.

    Returns
    -------
    callable
        Takes any arguments and ignores them: pass it to a `Trainer` as ``after_step``. It keeps the lengths at the time of this
        call: in a run that is resumed too, make it from the net as built, before the checkpoint is loaded.

    Raises
    ------
    ConfigError
        If there is no such layer.
    """
    weights = [layer.weight for _, _, layer in before_batch_norm(model)]
    kept = [(weight, length) for weight in weights if (length := _length(weight.data)) > 0]
    if not kept:
        raise ConfigError("keep_norms", "nothing to keep", "a Conv2d or Linear, and a BatchNorm2d assigned right after it", "none",
                          "without batch norm the loss depends on the length of weights")

    def keep(*_):
        for weight, length in kept:
            now = _length(weight.data)
            if now > 0:
                weight.data *= length / now       # in place, for on the GPU the optimiser owns the memory
    return keep


def _length(array):
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))


class Schedule:
    """The learning rate as a function of the iteration: what `decayed` says, after a warm-up.

    Parameters
    ----------
    optimizer : SGD
        Its ``lr`` at this moment is the base rate; ``step`` then sets it.
    warmup : int
        During the first `warmup` iterations the rate rises linearly from ``warmup_factor * lr``. With
        ``warmup_factor`` 0.1 this is a gentler form of the paper's start at 0.01 for its 110-layer net.
    """

    def __init__(self, optimizer, warmup=0, warmup_factor=0.1):
        if warmup < 0:
            raise ConfigError(type(self).__name__, "warmup", "a number of iterations, 0 or more", repr(warmup))
        self.optimizer, self.base_lr = optimizer, optimizer.lr
        self.warmup, self.warmup_factor = warmup, warmup_factor
        self.iteration = 0
        optimizer.lr = self.lr_at(0)

    def decayed(self, iteration):
        """The learning rate at that iteration if there were no warm-up."""
        raise NotImplementedError

    def lr_at(self, iteration):
        """The learning rate that iteration number `iteration`, counted from 0, uses."""
        lr = self.decayed(iteration)
        if iteration < self.warmup:
            lr *= self.warmup_factor + (1 - self.warmup_factor) * iteration / self.warmup
        return lr

    def step(self):
        """Call after each ``optimizer.step()``."""
        self.iteration += 1
        self.optimizer.lr = self.lr_at(self.iteration)

    def state_dict(self):
        return {"iteration": self.iteration}

    def load_state_dict(self, state):
        self.iteration = state["iteration"]
        self.optimizer.lr = self.lr_at(self.iteration)


class MultiStepLR(Schedule):
    """The learning rate is multiplied by `gamma` at each milestone.

    Parameters
    ----------
    optimizer, warmup, warmup_factor
        As for `Schedule`.
    milestones : sequence of int
        Iterations from which on the next lower rate holds. The paper: 32,000 and 48,000.
    gamma : float

    Raises
    ------
    ConfigError
        For milestones that do not rise, or a warm-up below 0.
    """

    def __init__(self, optimizer, milestones, gamma=0.1, warmup=0, warmup_factor=0.1):
        self.milestones, self.gamma = list(milestones), gamma
        if self.milestones != sorted(set(self.milestones)) or any(m < 0 for m in self.milestones):
            raise ConfigError("MultiStepLR", "milestones", "rising iterations", str(self.milestones))
        super().__init__(optimizer, warmup, warmup_factor)

    def decayed(self, iteration):
        return self.base_lr * self.gamma ** sum(iteration >= m for m in self.milestones)


class CosineLR(Schedule):
    """The learning rate falls along half a cosine, lr (1 + cos(pi t / T)) / 2, from lr to 0 (Loshchilov and Hutter 2017, arXiv:1608.03983).

    Parameters
    ----------
    optimizer, warmup, warmup_factor
        As for `Schedule`. The cosine begins after the warm-up.
    iterations : int
        The length of training; there the rate arrives at 0.

    Raises
    ------
    ConfigError
        For no iterations, or a warm-up below 0 or longer than training.
    """

    def __init__(self, optimizer, iterations, warmup=0, warmup_factor=0.1):
        if iterations < 1:
            raise ConfigError("CosineLR", "iterations", "at least 1", repr(iterations))
        if warmup > iterations:
            raise ConfigError("CosineLR", "warmup", f"at most the {iterations} iterations of training", repr(warmup))
        self.iterations = iterations
        super().__init__(optimizer, warmup, warmup_factor)

    def decayed(self, iteration):
        after = min(max(0, iteration - self.warmup), self.iterations - self.warmup)
        return self.base_lr * (1 + math.cos(math.pi * after / max(1, self.iterations - self.warmup))) / 2


def clip_grad_norm(params, max_norm):
    """Scale all gradients down together if their common norm exceeds `max_norm`; return the norm before.

    norm = sqrt(sum over all parameters and elements of gradient^2)   (Pascanu et al. 2013, arXiv:1211.5063)

    Raises
    ------
    ConfigError
        If `max_norm` is not above 0.
    """
    if not max_norm > 0:
        raise ConfigError("clip_grad_norm", "max_norm", "a number above 0", repr(max_norm))
    params = [p for p in params if p.grad is not None]
    # In float64: the squares of an exploding net's gradients would not fit into float32.
    norm = float(np.sqrt(sum(np.square(p.grad, dtype=np.float64).sum() for p in params)))
    if norm > max_norm:
        for p in params:
            p.grad = p.grad * float(max_norm / norm)
    return norm
