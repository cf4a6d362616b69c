"""A net with trained weights from a file, which may come from minires or from elsewhere.

Weights only work with images that are prepared as in their training. How that was may be written in
the file, or known for the family of nets; otherwise the user must say it.
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

#: Names of files that tell less about a net than the names of their folders.
ANY_NAME = ("weights", "model", "pytorch_model", "checkpoint")


def short_name(path: PathLike) -> str:
    """A short name for the net in a file, for tables and names of folders.

    It is the name of the file without its suffix, or the name of its folder if that tells more:
    resnet-20-cifar10 for ``runs/resnet-20-cifar10/weights.safetensors``.
    """
    path = Path(path)
    return shortened(as_text(path.resolve().parent.name if path.stem in ANY_NAME else path.stem))


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """A net with the weights of a file, in evaluation mode.

    Attributes
    ----------
    file : WeightsFile
        The file of its weights.
    model : nn.Module
    name : str
        The name of the net, such as "resnet-20".
    settings : dict
        The net's own settings, such as its width.
    transform : data.ImageTransform
        How pictures are turned into inputs of the net.
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
    """Build the net that belongs to a file of weights, and load the weights.

    Parameters
    ----------
    file : WeightsFile
        From `open_weights`.
    model : str, optional
        The name of the net, if the file does not contain it.
    net : dict, optional
        The net's own settings.
    transform : dict, optional
        ``resize``, ``crop``, ``mean`` and ``std``, if the file lacks them or they are wrong.

    Raises
    ------
    ConfigError
        If neither the file nor `model` says which net it is, or settings are impossible.
    CheckpointError, ShapeError
        If the weights do not fit the net.
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
    """How a picture is turned into an input of the net: ``resize``, ``crop`` and, if known,
    ``mean`` and ``std``.

    Values that are `given` have priority over values in the file, and these over the usual values
    for nets for ImageNet or for small images. `settings` are the net's own settings. If `given` has
    a crop and no size before the crop, that size changes in proportion.

    Raises
    ------
    ConfigError
        If the picture would be smaller than the crop, or a standard deviation is not above 0.
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
            f"add --crop {transform['resize']}",
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
    """The net `name` with these settings and the weights of the file, in evaluation mode.

    Raises ConfigError for settings that the net does not have, and the errors of
    `serialization.weights.load`.
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
    """The DivergenceError for a net whose outputs are not finite; `got` says what they are."""
    return DivergenceError(
        str(file.path),
        "outputs of the net",
        "finite numbers",
        got,
        "did its training diverge? Or do the weights belong to another net?",
    )


def names_of(nets: Sequence[TrainedNet]) -> list[str]:
    """A name for each net, for tables and figures: the `short_name` of its file.

    If several nets have the same name, the name of the folder is put in front of it. If that does
    not make them different, a number is added.
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
