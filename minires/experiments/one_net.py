"""One net, any of them, trained on any data set: what ``minires train`` and ``minires finetune`` do.

It may start from weights trained elsewhere: then its head, the layer that holds the classes, is exchanged, and as much of the rest
as is wanted stays as it is. With the head alone to be trained (a linear probe) the frozen layers are asked once for what they make of
each image, and training goes on with these features: seconds in place of hours.
"""

import json
from pathlib import Path

import numpy as np

from .. import backend, data, models
from .. import plot as plots
from .. import weights as weight_files
from ..diagnostics import classify, confusion_matrix, top_error
from ..errors import ConfigError, DataError
from ..models.catalogue import settings_of
from ..tensor import Tensor, no_grad
from ..train import EVALUATION_BATCH
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
    recipe, any_order = settings.recipe(len(train_set)), np.random.default_rng(0)
    batches = train_set.training_batches(recipe, any_order, any_order, settings.device)      # a recipe that does not suit fails here
    folder = RunFolder(out, {"experiment": NAME, **settings.deciding(), "dataset_name": train_set.name, "classes": train_set.classes,
                             "training_images": len(train_set), "test_images": len(test_set), "all_iterations": recipe.iterations,
                             "parameters": model.num_parameters()}, resume=resume, device=settings.device)
    trained, preparation = model, train_set.preparation()
    if settings.train == HEAD:
        train_set, test_set = (features_of(model, batches.evaluating(some, EVALUATION_BATCH), progress) for some in (train_set, test_set))
        trained = model.fc
    trainer = TrainingRecords(folder, settings.device, progress).train(settings.model, trained, train_set, test_set, recipe, settings.seed)
    weight_files.save(model, folder.path / "weights.safetensors", classes=train_set.classes, preparation=preparation)
    _write_evaluation(folder, classify(trained, trainer.test_batches), train_set.classes)


def load_sets(settings, progress=True):
    """The training and test set that the settings name, at their size."""
    if settings.dataset == FOLDER:
        if settings.data is None:
            raise ConfigError("data", "which folder of photographs?", "one with a folder for each class in it", "none", "name it by --data")
        sets = data.photographs(settings.data, settings.image_size, settings.held_out, settings.seed, settings.workers, settings.cache, progress)
        # They come class by class: the first few of a set are to hold all classes.
        train, test = (some.pick(np.random.default_rng(settings.seed).permutation(len(some))) for some in sets)
    else:
        if settings.dataset == "synthetic" and settings.data is not None:
            raise ConfigError("data", "the synthetic images are drawn, not read", "another data set beside it", settings.data)
        train, test = data.load(settings.dataset, settings.data, settings.train_size)
        if settings.image_size is not None:
            train, test = train.resize(settings.image_size), test.resize(settings.image_size)
    return train.take(settings.train_size or len(train)), test.take(settings.test_size or len(test))


def build(settings, train_set):
    """The net for these classes, with the weights that it is to start from, and what is not trained frozen."""
    own = {"seed": settings.seed, "num_classes": len(train_set.classes), **settings.net}
    if "image_size" in settings_of(settings.model):
        own.setdefault("image_size", train_set.input_shape[0])
    if settings.weights is None:
        model = models.build(settings.model, **own)
        if settings.train != ALL:
            raise ConfigError("train", f"{settings.train!r} of a net with random weights", "weights to start from", "none", "name them by --weights")
    else:
        found = weight_files.read(settings.weights)
        if "fc.weight" not in found:
            raise ConfigError(str(settings.weights), "not the weights of a net with a head", "fc.weight among the names", f"{len(found)} other names")
        model = models.build(settings.model, **{**own, "num_classes": found["fc.weight"].shape[-1]})
        weight_files.load(model, settings.weights)
        if weight_files.classes_of(settings.weights) != list(train_set.classes):
            models.replace_head(model, len(train_set.classes), settings.seed)
    if settings.train not in (ALL, HEAD):
        models.freeze_before(model, settings.train)
    if settings.recompute:
        if not hasattr(type(model), "recompute"):
            raise ConfigError("recompute", f"{settings.model} has no blocks that can be run again", "a residual or plain net for images", settings.model)
        model.recompute = True
    return model


def features_of(model, batches, progress=True):
    """What the layers before the head make of each image of evaluation batches: a `data.FeatureDataset`."""
    from tqdm import tqdm

    found, labels, dataset = [], [], batches.dataset
    model.to(batches.device).eval()
    with no_grad(), tqdm(total=len(dataset), desc="features", unit="image", dynamic_ncols=True, disable=None if progress else True) as bar:
        for images, right in batches:
            found.append(backend.move(models.features(model, Tensor(images)).data, "cpu"))
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
    if evaluation["top_5_error"] is not None:
        lines.append(f"top-1 error {evaluation['top_1_error']:.1f} %, top-5 error {evaluation['top_5_error']:.1f} %")
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


def _write_evaluation(folder, classified, classes):
    """What became of the test set: errors, and how often each class was taken for each."""
    errors = {"top_1_error": top_error(classified), "top_5_error": top_error(classified, TOP) if len(classes) > TOP else None}
    replace_text(folder.path / "evaluation.json", json.dumps(errors, indent=2) + "\n")
    (folder.path / "confusion.csv").unlink(missing_ok=True)
    folder.table("confusion", CONFUSION).append({"right": right, "taken_for": other, "images": int(count)}
                                                for right, row in zip(classes, confusion_matrix(classified)) for other, count in zip(classes, row))


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
    start = f", from {Path(config['weights']).name}" if config["weights"] else ""
    trained = {ALL: "", HEAD: ", last layer alone"}.get(config["train"], f", from {config['train']} on")
    return (f"{config['model']}{start}{trained} on {config['dataset_name']}, {config['training_images']:,} images{size}, batch {config['batch_size']}, "
            f"lr {config['lr']:g} ({config['schedule']}), seed {config['seed']}")
