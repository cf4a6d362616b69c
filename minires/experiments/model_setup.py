"""The net that a run of one net starts from, and the part of it that is trained.

Its weights are random or come from a file. A file of weights is opened once, and handed on as a
`serialization.weights.WeightsFile`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import models
from ..errors import ConfigError, unknown_name
from ..models.registry import settings_of
from ..nn import Module
from ..serialization.weights import WeightsFile, load
from ..training.config import ALL, FOLDER, HEAD, RunConfig
from ..types import Shape

DEFAULT_MODEL, DEFAULT_SIZE = "resnet-20", 224


def complete(config: RunConfig, file: WeightsFile | None = None) -> RunConfig:
    """The config with a net and a size of photographs.

    What it does not give comes from the file of weights, if that says it.

    Parameters
    ----------
    config : RunConfig
    file : WeightsFile, optional

    Raises
    ------
    ConfigError
        If the config names another net than the one that the weights were saved from, or a net
        that does not exist: before data are read or drawn.
    """
    model, net, size = config.model, config.net, config.image_size
    if file is not None:
        defaults = settings_of(file.built["model"]) if file.built else None
        model, net = file.resolve_net(model, net, defaults)
    if config.dataset == FOLDER:  # other data sets have a size of their own
        saved = None if file is None else file.transform.get("crop")
        size = size or saved or DEFAULT_SIZE
    settings_of(model or DEFAULT_MODEL)
    return replace(config, model=model or DEFAULT_MODEL, net=net, image_size=size)


def build(
    config: RunConfig, file: WeightsFile | None, input_shape: Shape, classes: Sequence[str]
) -> tuple[Module, str]:
    """The net for these classes, with its first weights, and the part that is not trained frozen.

    Parameters
    ----------
    config : RunConfig
        As `complete` returns it.
    file : WeightsFile or None
        None: random weights.
    input_shape : tuple
        Of one image.
    classes : sequence of str

    Returns
    -------
    model : nn.Module
    note : str
        A sentence on what became of the last layer; empty for random weights.

    Raises
    ------
    ConfigError, CheckpointError, ShapeError
        For a net or a part of it that does not exist, and weights that do not fit.
    """
    settings = {"seed": config.seed, "num_classes": len(classes), **config.net}
    net_name: Any = config.model  # `complete` gave it
    known = settings_of(net_name)
    for name in config.net:
        if name not in known:
            raise unknown_name(net_name, "setting", name, known)
    for name, own in (("num_classes", len(classes)), ("seed", config.seed)):
        if config.net.get(name, own) != own:
            todo = "leave it out: the data decide the classes, and --seed the seed"
            raise ConfigError("net", name, str(own), str(config.net[name]), todo)
    if "image_size" in known:
        settings.setdefault("image_size", input_shape[0])
    if file is not None:
        model, note = _from_file(config, file, settings, classes)
    elif config.train == ALL:
        model, note = models.build(net_name, **settings), ""
    else:
        raise ConfigError(
            "train",
            f"{config.train!r} of a net with random weights",
            "weights to start from",
            "none",
            "name them with --weights",
        )
    if config.train not in (ALL, HEAD):
        parts = [name for name, part in vars(model).items() if isinstance(part, Module)]
        if config.train not in parts:
            raise unknown_name("train", "part of the net", config.train, (ALL, HEAD, *parts))
        models.freeze_before(model, config.train)
    if config.recompute:
        if not hasattr(type(model), "recompute"):
            raise ConfigError(
                "recompute",
                f"{config.model} has no blocks that can be run again",
                "a residual or plain net for images",
                config.model,
            )
        model.recompute = True
    return model, note


def _from_file(config, file, settings, classes):
    """The net with the weights in the file.

    Its last layer stays if the file is for the same classes, by name.
    """
    count = file.num_classes
    model = models.build(config.model, **{**settings, "num_classes": count or len(classes)})
    if count is None:  # some files hold only the layers before the last
        _load_all_but_head(model, file)
        return model, f"{file.path} has no last layer: a new one, for {len(classes)} classes"
    load(model, file)
    if file.classes == list(classes):
        return model, f"{file.path} is for the same {len(classes)} classes: its last layer stays"
    models.replace_head(model, len(classes), config.seed)
    other = "other" if count == len(classes) else count
    return model, f"{file.path} is for {other} classes: a new last layer, for {len(classes)}"


def _load_all_but_head(model, file):
    """Load weights that lack the last layer; all others must be there."""
    head = {name: one for name, one in model.state_dict().items() if name.startswith("fc.")}
    load(model, replace(file, arrays={**file.arrays, **head}))
