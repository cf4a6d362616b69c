"""A net of which others may have trained the weights.

Weights may come from anywhere, and only work on images prepared as in their training. The file may
say how, or its family is known for it; otherwise the user has to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import data, models
from ..data.transforms import shorter_side
from ..errors import ConfigError, DivergenceError, unknown_name
from ..models.registry import OF_ONE_DEPTH, settings_of
from ..names import as_text, shortened
from ..nn import Module
from ..serialization.weights import WeightsFile, load
from ..types import PathLike

ANY_NAME = ("weights", "model", "pytorch_model", "checkpoint")  # of files; their folders tell more


def short_name(path: PathLike) -> str:
    """What to call the net of a file, in text that fits a table and the name of a folder: the file
    without its ending, or its folder if that tells more, as in
    ``runs/resnet-20-cifar10/weights.safetensors``.
    """
    path = Path(path)
    return shortened(as_text(path.resolve().parent.name if path.stem in ANY_NAME else path.stem))


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """A net with the weights of a file, ready to evaluate.

    Attributes
    ----------
    model : nn.Module
    name : str
        Such as "resnet-20".
    settings : dict
        Its own.
    transform : data.ImageTransform
        How pictures become its inputs.
    """

    file: WeightsFile
    model: Module
    name: str
    settings: dict[str, Any]
    transform: data.ImageTransform


def trained_net(
    file: WeightsFile,
    model: str | None = None,
    net: Mapping[str, Any] | None = None,
    transform: Mapping[str, Any] | None = None,
) -> TrainedNet:
    """The net of a file of weights.

    Parameters
    ----------
    file : WeightsFile
        What `open_weights` has read.
    model : str, optional
        The net, where the file does not say it.
    net : dict, optional
        Its own settings.
    transform : dict, optional
        ``resize``, ``crop``, ``mean`` and ``std``, where the file does not say them or is wrong.

    Raises
    ------
    ConfigError
        If nobody says which net it is, or for settings that cannot be met.
    CheckpointError, ShapeError
        For weights that do not fit.
    """
    name, settings = resolved(file, model, net)
    chosen = data.ImageTransform(**transform_of(file, name, transform, settings))
    return TrainedNet(file, net_of(file, name, settings, chosen.crop), name, settings, chosen)


def resolved(
    file: WeightsFile, model: str | None = None, net: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """The name of the net and its settings. Parameters and errors are those of `trained_net`."""
    if model is not None:
        settings_of(model)  # raises if there is no such net
    defaults = settings_of(file.built["model"]) if file.built else None
    name, settings = file.resolve_net(model, dict(net or {}), defaults)
    if name is None:
        fit = " and ".join(one for one, _ in file.candidates)
        raise ConfigError(
            str(file.path),
            "the file does not say which net its weights belong to",
            got=f"arrays that fit {fit}" if fit else None,
            todo="name the net with --model",
        )
    return name, settings


def transform_of(
    file: WeightsFile,
    model: str,
    given: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How a picture becomes an input of the net.

    What is `given` comes first, then what the file of weights says, then what is usual for
    ImageNet's nets or for small ones; `settings` are the net's own. A crop of another size changes
    the size before the crop in proportion.

    Raises
    ------
    ConfigError
        For a picture smaller than the crop, or a standard deviation of 0.
    """
    given = dict(given or {})
    if model in OF_ONE_DEPTH and (settings or {}).get("stem") != "3x3":  # a net for ImageNet
        usual: dict[str, Any] = {"resize": shorter_side(224), "crop": 224}
    else:
        usual = {"resize": 32, "crop": 32}
    usual |= file.transform
    if "crop" in given:
        usual["resize"] = round(given["crop"] * usual["resize"] / usual["crop"])
    transform = usual | given
    if transform["resize"] < transform["crop"]:
        raise ConfigError(
            "--resize",
            "smaller than the crop: black would surround the picture",
            f"at least {transform['crop']}",
            transform["resize"],
            f"--crop {transform['resize']} beside it",
        )
    if "std" in given and not min(given["std"]) > 0:
        raise ConfigError(
            "--std",
            "standard deviations",
            "three numbers above 0",
            " ".join(map(str, given["std"])),
        )
    return transform


def net_of(file: WeightsFile, name: str, settings: Mapping[str, Any], image_size: int) -> Module:
    """The net, ready to evaluate, with the weights of the file.

    Raises ConfigError for settings that it does not have, and as `serialization.weights.load`.
    """
    known = settings_of(name)
    for setting in settings:
        if setting not in known:
            where = str(file.path) if setting in file.built.get("net", {}) else "--net"
            raise unknown_name(where, f"setting of {name}", setting, known)
    usual = {"image_size": image_size} if "image_size" in known else {}
    if file.num_classes is not None:
        usual["num_classes"] = file.num_classes
    model = models.build(name, **{**usual, **settings})
    load(model, file)
    return model.eval()


def diverged(file: WeightsFile, got: str) -> DivergenceError:
    """The error to raise about a net whose outputs are no numbers."""
    return DivergenceError(
        str(file.path),
        "outputs of the net",
        "finite numbers",
        got,
        "did its training diverge? Or do the weights belong to another net?",
    )


def names_of(nets: Sequence[TrainedNet]) -> list[str]:
    """What each net is called in tables and figures, from its file: see `short_name`.

    Where two have the same name, that of their folder stands before it, and if that does not help,
    a number behind it.
    """
    paths = [net.file.path for net in nets]
    short = [short_name(path) for path in paths]
    found: list[str] = []
    for path, name in zip(paths, short):
        if short.count(name) > 1:
            name = as_text(f"{path.resolve().parent.name}/{path.stem}")
        same = sum(one == name or one.startswith(f"{name} (") for one in found)
        found.append(f"{name} ({same + 1})" if same else name)
    return found
