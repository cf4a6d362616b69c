"""The results on the test set, in the folder of a run: errors, confused classes, every prediction.

evaluation.json      top-1 error, and top-5 error if there are more than five classes
confusion.csv        how many images of each class were taken for each class; with more than 60
                     classes only the classes that occur, since ImageNet's make a million pairs
predictions.csv      the predicted class of each image, and its probability
damaged.csv          photographs that could not be read and were left out, if there were any
"""

import json
from collections.abc import Mapping, Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..diagnostics import Classified, confusion_matrix, top_error
from ..errors import DataError
from ..names import expanded
from ..serialization.files import replace_text
from ..training.kinds import NUMBER, PERCENT
from ..types import Array, PathLike, Row
from .records import RunFolder, read_table

CONFUSION = ("right", "taken_for", "images")
DAMAGED = ("picture", "reason")
PREDICTIONS = ("image", "right", "taken_for", "probability")
ERRORS = ("top_1_error_percent", "top_5_error_percent")
TOP = 5
ALL_CLASSES = 60  # up to this number, confusion.csv has all classes


def write(
    folder: RunFolder, classified: Classified, classes: Sequence[str], names: Sequence[str]
) -> None:
    """Write ``evaluation.json``, ``confusion.csv`` and ``predictions.csv``, replacing earlier ones.

    Parameters
    ----------
    folder : RunFolder
    classified : diagnostics.Classified
        Logits (N, K) and labels (N,).
    classes : sequence of str
        The names of the K classes.
    names : sequence of str
        The names of the N images.

    Raises
    ------
    CheckpointError
        If a file cannot be written.
    """
    top = top_error(classified, TOP) if len(classes) > TOP else None
    errors = dict(zip(ERRORS, (top_error(classified), top)))
    replace_text(folder.path / "evaluation.json", json.dumps(errors, indent=2) + "\n")
    matrix = confusion_matrix(classified)
    occurs = matrix.any(axis=0) | matrix.any(axis=1)
    kept = np.flatnonzero(occurs | (len(classes) <= ALL_CLASSES)).tolist()
    folder.table("confusion", CONFUSION).replace(
        {"right": classes[i], "taken_for": classes[j], "images": int(matrix[i, j])}
        for i in kept
        for j in kept
    )
    probabilities = np.exp(F.log_softmax(Tensor(classified.logits)).data)
    taken = classified.logits.argmax(axis=1)
    folder.table("predictions", PREDICTIONS).replace(
        {
            "image": names[i],
            "right": classes[label],
            "taken_for": classes[taken[i]],
            "probability": float(probabilities[i, taken[i]]),
        }
        for i, label in enumerate(classified.labels)
    )


def write_damaged(folder: RunFolder, damaged: Mapping[str, str]) -> None:
    """Write ``damaged.csv`` from a dict, file -> what is wrong with it. If no file is damaged,
    there is no such table.

    Raises CheckpointError if it cannot be written.
    """
    (folder.path / "damaged.csv").unlink(missing_ok=True)  # from before the run was resumed
    if damaged:
        folder.table("damaged", DAMAGED, DAMAGED).replace(
            {"picture": path, "reason": reason} for path, reason in damaged.items()
        )


def read_errors(folder: PathLike) -> dict[str, float | None]:
    """The errors in ``evaluation.json`` by name, in percent; the top-5 error is None with five
    classes or fewer. Raises DataError if the file is missing or damaged.
    """
    path = expanded(folder) / "evaluation.json"
    try:
        errors = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(errors, dict) or not PERCENT.accepts(errors.get(ERRORS[0])):
            raise ValueError(f"no {ERRORS[0]}, from 0 to 100")
        if errors.get(ERRORS[1]) is not None and not PERCENT.accepts(errors[ERRORS[1]]):
            raise ValueError(f"{ERRORS[1]}: not from 0 to 100")
        return {name: errors.get(name) for name in ERRORS}
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            str(path),
            "cannot be read",
            "the evaluation of a finished run",
            getattr(error, "strerror", None) or str(error),
            "finish the run with --resume, which writes the file again",
        ) from None


def read_confusion(folder: PathLike, config: Mapping[str, Any]) -> list[Row]:
    """The rows of ``confusion.csv``: for each class, how many images were taken for each class.

    Parameters
    ----------
    folder : str or Path
    config : dict
        The settings of the run, among them `classes` and the number of `test_images`.

    Raises
    ------
    DataError
        If the table is missing or damaged, or does not hold all classes or all images.
    """
    path, classes = Path(folder) / "confusion.csv", config["classes"]
    rows = read_table(path, CONFUSION, CONFUSION[:2])
    pairs = [(row["right"], row["taken_for"]) for row in rows]
    images = sum(row["images"] for row in rows)
    kept = classes
    if len(classes) > ALL_CLASSES:
        kept = [other for _, other in pairs[: isqrt(len(pairs))]]
    in_order = iter(classes)
    is_part = all(any(name == one for one in in_order) for name in kept)
    if not is_part or pairs != [(right, other) for right in kept for other in kept]:
        expected, got = f"{len(classes)} x {len(classes)} of the run's classes", f"{len(rows)}"
    elif images != config["test_images"] or not all(NUMBER.accepts(row["images"]) for row in rows):
        expected, got = f"{config['test_images']} test images", f"{images}"
    else:
        return rows
    todo = "finish the run with --resume, which writes the table again"
    raise DataError(str(path), "rows are missing or were changed", expected, got, todo)


def read_matrix(folder: PathLike, config: Mapping[str, Any]) -> tuple[Array, list[str]]:
    """The confusion matrix (K, K), right class by predicted class, and the names of the classes.

    Parameters and errors are those of `read_confusion`.
    """
    rows = read_confusion(folder, config)
    count = isqrt(len(rows))
    matrix = np.array([row["images"] for row in rows]).reshape(count, count)
    return matrix, [str(row["taken_for"]) for row in rows[:count]]
