"""One net, any of them, trained on any data set: what ``minires train`` and ``minires finetune`` do.

It may start from weights trained elsewhere: then its head, the layer that holds the classes, is exchanged, and as much of the rest
as is wanted stays as it is. With the head alone to be trained (a linear probe) the frozen layers are asked once for what they make of
each image, and training goes on with these features: seconds in place of hours.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import backend, data, models
from .. import functional as F
from .. import plot as plots
from ..serialization.weights import open_weights, save
from ..diagnostics import classify, confusion_matrix, top_error
from ..errors import ConfigError, DataError
from ..autograd import Tensor, no_grad
from ..training.trainer import EVALUATION_BATCH
from .records import RunFolder, check_new, read_config, read_table, replace_text
from .settings import FOLDER
from .start import ALL, HEAD, as_in_the_file, build
from .training_records import GRADIENTS, METRICS, TEXT, TrainingRecords

NAME = "one net"
CONFUSION = ("right", "taken_for", "images")
PREDICTIONS = ("image", "right", "taken_for", "probability")
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
    backend.check_device(settings.device, "--device")
    check_new(out, resume)
    own_batch_size, settings = settings.batch_size, as_in_the_file(settings).completed()
    if settings.dataset == FOLDER:                # what is wrong with the net shall be said before thousands of pictures are decoded
        build(settings, (settings.image_size, settings.image_size, 3), ("", ""))
    train_set, test_set = load_sets(settings, progress)
    if own_batch_size is None:
        settings = replace(settings, batch_size=min(settings.batch_size, len(train_set)))
    model, said = build(settings, train_set.input_shape, train_set.classes)
    if said and progress:
        print(said, flush=True)
    recipe, any_order = settings.recipe(len(train_set)), np.random.default_rng(0)
    batches = train_set.training_batches(recipe, any_order, any_order, settings.device)      # a recipe that does not suit fails here
    folder = RunFolder(out, {"experiment": NAME, **settings.deciding(), "dataset_name": train_set.name, "classes": train_set.classes,
                             "training_images": len(train_set), "test_images": len(test_set), "all_iterations": recipe.iterations,
                             "parameters": model.num_parameters()}, resume=resume, device=settings.device)
    trained, preparation, names = model, train_set.preparation(), test_set.names()
    if settings.train == HEAD:
        train_set, test_set = (features_of(model, batches.evaluating(some, EVALUATION_BATCH), progress) for some in (train_set, test_set))
        trained = model.fc
    trainer = TrainingRecords(folder, settings.device, progress).train(settings.model, trained, train_set, test_set, recipe, settings.seed)
    save(model, folder.path / "weights.safetensors", classes=train_set.classes, transform=preparation,
         built={"model": settings.model, "net": settings.net})
    _write_evaluation(folder, classify(trained, trainer.test_batches), train_set.classes, names)


def load_sets(settings, progress=True):
    """The training and test set that the settings name, at their size."""
    if settings.dataset == FOLDER:
        if settings.data is None:
            raise ConfigError("data", "which folder of photographs?", "one with a folder for each class in it", "none", "name it by --data")
        sets = data.photographs(settings.data, settings.image_size, settings.val_fraction, settings.seed, settings.workers, settings.cache, progress,
                                _look(settings))
        # They come class by class: the first few of a set are to hold all classes.
        train, test = (some.pick(np.random.default_rng(settings.seed).permutation(len(some))) for some in sets)
    else:
        if settings.dataset == "synthetic" and settings.data is not None:
            raise ConfigError("data", "the synthetic images are drawn, not read", "another data set beside it", settings.data)
        train, test = data.load(settings.dataset, settings.data, settings.train_size)
        if settings.image_size is not None:
            train, test = train.resize(settings.image_size), test.resize(settings.image_size)
    return train.take(settings.train_size or len(train)), test.take(settings.test_size or len(test))


def _look(settings):
    """How photographs are scaled and normalised: as those that the weights were trained with, else as for ImageNet's nets."""
    noted = open_weights(settings.weights).transform if settings.weights is not None else {}
    crop = settings.image_size
    resize = round(crop * noted["resize"] / noted["crop"]) if {"resize", "crop"} <= noted.keys() else data.shorter_side(crop)
    return data.ImageTransform(resize, crop, *(tuple(noted[name]) if name in noted else getattr(data.ImageTransform, name) for name in ("mean", "std")))


def features_of(model, batches, progress=True):
    """What the layers before the head make of each image of evaluation batches: a `data.FeatureDataset`."""
    from tqdm import tqdm

    found, labels, dataset = [], [], batches.dataset
    model.to(batches.device).eval()
    with no_grad(), tqdm(total=len(dataset), desc="features", unit="image", dynamic_ncols=True, disable=None if progress else True) as bar:
        for images, right in batches:
            found.append(backend.move(models.extract_features(model, Tensor(images)).data, "cpu"))
            labels.append(right)
            bar.update(len(right))
    return data.FeatureDataset(np.concatenate(found), np.concatenate(labels), dataset.classes, dataset.name)


