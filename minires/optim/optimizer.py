"""What all optimisers have in common: their parameters, the checks before a step, their state."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .. import backend
from ..autograd import Tensor
from ..checks import number
from ..errors import ConfigError, DeviceError, DtypeError, ShapeError, unknown_name
from ..kernels import device_function

Params: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]]
GROUP_SETTINGS = ("params", "weight_decay", "lr_scale")


class Optimizer:
    """The base of `SGD`, `Adam`, `AdamW` and `Muon`.

    A subclass names its arithmetic (`rule`) and gives the numbers that go with it in `settings`.

    Parameters
    ----------
    params : iterable of Parameter, or of dicts
        Dicts ``{"params": ..., "weight_decay": ..., "lr_scale": ...}`` give some parameters a
        weight decay of their own, and a learning rate of ``lr_scale * lr`` (1 if left out); see
        `parameter_groups`.
    lr : float
        Learning rate; may be changed between steps (``optimizer.lr = ...``), as the schedules do.
    weight_decay : float
        Of the parameters whose group says nothing else.

    Attributes
    ----------
    lr : float
    params : list of Parameter
    decays, lr_scales : list of float
        One for each parameter.
    device : str
        Where all of the parameters are.

    Raises
    ------
    ConfigError
        For a negative setting, a parameter in two groups, or no parameters.
    DeviceError
        If the parameters are on two devices.
    """

    rule: str  # the device function that does the arithmetic
    kept: tuple[str, ...] = ()  # the lists of arrays, one for each parameter, that it keeps

    def __init__(self, params: Params, lr: float, weight_decay: float) -> None:
        self.lr = self._at_least_0("lr", lr)
        self.params: list[Tensor] = []
        self.decays: list[float] = []
        self.lr_scales: list[float] = []
        weight_decay = self._at_least_0("weight_decay", weight_decay)
        for group in _as_list(type(self).__name__, params):
            self._add(group if isinstance(group, dict) else {"params": [group]}, weight_decay)
        where = type(self).__name__
        for parameter in self.params:
            _check_leaf(where, parameter)
        if not self.params:
            raise ConfigError(
                where,
                "nothing to train",
                "at least one parameter",
                "none",
                "an iterator can be used up only once",
            )
        if len(set(self.params)) < len(self.params):
            raise ConfigError(
                where,
                "a parameter is named twice",
                "each parameter in one group",
                "one in several places",
            )
        self.device = self.params[0].device
        self._check_parameters()
        arrays = [parameter.data for parameter in self.params]
        self._rule = device_function(self.rule, self.device)(arrays, self.decays, self.lr_scales)
        self._put_in_place(self._rule.weights)
        for name in self.kept:
            setattr(self, name, getattr(self._rule, name))

    def settings(self) -> dict[str, Any]:
        """What the arithmetic of a step needs besides weights and gradients."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget all gradients, so that the next backward starts from none."""
        for parameter in self.params:
            parameter.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient; the others, and what is kept of them, stay.

        Raises
        ------
        DeviceError, ShapeError, DtypeError
            If a parameter or its gradient is on another device than when the optimiser was made,
            or a gradient has another shape or dtype than its parameter.
        """
        self._check_parameters()
        weights = [parameter.data for parameter in self.params]
        gradients = [parameter.grad for parameter in self.params]
        self._put_in_place(self._rule.step(weights, gradients, **self.settings()))
        for parameter in self.params:
            if parameter.grad is not None:
                parameter.changed_in_place()

    def state_dict(self) -> dict[str, Any]:
        """The learning rate, and what is kept of each parameter, in their order. No copies."""
        return {"lr": self.lr, **{name: getattr(self, name) for name in self.kept}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`.

        Raises
        ------
        ConfigError
            If it is that of another kind of optimiser, or of other parameters. Then nothing has
            been changed.
        """
        where = f"{type(self).__name__}.load_state_dict"
        missing = [name for name in self.state_dict() if name not in state_dict]
        if missing:
            raise ConfigError(
                where,
                "state of another optimiser",
                ", ".join(self.state_dict()),
                ", ".join(state_dict),
            )
        for name in self.kept:
            own, given = (state[name] for state in (self.state_dict(), state_dict))
            if [array.shape for array in own] != [array.shape for array in given]:
                raise ConfigError(
                    where, name, f"{len(own)} of the parameters' shapes", f"{len(given)} of others"
                )
            if [array.dtype for array in own] != [array.dtype for array in given]:
                raise ConfigError(where, f"dtypes of {name}", "the parameters'", "others")
        self._check_state(where, state_dict)
        self.lr = self._at_least_0("lr", state_dict["lr"])
        for name in self.kept:
            for array, saved in zip(getattr(self, name), state_dict[name]):
                backend.assign(array, saved)

    def _check_state(self, where, state_dict):
        """Raise ConfigError if what a subclass keeps beside its arrays does not fit."""

    def _add(self, group, weight_decay):
        """Add the parameters of a group."""
        where = type(self).__name__
        for setting in group:
            if setting not in GROUP_SETTINGS:
                raise unknown_name(where, "group setting", setting, GROUP_SETTINGS)
        if "params" not in group:
            raise ConfigError(
                where, "group of parameters", "a dict with 'params'", f"one with {sorted(group)}"
            )
        decay = group.get("weight_decay", weight_decay)
        decay = self._at_least_0("weight_decay of a group", decay)
        scale = self._at_least_0("lr_scale of a group", group.get("lr_scale", 1.0))
        for parameter in _as_list(where, group["params"]):
            self.params.append(parameter)
            self.decays.append(decay)
            self.lr_scales.append(scale)

    def _at_least_0(self, name: str, value: float) -> float:
        return number(type(self).__name__, name, value, "a number of at least 0", lambda n: n >= 0)

    def _put_in_place(self, weights):
        """Let the parameters hold these arrays, which the rule works on."""
        for parameter, weight in zip(self.params, weights):
            parameter.data = weight

    def _check_parameters(self):
        where = type(self).__name__
        for i, parameter in enumerate(self.params):
            if parameter.device != self.device:
                raise DeviceError(
                    where,
                    "parameters on two devices",
                    f"all on the {self.device}",
                    f"some on the {parameter.device}",
                    "move the net before you make the optimiser",
                )
            if parameter.grad is not None:
                what, device = f"gradient of parameter {i}", backend.device_of(parameter.grad)
                if device != self.device:
                    raise DeviceError(where, what, f"on the {self.device}", f"on the {device}")
                if parameter.grad.shape != parameter.shape:
                    raise ShapeError(
                        where, what, f"shape {parameter.shape}", f"shape {parameter.grad.shape}"
                    )
                if parameter.grad.dtype != parameter.dtype:
                    raise DtypeError(where, what, str(parameter.dtype), str(parameter.grad.dtype))


def _as_list(where, params):
    """The parameters, or groups of them, as a list."""
    if hasattr(params, "parameters"):
        raise ConfigError(
            where, "params", "parameters", f"a {type(params).__name__}", "pass net.parameters()"
        )
    if isinstance(params, (Tensor, dict)):
        raise ConfigError(
            where,
            "params",
            "a list of parameters, or of groups",
            f"a single {type(params).__name__}",
            "put it into brackets",
        )
    return list(params)


def _check_leaf(where, parameter):
    """Raise ConfigError for what no step could move."""
    if not isinstance(parameter, Tensor):
        raise ConfigError(
            where, "params", "Tensors such as net.parameters()", f"a {type(parameter).__name__}"
        )
    if not parameter.is_leaf:
        raise ConfigError(
            where,
            "params",
            "Tensors that were not computed from others",
            "the result of an operation",
            "its gradient is not kept",
        )
