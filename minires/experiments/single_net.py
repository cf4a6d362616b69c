"""One net, any of them, trained on any data set: what ``minires train`` and ``minires finetune`` do.

It may start from weights trained elsewhere: then its head, the last layer, which holds the classes, is exchanged, and as much
of the rest as is wanted stays as it is. To train the head alone (a linear probe), the frozen layers compute their features of
each image once, and training goes on with these: seconds instead of hours.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import backend, data, models
from .. import functional as F
from .. import plot as plots
from ..autograd import Tensor, no_grad
from ..diagnostics import classify, confusion_matrix, top_error
from ..diagnostics.parts import main_path
from ..errors import ConfigError, DataError
from ..serialization.weights import open_weights, save
from ..training.config import ALL, FOLDER, HEAD
from ..training.trainer import EVALUATION_BATCH, loader_for
from .model_setup import build, complete
from .records import RunFolder, check_new, read_config, read_table, replace_text
from .training_records import GRADIENTS, METRICS, TEXT, TrainingRecords, drops_in_epochs

NAME = "single net"
CONFUSION = ("right", "taken_for", "images")
PREDICTIONS = ("image", "right", "taken_for", "probability")
TOP = 5


def run(config, out, resume=False, progress=True, file=None):
    """Train the net, and write settings, tables, a checkpoint, the weights and what became of the test set to the folder `out`.

    Parameters
    ----------
    config : RunConfig
        `RunConfig.for_data` makes one that suits the data.
    out : str or Path
        A new or empty folder, unless `resume`.
    resume : bool
        Go on with an interrupted run, to the same bits.
    progress : bool
    file : WeightsFile, optional
        The file of weights that the config names, if it is open already.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError, DivergenceError
        For settings that cannot be met, unusable files, weights that do not fit, and training that blows up.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved.
    """
    backend.check_device(config.device, "--device")
    check_new(out, resume)
    if file is None and config.weights is not None:
        file = open_weights(config.weights)
    config = complete(config, file)
    if config.dataset == FOLDER:                  # report what is wrong with the net before thousands of pictures are decoded
        build(config, file, (config.image_size, config.image_size, 3), ("", ""))
    train_set, test_set = load_sets(config, file, progress)
    model, note = build(config, file, train_set.input_shape, train_set.classes)
    if note and progress:
        print(note, flush=True)
    config = replace(config.for_depth(len(main_path(model))), batch_size=config.resolve(len(train_set)).batch_size)
    loader = loader_for(train_set, config)        # crops that do not suit the data fail here, before there is a folder
    folder = RunFolder(out, {"experiment": NAME, **config.deciding(), "dataset_name": train_set.name, "classes": train_set.classes,
                             "training_images": len(train_set), "test_images": len(test_set),
                             "all_iterations": config.resolve(len(train_set)).iterations,
                             "parameters": model.num_parameters()}, resume=resume, device=config.device)
    trained, transform, names = model, train_set.transform, test_set.names()
    if config.train == HEAD:
        train_set, test_set = (features_of(model, loader.eval_loader(some, EVALUATION_BATCH), progress)
                               for some in (train_set, test_set))
        trained = model.fc
    trainer = TrainingRecords(folder, progress).train(config.model, trained, train_set, test_set, config)
    save(model, folder.path / "weights.safetensors", classes=train_set.classes, transform=transform.as_dict(),
         built={"model": config.model, "net": config.net})
    _write_evaluation(folder, classify(trained, trainer.test_loader), train_set.classes, names)


def load_sets(config, file=None, progress=True):
    """The training and test set that the config names, at their size; `file`: the weights that the net starts from."""
    if config.dataset == FOLDER:
        if config.data is None:
            raise ConfigError("data", "which folder of photographs?", "one with a folder for each class in it", "none", "name it by --data")
        sets = data.image_folder(config.data, val_fraction=config.val_fraction or 0.2, seed=config.seed, workers=config.workers,
                                 cache=config.cache, progress=progress, transform=_transform(config, file))
        # They come class by class: the first few of a set are to hold all classes.
        train, test = (some.pick(np.random.default_rng(config.seed).permutation(len(some))) for some in sets)
    else:
        if config.dataset == "synthetic" and config.data is not None:
            raise ConfigError("data", "the synthetic images are drawn, not read", "another data set beside it", config.data)
        train, test = data.load(config.dataset, config.data, config.train_size)
        if config.image_size is not None:
            train, test = train.resize(config.image_size), test.resize(config.image_size)
    return train.take(config.train_size or len(train)), test.take(config.test_size or len(test))


def _transform(config, file):
    """How photographs become inputs: as those that the weights were trained with, else as for ImageNet's nets."""
    saved = {} if file is None else file.transform
    crop, resize = config.image_size, data.shorter_side(config.image_size)
    if "resize" in saved and "crop" in saved:
        resize = round(crop * saved["resize"] / saved["crop"])
    return data.ImageTransform(resize, crop, **{name: saved[name] for name in ("mean", "std") if name in saved})


def features_of(model, loader, progress=True):
    """What the layers before the head make of each image of an `EvalLoader`: a `data.FeatureDataset`."""
    from tqdm import tqdm

    found, labels, dataset = [], [], loader.dataset
    model.to(loader.device).eval()
    with no_grad(), tqdm(total=len(dataset), desc="features", unit="image", dynamic_ncols=True, disable=None if progress else True) as bar:
        for images, right in loader:
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
    drops = drops_in_epochs(config, config["all_iterations"], per_epoch, metrics[-1]["epoch"])
    found = {"training": plots.training_curves(metrics, caption, drops)}
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
        return json.loads(path.read_text(encoding="utf-8"))
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
