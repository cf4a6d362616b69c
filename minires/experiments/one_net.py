"""One net, any of them, trained on any data set: what ``minires train`` and ``minires finetune`` do.

It may start from weights trained elsewhere: then its head, the layer that holds the classes, is exchanged, and as much of the rest
as is wanted stays as it is. With the head alone to be trained (a linear probe) the frozen layers are asked once for what they make of
each image, and training goes on with these features: seconds in place of hours.
"""

import json
from pathlib import Path

import numpy as np

from .. import backend, data, models, nn
from .. import plot as plots
from .. import weights as weight_files
from ..diagnostics import classify, confusion_matrix, top_error
from ..errors import ConfigError, DataError
from ..models.catalogue import settings_of
from ..tensor import Tensor, no_grad
from .records import RunFolder, read_config, read_table, replace_text
from .settings import FOLDER
from .training import GRADIENTS, METRICS, TEXT, TrainingRecords

NAME = "one net"
HEAD, ALL = "head", "all"
CONFUSION = ("right", "taken_for", "images")
TOP = 5


def run(settings, out, resume=False, progress=True):
    """Train the net, and write settings, tables, a checkpoint, the weights and what became of the test set to the folder `out`.

    Parameters
    ----------
    settings : Settings
    out : str or Path
        A new or empty folder, unless `resume`.
    resume : bool
        Go on with an interrupted run, to the same bits.
    progress : bool

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError, DivergenceError
        For settings that cannot be met, unusable files, weights that do not fit, and training that blows up.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved.
    """
    settings = settings.completed()
    backend.check_device(settings.device, "--device")
    train_set, test_set = load_sets(settings, progress)
    model = build(settings, train_set)
    recipe = settings.recipe(len(train_set))
    folder = RunFolder(out, {"experiment": NAME, **settings.deciding(), "dataset_name": train_set.name, "classes": train_set.classes,
                             "training_images": len(train_set), "test_images": len(test_set), "parameters": model.num_parameters()},
                       resume=resume, device=settings.device)
    trained = model
    if settings.train == HEAD:
        train_set, test_set = (features_of(model, some, settings.device, progress) for some in (train_set, test_set))
        trained = model.fc
    trainer = TrainingRecords(folder, settings.device, progress).train(settings.model, trained, train_set, test_set, recipe, settings.seed)
    weight_files.save(model, folder.path / "weights.safetensors", classes=train_set.classes)
    _write_evaluation(folder, classify(trained, trainer.test_batches), train_set.classes)


def load_sets(settings, progress=True):
    """The training and test set that the settings name, at their size."""
    if settings.dataset == FOLDER:
        if settings.data is None:
            raise ConfigError("data", "which folder of photographs?", "a folder for each class in it", "none", "name it by --data")
        train, test = data.photographs(settings.data, settings.image_size, settings.held_out, settings.seed, settings.workers, settings.cache,
                                       progress)
        # A part of a set sorted by class is to hold all classes.
        train, test = (some.pick(np.random.default_rng(settings.seed).permutation(len(some))) for some in (train, test))
    elif settings.dataset == "synthetic":
        if settings.data is not None:
            raise ConfigError("data", "the synthetic images are drawn, not read", "another data set beside it", f"data {settings.data}")
        train, test = data.synthetic(*(size for size in (settings.train_size, settings.test_size) if size is not None)) \
            if settings.train_size is not None else data.synthetic()
    else:
        train, test = data.load(settings.dataset, settings.data)
    if settings.train_size is not None:
        train = train.take(settings.train_size)
    if settings.test_size is not None:
        test = test.take(settings.test_size)
    if settings.dataset != FOLDER and settings.image_size is not None:
        train, test = train.resize(settings.image_size), test.resize(settings.image_size)
    return train, test


def build(settings, train_set):
    """The net for these classes, with the weights that it is to start from, and what is not trained frozen."""
    own = {"seed": settings.seed, "num_classes": len(train_set.classes), **settings.net}
    if "image_size" in settings_of(settings.model):
        own.setdefault("image_size", train_set.input_shape[0])
    if settings.weights is None:
        model = models.build(settings.model, **own)
        if settings.train != ALL:
            raise ConfigError("train", f"only {settings.train!r} of a net with random weights", "weights to start from", "none", "name them by --weights")
    else:
        found = weight_files.read(settings.weights)
        if "fc.weight" not in found:
            raise ConfigError(str(settings.weights), "not the weights of a net with a head", "fc.weight among the names", f"{len(found)} other names")
        model = models.build(settings.model, **{**own, "num_classes": found["fc.weight"].shape[-1]})
        weight_files.load(model, settings.weights)
        if weight_files.classes_of(settings.weights) != tuple(train_set.classes):
            models.replace_head(model, len(train_set.classes), settings.seed)
    if settings.train not in (ALL, HEAD):
        models.freeze_before(model, settings.train)
    if settings.recompute:
        model.recompute = True
    return model


def features_of(model, dataset, device="cpu", progress=True):
    """What the layers before the head make of each image of a set, in evaluation: a `data.FeatureDataset`."""
    from tqdm import tqdm

    batches = _in_evaluation(dataset, device)
    found, labels = [], []
    model.eval().to(device)
    with no_grad(), tqdm(total=len(dataset), desc=f"features of {len(dataset):,} images", unit="image", dynamic_ncols=True,
                         disable=None if progress else True) as bar:
        for images, right in batches:
            found.append(backend.move(models.features(model, Tensor(images)).data, "cpu"))
            labels.append(right)
            bar.update(len(right))
    return data.FeatureDataset(np.concatenate(found), np.concatenate(labels), dataset.classes, dataset.name)
