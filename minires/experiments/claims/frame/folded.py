"""Claims about nets that fold into plain nets: their errors, and whether the fold is exact."""

from collections.abc import Callable, Sequence
from typing import Any

from .... import models
from ....autograd import Tensor
from ....types import Figure, Row
from . import error_comparison
from .claim import Training, on_trained
from .criterion import Criterion, below
from .error_comparison import Bar
from .laboratory import Laboratory
from .same_logits import EQUAL, differences, largest_difference

COLUMNS, TEXT = (*error_comparison.COLUMNS, "difference"), error_comparison.TEXT
IMAGES = 500  # test images whose logits are compared


def measure(folded: Training, *others: Training) -> Callable[[Laboratory, int], list[Row]]:
    """Make the ``measure`` of a claim about a net that folds: the final errors of this net and of
    the others.

    The column ``difference`` holds the largest difference between a logit of the trained net and
    of the plain net that it folds into.
    """
    errors = error_comparison.measure(folded, *others)

    @on_trained(folded, *others)
    def errors_and_difference(laboratory: Laboratory, seed: int) -> list[Row]:
        net, variant = folded
        model: Any = laboratory.trained(net, seed, variant)  # a CifarResNet
        images, _ = next(iter(laboratory.test_batches(IMAGES)))
        difference = largest_difference(model, models.as_plain(model), Tensor(images))
        return [{**row, "difference": difference} for row in errors(laboratory, seed)]

    return errors_and_difference


def draw(*groups: tuple[str, Sequence[Bar]]) -> Callable[[Sequence[Row], str], Figure]:
    """Make a claim's ``draw``: that of `error_comparison`, and in the caption how exact the fold
    is.
    """
    bars = error_comparison.draw(*groups)
    return lambda rows, caption: bars(rows, with_difference(rows, caption))


def with_difference(rows: Sequence[Row], caption: str) -> str:
    """The caption, followed by how much the logits change when the net is folded."""
    largest = max(differences(rows))
    change = f"change by {largest:.0e} at most" if largest else "do not change at all"
    return f"{caption}; folded into a plain net, its logits {change}"


def exact(net: str) -> Criterion:
    """The `Criterion` that this net folds into a plain net without changing its logits."""
    return below(
        f"largest difference between a logit of {net} and of the plain net it folds into",
        differences,
        EQUAL,
        0,
    )
