"""What weights are worth: the errors of a net on a data set that it was not trained on.

Weights may come from anywhere, and only work on images prepared as in their training. The file may
say how, or its family is known for it; otherwise the user has to say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, data, models, nn
from .. import plot as plots
from ..data.datasets.image_folder import photographs_to_test
from ..data.transforms import shorter_side
from ..diagnostics import Classified, calibration, classify, confusion_matrix
from ..errors import ConfigError, unknown_name
from ..models.registry import OF_ONE_DEPTH, settings_of
from ..names import expanded
from ..nn import Module
from ..serialization.weights import WeightsFile, load
from ..types import Array, Device, Figure, PathLike
from . import confidence, evaluation_records
from .records import RunFolder, of_one_run, read_config, read_table, save_figures

NAME = "evaluate"
TOP = 5
PER_CLASS = ("class", "images", "error_percent")
CALIBRATION = ("low", "high", "images", "confidence", "accuracy")


@dataclass(frozen=True, eq=False)
class NormalisedImages:
    """Batches of an `ImageDataset`, (pixels / 255 - mean) / std: gone through any number of times.

    Parameters
    ----------
    dataset : data.ImageDataset
    transform : data.ImageTransform
        Its mean and std; the images have their size already.
    batch_size : int
    device : {"cpu", "gpu"}
    """

    dataset: data.ImageDataset
    transform: data.ImageTransform
    batch_size: int
    device: Device = "cpu"

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        mean, std = (
            np.array(colours, np.float32) for colours in (self.transform.mean, self.transform.std)
        )
        for start in range(0, len(self.dataset), self.batch_size):
            part = slice(start, start + self.batch_size)
            images = self.dataset.images[part].astype(np.float32) / np.float32(255)
            yield backend.move((images - mean) / std, self.device), self.dataset.labels[part]


def transform_of(
    file: WeightsFile, model: str, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """How a picture becomes an input of the net.

    What is `given` comes first, then what the file of weights says, then what is usual for
    ImageNet's nets or for small ones. A crop of another size changes the size before the crop in
    proportion.

    Raises
    ------
    ConfigError
        For a picture smaller than the crop, or a standard deviation of 0.
    """
    given = dict(given or {})
    if model in OF_ONE_DEPTH:  # a net for ImageNet
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


def run(
    file: WeightsFile,
    out: PathLike,
    *,
    model: str | None = None,
    net: Mapping[str, Any] | None = None,
    dataset: str | None = None,
    folder: PathLike | None = None,
    transform: Mapping[str, Any] | None = None,
    batch_size: int = 250,
    device: Device = "cpu",
    progress: bool = True,
    flip: bool = False,
) -> None:
    """Evaluate the net of a file of weights into the folder `out`.

    Writes ``config.json``, ``evaluation.json``, ``classes.csv``, ``confusion.csv``,
    ``calibration.csv`` and ``predictions.csv``; see `report` and `plot`.

    Parameters
    ----------
    file : WeightsFile
        What `open_weights` has read.
    out : str or Path
        A new or empty folder.
    model : str, optional
        The net, where the file does not say it.
    net : dict, optional
        Its own settings.
    dataset : str, optional
        A data set by its name; None for the photographs in `folder`.
    folder : str or Path, optional
        Where the files of the data set are, or the photographs: a folder for each class.
    transform : dict, optional
        ``resize``, ``crop``, ``mean`` and ``std``, where the file does not say them or is wrong.
    batch_size : int
    device : {"cpu", "gpu"}
    progress : bool
    flip : bool
        Look at each image twice, as it is and mirrored, and take the mean of the probabilities.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError
        For settings that cannot be met, unusable files, and weights that do not fit.
    """
    defaults = settings_of(file.built["model"]) if file.built else None
    name, settings = file.resolve_net(model, dict(net or {}), defaults)
    if name is None:
        raise ConfigError(
            str(file.path),
            "the file does not say which net its weights belong to",
            todo="name the net by --model",
        )
    chosen = data.ImageTransform(**transform_of(file, name, transform))
    built = net_of(file, name, settings, chosen.crop).to(device)
    fused: Any = nn.fuse(built)  # computes the same, faster
    images, batches = _images(dataset, folder, chosen, batch_size, device, progress)
    classes, order = _classes(file, images)
    found = classify(fused, _shown(batches, len(images), progress), flip=flip)
    classified = Classified(found.logits, order[found.labels])
    settings = {
        "experiment": NAME,
        "model": name,
        "net": settings,
        "weights": file.path.name,
        "parameters": built.num_parameters(),
        "dataset_name": images.name,
        "transform": chosen.as_dict(),
        **({"test_flip": True} if flip else {}),
        "classes": classes,
        "test_images": len(images),
    }
    with RunFolder(expanded(out), settings, device=device) as its:
        _write(its, classified, classes, images.names())


def _images(dataset, folder, transform, batch_size, device, progress):
    """The images to evaluate on, and their batches."""
    if dataset is None:
        photographs = photographs_to_test(folder, transform, progress=progress)
        return photographs, data.eval_loader(photographs, batch_size, device=device)
    _, test = data.load(dataset, folder)
    size = min(transform.resize, transform.crop)
    if test.input_shape[0] != size:
        test = test.resize(size)
    return test, NormalisedImages(test, transform, batch_size, device)


def _classes(file, images):
    """The names of the net's outputs, and which of them each of the data set's classes is."""
    own = list(images.classes)
    named = file.classes
    if named is None:
        if file.num_classes not in (None, len(own)):
            raise ConfigError(
                str(file.path),
                "classes",
                f"{len(own)}, as in {images.name}",
                str(file.num_classes),
                "evaluate on the data set that the net was trained for",
            )
        return own, np.arange(len(own))
    unknown = [name for name in own if name not in named]
    if unknown:
        raise ConfigError(
            images.name,
            "classes that the net does not know",
            f"some of {', '.join(named[:10])}{' ...' * (len(named) > 10)}",
            ", ".join(unknown[:5]),
            "rename the folders as the net's classes are called",
        )
    return list(named), np.array([named.index(name) for name in own])


def _shown(batches, images, progress):
    """The batches with a bar: an iterable that can be gone through again."""
    from tqdm import tqdm

    class Shown:
        def __iter__(self):
            with tqdm(
                total=images, unit="image", dynamic_ncols=True, disable=None if progress else True
            ) as bar:
                for inputs, labels in batches:
                    yield inputs, labels
                    bar.update(len(labels))

    return Shown()


def _write(folder, classified, classes, names):
    evaluation_records.write(folder, classified, classes, names)
    matrix = confusion_matrix(classified)
    counts = matrix.sum(axis=1)
    folder.table("classes", PER_CLASS).replace(
        {
            "class": name,
            "images": int(count),
            "error_percent": 100 * (1 - float(row[i]) / count),
        }
        for i, (name, count, row) in enumerate(zip(classes, counts, matrix))
        if count
    )
    folder.table("calibration", CALIBRATION).replace(
        one._asdict() for one in calibration(classified).bins if one.images
    )


def results(folder: PathLike) -> dict[str, Any]:
    """The numbers of an evaluation, from its records: what ``minires evaluate --json`` prints.

    Raises DataError if they are missing or damaged.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME)
    with of_one_run(folder):
        errors = evaluation_records.read_errors(folder)
        images = config["test_images"]
        intervals = {
            name.replace("percent", "interval"): [
                100 * end for end in confidence.of_a_part(round(error / 100 * images), images)
            ]
            for name, error in errors.items()
            if error is not None
        }
        bins = read_table(folder / "calibration.csv", CALIBRATION)
        expected = sum(row["images"] * abs(row["confidence"] - row["accuracy"]) for row in bins)
        return {
            **{
                name: config[name]
                for name in ("model", "net", "weights", "parameters", "dataset_name")
            },
            "images": images,
            "transform": config["transform"],
            "flip": config.get("test_flip", False),
            **errors,
            **intervals,
            "calibration_error_points": expected / images,
            "classes": read_table(folder / "classes.csv", PER_CLASS, PER_CLASS[:1]),
        }


