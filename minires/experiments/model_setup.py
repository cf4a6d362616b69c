"""Build the net with which a run of one net starts, and freeze the part that is not trained.

The weights are random or come from a file, which is opened once and passed on as a
`serialization.weights.WeightsFile`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import models
from ..errors import ConfigError, unknown_name
from ..models.registry import settings_of
from ..nn import Module
from ..serialization.heads import head_arrays
from ..serialization.weights import WeightsFile, load
from ..training.config import ALL, FOLDER, HEAD, RunConfig
from ..types import Shape

DEFAULT_MODEL, DEFAULT_SIZE = "resnet-20", 224


def complete(config: RunConfig, file: WeightsFile | None = None) -> RunConfig:
    """The config with the net filled in and, for photographs, the size of images.

    What the config does not say is taken from the file of weights, or is `DEFAULT_MODEL` and
    `DEFAULT_SIZE`. Call it before data are read, to find a wrong name of a net early.

    Parameters
    ----------
    config : RunConfig
    file : WeightsFile, optional

    Raises
    ------
    ConfigError
        If the config names another net than the one that the weights were saved from, or a net
        that does not exist.
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
    """Build the net for these classes with its initial weights, and freeze the part that is not
    trained.

    Parameters
    ----------
    config : RunConfig
        From `complete`.
    file : WeightsFile or None
        The initial weights; None means random weights.
    input_shape : tuple
        The shape of one image, (H, W, C).
    classes : sequence of str

    Returns
    -------
    model : nn.Module
    note : str
        A sentence on whether the last layer was kept or replaced; empty for random weights.

    Raises
    ------
    ConfigError, CheckpointError, ShapeError
        If the net, one of its settings or the part to be trained does not exist, if a part is to be
        trained without a file of weights, or if the weights do not fit the net.
    """
    settings = {"seed": config.seed, "num_classes": len(classes), **config.net}
    net_name: Any = config.model  # `complete` has set it
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
    """The net with the weights of the file, and a note about its last layer.

    The last layer is kept if the names of the classes in the file are the same.
    """
    count = file.num_classes
    model = models.build(config.model, **{**settings, "num_classes": count or len(classes)})
    if count is None:  # some files hold only the layers before the last
        _load_all_but_head(model, file)
        return model, f"{file.path} has no last layer: a new one, for {len(classes)} classes"
    load(model, file)
    if file.classes == list(classes):
        return model, f"{file.path} is for the same {len(classes)} classes: its last layer is kept"
    models.replace_head(model, len(classes), config.seed)
    other = "other" if count == len(classes) else count
    return model, f"{file.path} is for {other} classes: a new last layer, for {len(classes)}"


def _load_all_but_head(model, file):
    """Load weights without a last layer. The weights of all other layers must be in the file."""
    arrays = model.state_dict()
    head = {name: arrays[name] for name in head_arrays(arrays)}
    load(model, replace(file, arrays={**file.arrays, **head}))
