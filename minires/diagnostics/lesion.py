"""How well a trained net works without some of its blocks, or with two of them exchanged.

After Veit et al. 2016 (arXiv:1605.06431).

A plain net that loses one layer fails. A residual net hardly notices: it is a sum of many nets of
different depth, and loses half of them.

This works for all nets of `models.plain`, `models.resnet` and `models.imagenet`, with any blocks.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..autograd import Tensor, no_grad
from ..checks import integer, is_integer
from ..errors import ConfigError
from ..models.base import ResNet
from ..models.stochastic_depth import StochasticDepth
from ..nn import Module
from ..nn.overriding import computation_of, overridden
from ..nn.state import preserve_state
from ..types import Mode
from .evaluation import Evaluation, check_batches, evaluate
from .parts import Batches, array_of, blocks, pick_blocks, watching


class Lesion(NamedTuple):
    """A net on a data set, after some of its blocks were dropped or exchanged."""

    blocks: tuple[str, ...]  # their names; empty for the whole net
    loss: float  # mean cross-entropy, nats
    error: float  # percent


@contextmanager
def dropped(model: Module, *names: str) -> Iterator[None]:
    """Within: the named blocks of `model`, such as ``"layer1.0"``, compute only their shortcut.

    A residual block y = relu(F(x) + S(x)) becomes relu(S(x)). A block with pre-activation becomes
    S(x); if S is a projection, the batch norm and ReLU at the start of F still come before it. A
    block of a plain net becomes the identity or, where it changes the shape, shortcut A: the input
    subsampled and padded with zero channels.

    Raises
    ------
    ConfigError
        For a name that is not that of a block.
    """
    with overridden(_dropping(model, names)):
        yield


@contextmanager
def swapped(model: Module, first: str, second: str) -> Iterator[None]:
    """Within: the blocks `first` and `second` of `model` are exchanged.

    Raises
    ------
    ConfigError
        For a name that is not that of a block, or for two blocks whose layers differ in kind, size
        or stride. In a net with pre-activation the very first block differs from all others, since
        its first batch norm and ReLU belong to the net.
    """
    with overridden(_swapping(model, first, second)):
        yield


def drop_each(model: Module, batches: Batches, mode: Mode = "eval") -> list[Lesion]:
    """Loss and error of the whole net, then with each of its blocks dropped in turn (figure 3).

    Parameters
    ----------
    model : nn.Module
        A plain or residual net, with any blocks. Stays as it is.
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`.
    mode : {"train", "eval"}
        As for `evaluate`.

    Returns
    -------
    list of Lesion
        First the whole net, then one record for each block, from the images to the logits.

    Raises
    ------
    ConfigError
        If the net has no blocks, or for the reasons that `evaluate` names.
    """
    return drop_sets(model, batches, [(), *((name,) for name in blocks(model, "drop_each"))], mode)


def drop_random(
    model: Module,
    batches: Batches,
    counts: Iterable[int],
    draws: int = 3,
    seed: int = 0,
    mode: Mode = "eval",
) -> list[Lesion]:
    """Loss and error with several blocks dropped at random (figure 5a of the paper).

    Parameters
    ----------
    model, batches, mode
        As for `drop_each`.
    counts : iterable of int
        The numbers of blocks to drop.
    draws : int
        How many random choices to try for each count.
    seed : int
        For the random choices.

    Returns
    -------
    list of Lesion
        `draws` records for each count, in the order of `counts`.

    Raises
    ------
    ConfigError
        For a count below 0 or above the number of blocks, or for the reasons that `drop_each`
        names.
    """
    names, rng = list(blocks(model, "drop_random")), np.random.default_rng(seed)
    draws, sets = integer("drop_random", "draws", draws), []
    for count in counts:
        if not is_integer(count, 0, len(names)):
            raise ConfigError(
                "drop_random",
                "count",
                f"0 to {len(names)}, the number of blocks",
                repr(count),
            )
        sets += [
            [names[i] for i in sorted(rng.choice(len(names), count, replace=False))]
            for _ in range(draws)
        ]
    return drop_sets(model, batches, sets, mode)


def drop_sets(
    model: Module, batches: Batches, sets: Iterable[Sequence[str]], mode: Mode = "eval"
) -> list[Lesion]:
    """Loss and error with each of `sets`, which are sequences of block names, dropped in turn.

    Other parameters and errors are those of `drop_each`.
    """
    check_batches(batches, "drop_sets")
    chosen = [tuple(names) for names in sets]
    changes = [_dropping(model, names) for names in chosen]
    return [
        Lesion(names, *found)
        for names, found in zip(chosen, _evaluate_each(model, batches, changes, mode))
    ]


def swap_each(
    model: Module,
    batches: Batches,
    pairs: Iterable[tuple[str, str]] | None = None,
    mode: Mode = "eval",
) -> list[Lesion]:
    """Loss and error with each pair of blocks exchanged in turn.

    Parameters
    ----------
    model, batches, mode
        As for `drop_each`.
    pairs : iterable of (str, str), optional
        Names of blocks. By default the `swappable_pairs`.

    Returns
    -------
    list of Lesion
        A record for each pair, in their order.

    Raises
    ------
    ConfigError
        For the reasons that `swapped` and `drop_each` name.
    """
    check_batches(batches, "swap_each")
    blocks(model, "swap_each")  # raises the error for a net without blocks
    pairs = (
        swappable_pairs(model) if pairs is None else [(first, second) for first, second in pairs]
    )
    changes = [_swapping(model, first, second) for first, second in pairs]
    return [
        Lesion(pair, *found)
        for pair, found in zip(pairs, _evaluate_each(model, batches, changes, mode))
    ]


def swappable_pairs(model: Module) -> list[tuple[str, str]]:
    """The names of all pairs of neighbouring blocks that have the same layers.

    Only such blocks can be `swapped`. Raises ConfigError for a net without blocks.
    """
    known = list(blocks(model, "swappable_pairs").items())
    return [
        (first, second) for (first, a), (second, b) in zip(known, known[1:]) if _kind(a) == _kind(b)
    ]


def _evaluate_each(model, batches, changes, mode):
    """The `Evaluation` of the net under each of `changes`: dicts of block -> what it computes.

    The blocks before the first changed one compute the same as in the whole net. So they are run
    only once for each batch, which saves half of the work if one block after the other is changed.
    """
    order = list(blocks(model).values())
    # Other nets may call their blocks in another order, and in training each call may draw anew.
    in_order = isinstance(model, ResNet) and mode == "eval"
    sums, seen = [(0.0, 0)] * len(changes), 0
    for images, labels in batches:
        inputs = _inputs_of_blocks(model, order, images) if in_order else None
        for i, change in enumerate(changes):
            with overridden(_from_first(change, order, inputs) if inputs else change):
                found = evaluate(model, [(images, labels)], mode)
            loss, wrong = sums[i]
            count = len(labels)
            sums[i] = loss + found.loss * count, wrong + round(found.error * count / 100)
        seen += len(labels)
    if not seen and changes:
        evaluate(model, batches, mode)  # raises the error for batches without images
    return [Evaluation(loss / seen, 100 * wrong / seen) for loss, wrong in sums]


def _inputs_of_blocks(model, order, images):
    """The input of each block of the net, for a batch."""
    found = {}

    def on_call(name, inputs, y):
        found[name] = inputs[0]

    with preserve_state(model, "eval"), no_grad(), watching(dict(enumerate(order)), on_call):
        with np.errstate(over="ignore", invalid="ignore"):
            model(Tensor(array_of(images)))
    return [found[i] for i in range(len(order))]


def _from_first(change, order, inputs):
    """`change`, with all blocks before the first changed one replaced by their known results."""
    first = next((i for i, block in enumerate(order) if block in change), None)
    if first is None:
        return change
    compute = change[order[first]]
    before = dict.fromkeys(order[:first], lambda x: x)
    return {**before, **change, order[first]: lambda _: compute(inputs[first])}


def _dropping(model, names):
    """Block -> what it computes without its branch, for each of the named blocks."""
    return {block: block.skip for block in pick_blocks(model, names, "dropped")}


def _swapping(model, first, second):
    """Block -> what the other block computes, for each of the two."""
    a, b = pick_blocks(model, (first, second), "swapped")
    if _kind(a) != _kind(b):
        name, one, other = next(
            (name, one, other)
            for (name, one), (_, other) in zip(_kind(a), _kind(b))
            if one != other
        )
        raise ConfigError(
            "swapped",
            f"{first} and {second}",
            "two blocks with the same layers",
            f"{name} {one} and {other}",
            "take two from the same stage, neither of which changes the shape",
        )
    return {a: computation_of(b), b: computation_of(a)}


def _kind(block):
    """What two blocks must have in common to be exchanged.

    It holds the name and repr of each layer, with sizes and stride, and the stride of the block.
    """
    layers = [
        (name, repr(layer))
        for name, layer in block.named_modules()
        if not list(layer.children()) and not isinstance(layer, StochasticDepth)
    ]
    return [*layers, ("stride", block.stride)]
