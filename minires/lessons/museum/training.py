"""Short trainings with the code of an exhibit: each returns the loss of every step, in seconds."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import minires as mr
from minires import functional as F

from ...types import Array
from .variants import Space

Training = Callable[[Space], list[float]]
CONV_STEPS, NORM_STEPS, BLOCK_STEPS, TAPE_STEPS, INIT_STEPS = 40, 60, 80, 200, 60


@cache
def _drawn(count: int) -> tuple[Array, Array]:
    """Drawn images (count, 16, 16, 3) as float32 around 0, and their labels."""
    drawn, _ = mr.data.synthetic(count, 10, size=16)
    return (drawn.images / 255 - 0.5).astype(np.float32), drawn.labels


def moons(space: Space) -> tuple[Any, ...]:
    """Give A1's network its data and fresh weights; returns its four parameters."""
    rng = np.random.default_rng(0)
    node = space["Node"]
    space["points"], space["labels"] = space["half_moons"](300, rng)
    space["w1"], space["b1"] = node(rng.standard_normal((2, 16))), node(np.zeros(16))
    space["w2"], space["b2"] = node(0.1 * rng.standard_normal((16, 1))), node(np.zeros(1))
    return space["w1"], space["b1"], space["w2"], space["b2"]


def on_moons(space: Space) -> list[float]:
    """A network of one hidden layer tells two half moons apart, on the tape of A1."""
    moons(space)
    losses: list[float] = space["train"](TAPE_STEPS, 0.5)
    return losses


def on_drawn_images(space: Space) -> list[float]:
    """A residual net of 8 layers learns 60 drawn images, with the convolution of A2."""
    images, labels = _drawn(60)
    space["images"], space["labels"] = mr.Tensor(images), labels
    pair = space["conv2d_forward"], space["conv2d_backward"]
    losses: list[float] = space["train"](pair, CONV_STEPS)
    return losses


def with_batch_norm(space: Space) -> list[float]:
    """A residual net of 14 layers learns 60 drawn images, with the batch norm and ReLU of A3."""
    space["images"], space["labels"] = _drawn(60)
    net = space["build"]("resnet", True)
    losses: list[float] = space["train"](net, NORM_STEPS)
    return losses


def with_blocks(space: Space) -> list[float]:
    """A residual net of 20 layers, made of the blocks of A4, learns directions of stripes."""
    rng = np.random.default_rng(0)
    batches = [space["stripes"](32, 16, rng) for _ in range(BLOCK_STEPS)]
    _, net = space["twins"](3, 8, 0)
    losses: list[float] = space["train"](net, batches, 0.1)
    return losses


def with_initial_weights(space: Space) -> list[float]:
    """A plain net of 14 layers without batch norm learns the drawn images from the initial weights
    of A4. (Batch norm would undo any mistake in their size.)
    """
    images, labels = _drawn(60)
    net = mr.models.plain(14, width=8, batch_norm=False, seed=0)
    rng = np.random.default_rng(0)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            parameter.data = space["he_normal"](parameter.shape, rng).astype(np.float32)
    optimizer = mr.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(INIT_STEPS):
        loss = F.cross_entropy(net(mr.Tensor(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


#: How a training can go, as choices for a prediction.
AS_WELL, WORSE, NOT_AT_ALL, BLOWS_UP = (
    "It learns about as well, or better",
    "It learns, but worse",
    "It does not learn",
    "The loss blows up",
)
#: The answers to "how does it train?", from harmless to worst.
OUTCOMES = (AS_WELL, WORSE, NOT_AT_ALL, BLOWS_UP)


def outcome(right: list[float], wrong: list[float]) -> str:
    """Compare the losses of a training with a mistake with those of the right training.

    The means of the last tenth of the losses decide. The loss blows up if the wrong mean is not
    finite or above 1.3 times the first loss. Otherwise the fall of the loss counts, as a share of
    the fall in the right training: below 10 % the net does not learn, and from 90 % on it learns
    about as well.
    """
    tail = max(1, len(right) // 10)
    start = right[0]
    end_right, end_wrong = float(np.mean(right[-tail:])), float(np.mean(wrong[-tail:]))
    if not np.isfinite(end_wrong) or end_wrong > 1.3 * max(start, wrong[0]):
        return BLOWS_UP
    way = (start - end_wrong) / (start - end_right)
    return NOT_AT_ALL if way < 0.1 else AS_WELL if way >= 0.9 else WORSE
