"""What has been read from a file of weights, and which net it belongs to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..names import shown
from ..types import Array
from . import conventions
from .heads import num_classes

FREE_SETTINGS = ("num_classes", "seed")  # `resolve_net` does not compare these


@dataclass(frozen=True, eq=False)
class WeightsFile:
    """A file of weights that has been read; `open_weights` makes it.

    Attributes
    ----------
    path : Path
    arrays : dict
        Name -> array, under minires's names and in its layout, in the dtype of the file (float32
        for bfloat16).
    classes : list of str or None
        The name of each output of the net; None if the file does not say.
    transform : dict
        How images become inputs of the net: ``resize``, ``crop``, ``mean`` and ``std`` of
        `data.ImageTransform`, or some of them; empty if the file does not say.
    built : dict
        The net: its name as "model", its settings as "net", a dict; empty if the file does not say.
    from_torch : bool
        Whether the file is in PyTorch's layout.
    settings : dict
        What the net's layers must be set to, as far as it is known: some of ``zeros``,
        ``stride_on``, ``eps`` and ``momentum``. `load` does so.
    candidates : list of (str, dict)
        The nets that the arrays fit, by name and settings, where there are several and nobody can
        say which one it is.
    is_own : bool
        Whether minires wrote the file. Then it says itself how its net was built.
    lines : list of str
        What was recognised and changed while reading, and what the file cannot say: show them to
        the user.
    """

    path: Path
    arrays: dict[str, Array] = field(repr=False)
    classes: list[str] | None = field(default=None, repr=False)
    transform: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(default_factory=dict)
    from_torch: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    candidates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    is_own: bool = False

    @property
    def num_classes(self) -> int | None:
        """How many outputs the last layer has; None if the file holds no last layer."""
        return num_classes(self.arrays)

    def resolve_net(
        self,
        model: str | None = None,
        net: dict[str, Any] | None = None,
        defaults: dict[str, Any] | None = None,
    ) -> tuple[str | None, dict[str, Any]]:
        """The net to build for these weights: as requested, and for the rest as the file says.

        Some nets have weights of the same names and shapes, but compute something else: plain-20
        and resnet-20, for example. Only the file can tell such weights apart.

        Parameters
        ----------
        model : str, optional
            The requested name.
        net : dict, optional
            The requested settings.
        defaults : dict, optional
            What the net's function takes for settings that the file does not name:
            `models.registry` knows them.

        Returns
        -------
        model : str or None
            None if neither the request nor the file names a net.
        net : dict

        Raises
        ------
        ConfigError
            If the file says that the weights were saved from another net.
        """
        requested = dict(net or {})
        if not self.built:
            return model, dict(self.candidates).get(model or "", {}) | requested
        saved = self.built["net"]
        if model not in (None, self.built["model"]):
            raise self._from_another(self.built["model"], model)
        for name, value in requested.items():
            if name in FREE_SETTINGS:
                continue
            if not self.is_own and name in conventions.USUAL and name not in saved:
                continue  # nobody but the user can know it
            before = saved.get(name, (defaults or {}).get(name, value))
            if before != value:
                raise self._from_another(
                    f"a net with {name}={shown(before)}", f"{name}={shown(value)}"
                )
        return self.built["model"], saved | requested

    def _from_another(self, saved: str, requested: str) -> ConfigError:
        return ConfigError(
            str(self.path),
            f"the weights were saved from {saved}, but {requested} was requested",
            todo="leave that out, and the file decides",
        )
