"""What training programs keep beside the weights of a net, none of which is needed.

Settings from a command line, the best accuracy as a number of NumPy's, the device: a pickle names
the classes of these objects. The stand-ins here hold nothing, and nothing is run.
"""

from collections.abc import Callable
from typing import Any

from .safe_pickle import StandIn


class Ignored(StandIn):
    """An object that is not needed. It takes any attributes, and keeps none."""

    def set_state(self, state: Any) -> None:
        pass


def _ignored(*_: Any) -> Ignored:
    return Ignored()


def _empty(*_: Any) -> dict[Any, Any]:
    return {}


#: (module, name) -> what is called where a pickle calls that one.
FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("argparse", "Namespace"): _ignored,
    ("types", "SimpleNamespace"): _ignored,
    ("torch", "device"): _ignored,
    ("_codecs", "encode"): _ignored,  # the bytes of a number of NumPy's
    ("numpy", "dtype"): _ignored,
    ("numpy.core.multiarray", "scalar"): _ignored,
    ("numpy._core.multiarray", "scalar"): _ignored,
    ("pathlib", "PosixPath"): _ignored,
    ("pathlib", "WindowsPath"): _ignored,
    ("lightning_fabric.utilities.data", "AttributeDict"): _empty,
    ("lightning.fabric.utilities.data", "AttributeDict"): _empty,
    ("pytorch_lightning.utilities.parsing", "AttributeDict"): _empty,
}
