"""Evaluate the weights of a net: its errors on a test set, by class, and how well its
probabilities are calibrated.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn
from .. import plot as plots
from ..diagnostics import Classified, calibration, classify, confusion_matrix
from ..names import expanded
from ..serialization.weights import WeightsFile
from ..types import Device, Figure, PathLike
from . import confidence, evaluation_records
from .before_data import check_net_knows
from .evaluation_images import class_order, images_to_test, source_of
from .records import RunFolder, check_new, of_one_run, read_config, read_table, save_figures
from .trained_net import diverged, trained_net

NAME = "evaluate"
TOP = 5
PER_CLASS = ("class", "images", "error_percent")
CALIBRATION = ("low", "high", "images", "confidence", "accuracy")


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
    cache: PathLike | None = None,
    skip_damaged: bool = False,
    flip: bool = False,
    on_start: Callable[[Mapping[str, Any]], object] | None = None,
) -> None:
    """Evaluate the net in a file of weights, and record the results in the folder `out`.

    Writes ``config.json``, ``evaluation.json``, ``classes.csv``, ``confusion.csv``,
    ``calibration.csv`` and ``predictions.csv``, from which `report` and `plot` work.

    Parameters
    ----------
    file : WeightsFile
        From `open_weights`.
    out : str or Path
        A new or empty folder.
    model : str, optional
        The name of the net, if the file does not contain it.
    net : dict, optional
        The net's own settings.
    dataset : str, optional
        The name of a data set; None means the photographs in `folder`.
    folder : str or Path, optional
        The folder with the files of the data set, or with photographs, in a subfolder for each
        class.
    transform : dict, optional
        ``resize``, ``crop``, ``mean`` and ``std``, if the file lacks them or they are wrong.
    batch_size : int
    device : {"cpu", "gpu"}
    progress : bool
    cache : str or Path, optional
        The folder for decoded photographs; by default in the user's cache.
    skip_damaged : bool
        Leave out photographs that cannot be read, and list them in ``damaged.csv``.
    flip : bool
        Classify each image twice, as it is and mirrored, and average the probabilities.
    on_start : callable, optional
        ``on_start(settings)`` is called before the first image, with the settings that
        ``config.json`` holds.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError
        If settings are impossible, a file cannot be used, or the weights do not fit the net.
    DivergenceError
        If outputs of the net are not finite.
    """
    check_new(expanded(out), resume=None)  # fail before the work, not after it
    its_net = trained_net(file, model, net, transform)
    check_net_knows(file, dataset, folder)
    built = its_net.model.to(device)
    parameters = built.num_parameters()
    fused: Any = nn.fuse(built)  # the same outputs, computed faster
    images, batches = images_to_test(
        source_of(dataset, folder),
        its_net.transform,
        batch_size,
        device,
        progress=progress,
        cache=cache,
        skip_damaged=skip_damaged,
    )
    classes, order = class_order(file, images)
    settings = {
        "experiment": NAME,
        "model": its_net.name,
        "net": its_net.settings,
        "weights": file.path.name,
        "parameters": parameters,
        "dataset_name": images.name,
        "transform": its_net.transform.as_dict(),
        **({"test_flip": True} if flip else {}),
        "classes": classes,
        "test_images": len(images),
    }
    if on_start is not None:
        on_start(settings)
    found = classify(fused, _shown(batches, len(images), progress), flip=flip)
    _check_finite(found.logits, file)
    classified = Classified(found.logits, order[found.labels])
    with RunFolder(expanded(out), settings, device=device) as run_folder:
        evaluation_records.write_damaged(run_folder, getattr(images, "damaged", {}))
        _write(run_folder, classified, classes, images.names())


def _check_finite(logits, file):
    """Raise DivergenceError if there are outputs that are not finite, instead of counting them as
    wrong answers.
    """
    bad = int((~np.isfinite(logits)).any(axis=1).sum())
    if bad:
        raise diverged(file, f"inf or nan for {bad:,} of {len(logits):,} images")


def _shown(batches, images, progress):
    """The batches with a progress bar, as an iterable that can be used repeatedly."""
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
    """The numbers of the evaluation in `folder`, as ``minires evaluate --json`` prints them.

    Errors and their 95 % confidence intervals are in percent. Raises DataError if records are
    missing or damaged.
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
    """The results of the evaluation in `folder` as lines of text. Raises DataError as `results`."""
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
    """The figures ``confusion`` and ``calibration`` of the evaluation in `folder`. Raises DataError
    as `results`.
    """
    folder = expanded(folder)
    config = read_config(folder, NAME)
    with of_one_run(folder):
        caption = f"{config['model']}, {config['weights']}, on {config['dataset_name']}"
        matrix, classes = evaluation_records.read_matrix(folder, config)
        bins = read_table(folder / "calibration.csv", CALIBRATION)
        return {
            "confusion": plots.confusion(matrix, classes, caption),
            "calibration": plots.calibration(bins, caption),
        }


def plot(folder: PathLike) -> list[Path]:
    """Draw the `figures` of the evaluation in `folder`, save them there, and return their paths.

    Raises DataError as `figures` does, and CheckpointError if a file cannot be written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)
