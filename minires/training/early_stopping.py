"""Stop when training no longer helps, and go back to the weights of the best epoch.

After each epoch the error on a validation set is measured. When it has not been lower for
`patience` epochs, training ends (Prechelt 1998, *Early Stopping - But When?*). The validation set
is a part of the training set that is not trained on. It is not the test set: the lowest of many
errors on that would look better than the net is.
"""

from collections.abc import Mapping
from typing import Any

from .. import backend
from ..checks import is_integer, is_number
from ..errors import CheckpointError
from ..names import shown
from ..nn import Module
from ..types import Array, PathLike


class EarlyStopping:
    """The validation errors of a run so far, and the weights at the lowest of them.

    Parameters
    ----------
    patience : int
        Epochs without a lower error after which training stops.

    Attributes
    ----------
    rows : list of dict
        For each epoch: iteration, epoch, val_error (percent).
    best_arrays : dict
        The weights and running statistics after the best epoch, by name; empty before the first.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.rows: list[dict[str, Any]] = []
        self.best_arrays: dict[str, Array] = {}

    @property
    def best(self) -> int:
        """The position in `rows` of the lowest error; of equal ones the first."""
        errors = [row["val_error"] for row in self.rows]
        return errors.index(min(errors))

    @property
    def stopped(self) -> bool:
        """Whether so many epochs have gone by without a lower error."""
        return bool(self.rows) and len(self.rows) - 1 - self.best >= self.patience

    def add(self, row: Mapping[str, Any], model: Module) -> None:
        """Note the error of an epoch, and keep the weights if it is the lowest so far."""
        self.rows.append(dict(row))
        if self.best == len(self.rows) - 1:
            self.best_arrays = {
                name: backend.copy(array) for name, array in model.state_dict().items()
            }

    def restore(self, model: Module) -> None:
        """Give `model` the weights of the best epoch."""
        if self.best_arrays:
            model.load_state_dict(self.best_arrays)


def check_saved(state: Any, history: list[dict[str, Any]], path: PathLike) -> list[dict[str, Any]]:
    """The rows of an `EarlyStopping` in a checkpoint, which must fit the run's history.

    Raises CheckpointError if they are missing, damaged, or of other epochs.
    """
    rows = state if isinstance(state, list) else []
    for row, epoch in zip(rows, history):
        if not (
            isinstance(row, dict)
            and is_integer(row.get("iteration"))
            and row["iteration"] == epoch["iteration"]
            and all(is_number(row.get(name)) for name in ("epoch", "val_error"))
            and 0 <= row["val_error"] <= 100
        ):
            raise _damaged(path, f"the epoch that ended at iteration {epoch['iteration']}", row)
    if len(rows) != len(history):
        raise _damaged(path, f"{len(history)}, one for each epoch", len(rows))
    return rows


def check_best(best: Mapping[str, Array], model: Module, path: PathLike) -> None:
    """Raise CheckpointError if the best weights in a checkpoint are not those of such a net."""
    own = {name: (array.shape, array.dtype) for name, array in model.state_dict().items()}
    found = {name: (array.shape, array.dtype) for name, array in best.items()}
    wrong = [name for name in {**own, **found} if own.get(name) != found.get(name)]
    if wrong:
        what = f"the weights of the best epoch: {wrong[0]}"
        expected, got = (str(arrays.get(wrong[0], "none")) for arrays in (own, found))
        raise CheckpointError(str(path), what, expected, got, "take another checkpoint")


def _damaged(path, expected, got):
    what = "validation errors in the saved state"
    return CheckpointError(str(path), what, expected, shown(got), "take another checkpoint")
