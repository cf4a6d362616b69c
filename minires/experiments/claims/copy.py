"""Could a deep plain net do as well as a shallow one? Copy the shallow one, and go on training.

The copy is plain-20 with 36 more layers that compute the identity: a plain-56 with the same error.
"""

from dataclasses import replace
from typing import Any

from ... import models, plot
from ...autograd import Tensor
from ...diagnostics import evaluate
from ...training.trainer import Trainer
from ...types import Row
from .frame import error_comparison
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below
from .frame.error_comparison import difference_of
from .frame.laboratory import Laboratory
from .frame.same_logits import EQUAL, differences, largest_difference

STEPS, RATE = 150, 0.1  # training of the copy: steps, and the fraction of the usual learning rate
MARGIN = 2.0  # percentage points
IMAGES = 2000  # training images for the training error, which is measured in evaluation mode


@on_trained("plain-20", "plain-56")
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Errors of plain-20, of its copy with 56 layers before and after training, and of plain-56."""
    shallow: Any = laboratory.trained("plain-20", seed)  # a CifarResNet
    usual = laboratory.trained("plain-56", seed)
    images, labels = laboratory.batch(512)
    copied = models.deepen(shallow, 56, Tensor(images)).eval()
    difference = largest_difference(copied, shallow, Tensor(images))
    rows = [
        _row(laboratory, "plain-20", shallow),
        _row(laboratory, "copy", copied),
        _row(laboratory, "plain-56", usual),
    ]
    config = replace(
        laboratory.config,
        iterations=STEPS,
        milestones=(),
        warmup=0,
        lr=RATE * laboratory.config.lr,
        seed=seed,
    )
    trainer = Trainer(
        copied,
        laboratory.train_set,
        laboratory.test_set,
        config,
        name=f"copy of plain-20, seed {seed}",
        progress=laboratory.progress,
    )
    trainer.run()
    rows.append(_row(laboratory, "copy, trained on", trainer.model))
    return [{**row, "difference": difference} for row in rows]


def _row(laboratory, name, net):
    train = evaluate(net, laboratory.train_batches(IMAGES))
    return {
        "net": name,
        "variant": "usual",
        "train_error": train.error,
        "test_error": evaluate(net, laboratory.test_batches()).error,
    }


CRITERIA = (
    below(
        "largest difference between a logit of plain-20 and of its copy with 56 layers",
        differences,
        EQUAL,
        0,
    ),
    above(
        "training error of plain-56 trained as usual minus that of the copy",
        difference_of(("plain-56", "usual"), ("copy", "usual")),
        0,
        MARGIN,
        "points",
    ),
)

CLAIM = Claim(
    name="copy",
    statement="A deeper plain net could do what a shallower one does, but training does not "
    "find it.",
    source="He et al. 2015, arXiv:1512.03385, section 1",
    predictions={
        "He et al.": "plain-20 with layers set to the identity is a plain-56 with the same error; "
        "plain-56 trained as usual stays above",
        "capacity": "the shallow net cannot be copied, or training finds something as good",
    },
    columns=(*error_comparison.COLUMNS, "difference"),
    text=error_comparison.TEXT,
    measure=measure,
    criteria=CRITERIA,
    draw=error_comparison.draw(
        (
            "",
            [
                ("plain-20", "plain-20", "usual", plot.SHADES["plain"][0]),
                ("its copy,\n56 layers", "copy", "usual", plot.OTHERS[0]),
                ("the copy,\ntrained on", "copy, trained on", "usual", plot.OTHERS[1]),
                ("plain-56\nas usual", "plain-56", "usual", plot.SHADES["plain"][1]),
            ],
        )
    ),
)