def report(folder):
    """What came out of the run in `folder`, as lines of text, from its records alone."""
    config, metrics = read_config(folder, NAME), read_table(Path(folder) / "metrics.csv", METRICS, TEXT)
    last = metrics[-1]
    lines = [f"{config['model']} on {config['dataset_name']}: {config['parameters']:,} parameters, {config['training_images']:,} training and "
             f"{config['test_images']:,} test images, {last['seconds']:.0f} s of training",
             f"training error {last['train_error']:.1f} % (of the last epoch, while weights moved), test error {last['test_error']:.1f} %"]
    evaluation = _read_evaluation(folder)
    if evaluation["top_5_error_percent"] is not None:
        lines.append(f"top-1 error {evaluation['top_1_error_percent']:.1f} %, top-5 error {evaluation['top_5_error_percent']:.1f} %")
    confused = sorted((row for row in _read_confusion(folder) if row["right"] != row["taken_for"] and row["images"]), key=lambda row: -row["images"])
    if confused:
        lines.append("most often confused: " + ", ".join(f"{row['right']} taken for {row['taken_for']} ({row['images']})" for row in confused[:3]))
    return "\n".join(lines)


def plot(folder):
    """Draw the figures from the tables in `folder`. Returns their paths. Raises as `figures` does."""
    return [plots.save(figure, Path(folder) / f"{name}.png") for name, figure in figures(folder).items()]


def figures(folder):
    """The figures of the run in `folder`, by name: ``training`` and ``gradients``, and once it is finished ``confusion``.

    Raises
    ------
    DataError
        If the tables are missing, damaged or empty.
    """
    folder, config = Path(folder), read_config(folder, NAME)
    metrics, gradients = (read_table(folder / f"{name}.csv", columns, TEXT) for name, columns in (("metrics", METRICS), ("gradients", GRADIENTS)))
    if not metrics or not gradients:
        raise DataError(str(folder), "nothing to draw yet", "at least one finished epoch", "empty tables", "let the run go on")
    caption = _caption(config)
    per_epoch = metrics[0]["iteration"] / metrics[0]["epoch"]
    drops = [drop * config["all_iterations"] / per_epoch for drop in config["drops"]] if config["schedule"] == "steps" else []
    found = {"training": plots.training_curves(metrics, caption, [drop for drop in drops if drop < metrics[-1]["epoch"]])}
    if config["train"] != HEAD:                  # one layer makes no curve
        found["gradients"] = plots.gradients_of_a_net(gradients, caption)
    if (folder / "confusion.csv").exists():
        rows = _read_confusion(folder)
        matrix = np.array([row["images"] for row in rows]).reshape(len(config["classes"]), -1)
        found["confusion"] = plots.confusion(matrix, config["classes"], f"{caption}; {config['test_images']:,} test images")
    return found


def _write_evaluation(folder, classified, classes, names):
    """What became of the test set: errors, how often each class was taken for each, and each image with what it was taken for."""
    errors = {"top_1_error_percent": top_error(classified), "top_5_error_percent": top_error(classified, TOP) if len(classes) > TOP else None}
    replace_text(folder.path / "evaluation.json", json.dumps(errors, indent=2) + "\n")
    (folder.path / "confusion.csv").unlink(missing_ok=True)
    folder.table("confusion", CONFUSION).append({"right": right, "taken_for": other, "images": int(count)}
                                                for right, row in zip(classes, confusion_matrix(classified)) for other, count in zip(classes, row))
    (folder.path / "predictions.csv").unlink(missing_ok=True)
    chances = np.exp(F.log_softmax(Tensor(classified.logits)).data)
    folder.table("predictions", PREDICTIONS).append(
        {"image": name, "right": classes[label], "taken_for": classes[taken], "probability": float(chances[i, taken])}
        for i, (name, label, taken) in enumerate(zip(names, classified.labels, classified.logits.argmax(axis=1))))


def _read_evaluation(folder):
    path = Path(folder) / "evaluation.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(str(path), "cannot be read", "the evaluation of a finished run", getattr(error, "strerror", None) or str(error)) from None


def _read_confusion(folder):
    return read_table(Path(folder) / "confusion.csv", CONFUSION, CONFUSION[:2])


def _caption(config):
    size = f" of {config['image_size']}x{config['image_size']}" if config["image_size"] else ""
    weights = Path(config["weights"] or "")
    start = f" from {weights.parent.name}/{weights.name}".replace(" from /", " from ") if config["weights"] else ""
    trained = {ALL: "", HEAD: " (last layer only)"}.get(config["train"], f" ({config['train']} and later only)")
    return (f"{config['model']}{start}{trained} on {config['dataset_name']}: {config['training_images']:,} images{size}, batch {config['batch_size']}, "
            f"lr {config['lr']:g} ({config['schedule']}), seed {config['seed']}")
