"""Stochastic gradient descent."""

from .. import backend
from ..errors import ConfigError, DeviceError, DtypeError, ShapeError, unknown_name
from ..kernels import device_function

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
        self._rule = device_function("sgd", self.device)([parameter.data for parameter in self.params], self.decays, self.lr_scales)
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
