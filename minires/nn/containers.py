"""Modules that hold others: one after another, or as a list."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, Self

from ..autograd.tensor import Tensor
from ..errors import ConfigError
from .module import Module
from .recomputation import recompute


class _Numbered(Module):
    """Modules named "0", "1", ..., with the interface of a list."""

    _advice: str  # for a user who puts something else in
    _like: Callable[[Iterable[Module]], Any]  # a container of this class

    def _hold(self, modules: Iterable[Module]) -> Self:
        """Hold these modules, under new numbers, instead of the old ones."""
        modules = list(modules)
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise ConfigError(
                    type(self).__name__,
                    f"argument {i}",
                    "a Module",
                    f"a {type(module).__name__}",
                    self._advice,
                )
        for name in [name for name in vars(self) if name.isdecimal()]:
            delattr(self, name)
        for i, module in enumerate(modules):
            setattr(self, str(i), module)
        return self

    def __len__(self) -> int:
        return sum(name.isdecimal() for name in vars(self))

    def __iter__(self) -> Iterator[Any]:
        return iter([value for name, value in vars(self).items() if name.isdecimal()])

    def __getitem__(self, i: int | slice) -> Any:
        found = list(self)[i]
        return self._like(found) if isinstance(i, slice) else found

    def __setitem__(self, i: int, module: Module) -> None:
        modules = list(self)
        modules[i] = module
        self._hold(modules)

    def __delitem__(self, i: int | slice) -> None:
        modules = list(self)
        del modules[i]
        self._hold(modules)

    def append(self, module: Module) -> Self:
        """Add a module at the end. Returns this module."""
        return self._hold([*self, module])

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end. Returns this module."""
        return self._hold([*self, *modules])

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one with that number. Returns this module."""
        modules = list(self)
        modules.insert(index, module)
        return self._hold(modules)

    def pop(self, key: int = -1) -> Any:
        """Take out the module with that number, the last by default, and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Numbered):
    """Modules one after another: each takes what the one before it returned.

    Can be indexed, changed, counted and looped over like a list; a slice is a Sequential.

    Parameters
    ----------
    *modules : Module
        Named "0", "1", ...

    Attributes
    ----------
    recompute : bool
        In training, run each of them through `nn.recompute`. False at first.

    Raises
    ------
    ConfigError
        For an argument that is no Module.
    """

    _advice = "pass modules one by one, not in a list, and nn.ReLU() for F.relu"
    recompute = False

    def __init__(self, *modules: Module) -> None:
        self._hold(modules)

    def forward(self, input: Tensor) -> Tensor:
        for module in self:
            again = self.recompute and self.training
            input = recompute(module, input) if again else module(input)
        return input

    def _like(self, modules):
        return Sequential(*modules)


class ModuleList(_Numbered):
    """A list of modules whose parameters are found; the module that holds it calls them.

    ``self.blocks = nn.ModuleList([...])``, and in ``forward``: ``for block in self.blocks: ...``.
    In a plain list `Module.parameters` does not find them. A slice is a ModuleList.

    Parameters
    ----------
    modules : iterable of Module
        Named "0", "1", ...

    Raises
    ------
    ConfigError
        For an element that is no Module.
    TypeError
        If it is called: a list does not say in which order its modules compute.
    """

    _advice = "pass one list of modules"

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        if isinstance(modules, Module) and not isinstance(modules, _Numbered):
            raise ConfigError(
                "ModuleList",
                "modules",
                "a list of Modules",
                f"a {type(modules).__name__}",
                "put it into brackets",
            )
        self._hold(modules)

    def forward(self, *inputs: Any) -> NoReturn:
        raise TypeError(
            "ModuleList: a list of modules cannot be called; loop over it in the "
            "forward of the module that holds it, or use nn.Sequential"
        )

    def _like(self, modules):
        return ModuleList(modules)
