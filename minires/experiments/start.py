"""What a run of one net starts from: the net, with random weights or those of a file, and the part of it that is trained."""

from dataclasses import replace

from .. import models
from ..serialization.weights import load, open_weights
from ..errors import ConfigError, unknown_name
from ..models.registry import settings_of

HEAD, ALL = "head", "all"
USUAL_MODEL = "resnet-20"


def as_in_the_file(settings):
    """The settings, with the net that the file of weights says it is of, and images of the size it was trained on, where none is given.

    Raises
    ------
    ConfigError
        If another net was asked for than the one that the weights are of.
    """
    if settings.weights is None:
        return replace(settings, model=settings.model or USUAL_MODEL)
    file = open_weights(settings.weights)
    model, net = file.resolve_net(settings.model, settings.net)
    return replace(settings, model=model or USUAL_MODEL, net=net, image_size=settings.image_size or file.transform.get("crop"))


def build(settings, train_set_shape, classes):
    """The net for these classes, with the weights that it is to start from, and what is not trained frozen.

    Parameters
    ----------
    settings : Settings
        Completed.
    train_set_shape : tuple
        Of one image.
    classes : sequence of str

    Returns
    -------
    nn.Module, str
        And a sentence on what became of the head; empty for random weights.

    Raises
    ------
    ConfigError, CheckpointError, DataError, ShapeError
        For a net or a part of it that does not exist, and weights that cannot be read or do not fit.
    """
    own = {"seed": settings.seed, "num_classes": len(classes), **settings.net}
    known = settings_of(settings.model)
    for name in settings.net:
        if name not in known:
            raise unknown_name(settings.model, "setting", name, known)
    if "image_size" in known:
        own.setdefault("image_size", train_set_shape[0])
    if settings.weights is None:
        if settings.train != ALL:
            raise ConfigError("train", f"{settings.train!r} of a net with random weights", "weights to start from", "none", "name them by --weights")
        model, said = models.build(settings.model, **own), ""
    else:
        model, said = _from_file(settings, own, classes)
    if settings.train not in (ALL, HEAD):
        models.freeze_before(model, settings.train)
    if settings.recompute:
        if not hasattr(type(model), "recompute"):
            raise ConfigError("recompute", f"{settings.model} has no blocks that can be run again", "a residual or plain net for images", settings.model)
        model.recompute = True
    return model, said


def _from_file(settings, own, classes):
    """The net with the weights of the file. Its head stays if it is for the very same classes, by name."""
    file = open_weights(settings.weights)
    found, count = file.arrays, file.num_classes
    model = models.build(settings.model, **{**own, "num_classes": count or len(classes)})
    if count is None:                             # of the layers before the head alone, as some offer them
        model.load_state_dict({name: found[name].astype(array.dtype) if name in found else array for name, array in model.state_dict().items()
                               if name in found or name.startswith("fc.")} | {name: array for name, array in found.items() if name not in model.state_dict()})
        return model, f"{settings.weights} has no last layer: a new one, for {len(classes)} classes"
    load(model, file)
    if file.classes == list(classes):
        return model, f"{settings.weights} is for the same {len(classes)} classes: its last layer stays"
    models.replace_head(model, len(classes), settings.seed)
    return model, f"{settings.weights} is for {'other' if count == len(classes) else count} classes: a new last layer, for {len(classes)}"
