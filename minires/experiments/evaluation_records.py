"""What became of the test set, in the folder of a run: errors, confused classes, each prediction.

evaluation.json      top-1 error, and top-5 error if there are more than five classes
confusion.csv        how many images of each class were taken for each class
predictions.csv      what each image was taken for, and how probable that was
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..diagnostics import Classified, confusion_matrix, top_error
from ..errors import DataError
from ..types import PathLike, Row
from .records import RunFolder, read_table, replace_text

CONFUSION = ("right", "taken_for", "images")
PREDICTIONS = ("image", "right", "taken_for", "probability")
TOP = 5


def write(
    folder: RunFolder, classified: Classified, classes: Sequence[str], names: Sequence[str]
) -> None:
    """Write all three files, instead of those of an earlier sitting.

    Parameters
    ----------
    folder : RunFolder
    classified : diagnostics.Classified
    classes : sequence of str
    names : sequence of str
        A name for each image.
    """
    top = top_error(classified, TOP) if len(classes) > TOP else None
    errors = {"top_1_error_percent": top_error(classified), "top_5_error_percent": top}
    replace_text(folder.path / "evaluation.json", json.dumps(errors, indent=2) + "\n")
    for name in ("confusion", "predictions"):
        (folder.path / f"{name}.csv").unlink(missing_ok=True)
    folder.table("confusion", CONFUSION).append(
        {"right": right, "taken_for": other, "images": int(count)}
        for right, row in zip(classes, confusion_matrix(classified))
        for other, count in zip(classes, row)
    )
    probabilities = np.exp(F.log_softmax(Tensor(classified.logits)).data)
    taken = classified.logits.argmax(axis=1)
    folder.table("predictions", PREDICTIONS).append(
        {
            "image": names[i],
            "right": classes[label],
            "taken_for": classes[taken[i]],
            "probability": float(probabilities[i, taken[i]]),
        }
        for i, label in enumerate(classified.labels)
    )


def read_errors(folder: PathLike) -> dict[str, float | None]:
    """The content of ``evaluation.json``. Raises DataError if it is missing or damaged."""
    path = Path(folder) / "evaluation.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            str(path),
            "cannot be read",
            "the evaluation of a finished run",
            getattr(error, "strerror", None) or str(error),
        ) from None


def read_confusion(folder: PathLike) -> list[Row]:
    """The rows of ``confusion.csv``. Raises DataError if it is missing or damaged."""
    return read_table(Path(folder) / "confusion.csv", CONFUSION, CONFUSION[:2])