def report(folder: PathLike) -> str:
    """The results as lines of text, from the records alone. Raises as `results`."""
    found = results(folder)
    twice = ", each seen twice, as it is and mirrored" * found["flip"]
    lines = [
        f"{found['model']} with {found['weights']} on {found['dataset_name']}: "
        f"{found['images']:,} test images{twice}, {found['parameters']:,} parameters"
    ]
    for k in (1, TOP):
        error = found[f"top_{k}_error_percent"]
        if error is not None:
            low, high = found[f"top_{k}_error_interval"]
            lines.append(
                f"top-{k} error {error:.2f} % (95 % confidence interval {low:.2f} to {high:.2f})"
            )
    lines.append(
        f"probabilities are off by {found['calibration_error_points']:.1f} points on average "
        "(expected calibration error)"
    )
    worst = sorted(found["classes"], key=lambda row: -row["error_percent"])[:10]
    width = max(len(row["class"]) for row in worst)
    lines += [f"{'class':<{width}}{'images':>9}{'error':>10}"]
    lines += [
        f"{row['class']:<{width}}{row['images']:>9,}{row['error_percent']:>8.1f} %" for row in worst
    ]
    if len(found["classes"]) > len(worst):
        lines.append(f"the {len(worst)} worst of {len(found['classes'])} classes; all: classes.csv")
    return "\n".join(lines)


def figures(folder: PathLike) -> dict[str, Figure]:
    """``confusion`` and ``calibration``, from the records. Raises as `results`."""
    folder = expanded(folder)
    config = read_config(folder, NAME)
    with of_one_run(folder):
        caption = f"{config['model']}, {config['weights']}, on {config['dataset_name']}"
        rows = evaluation_records.read_confusion(folder, config)
        classes = config["classes"]
        matrix = np.array([row["images"] for row in rows]).reshape(len(classes), -1)
        bins = read_table(folder / "calibration.csv", CALIBRATION)
        return {
            "confusion": plots.confusion(matrix, classes, caption),
            "calibration": plots.calibration(bins, caption),
        }


def plot(folder: PathLike) -> list[Path]:
    """Draw the `figures` of the evaluation in `folder`. Returns their paths."""
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)
