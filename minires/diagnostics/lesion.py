"""How a trained net does without some of its blocks, or with two exchanged.

After Veit et al. 2016 (arXiv:1605.06431).

A plain net that loses one layer is lost. A residual net hardly notices: it is many nets of
different depth added up, and loses half of them.

For all nets of `models.plain`, `models.resnet` and `models.imagenet`, whatever their blocks.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from .. import functional as F
from ..autograd import Tensor, no_grad
from ..checks import integer, is_integer
from ..errors import ConfigError
from ..models.base import ResNet
from ..models.shortcuts import NoShortcut, shortcut_without_parameters
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
    """Within: each block of `model` that is named, such as ``"layer1.0"``, passes on its input.

    Of a residual block y = relu(F(x) + S(x)) only the shortcut stays: relu(S(x)). Of one with
    pre-activation it is S(x) itself; a projection there begins with the batch norm and ReLU that F
    begins with too. A block of a plain net becomes the identity, or where it changes the shape,
    shortcut A: the input subsampled and padded with zero channels.

    Raises
    ------
    ConfigError
        For a name that is no block.
    """
    with overridden(_dropping(model, names)):
        yield


@contextmanager
def swapped(model: Module, first: str, second: str) -> Iterator[None]:
    """Within: the blocks `first` and `second` of `model` stand in each other's place.

    Raises
    ------
    ConfigError
        For a name that is no block, or two blocks of different shapes: of other layers, or layers
        of other sizes or strides. In a net with pre-activation the very first block is of its own
        kind, for its first batch norm and ReLU have been done before it.
    """
    with overridden(_swapping(model, first, second)):
        yield


def drop_each(model: Module, batches: Batches, mode: Mode = "eval") -> list[Lesion]:
    """Loss and error of the whole net, then with each of its blocks dropped in turn (figure 3).

    Parameters
    ----------
    model : nn.Module
        A plain or residual net, of any blocks. Stays as it is.
    batches : iterable of (images, labels)
        Gone through once for each record: `data.eval_loader`, or a list.
    mode : {"train", "eval"}
        As for `evaluate`.

    Returns
    -------
    list of Lesion

    Raises
    ------
    ConfigError
        If the net has no blocks, or as `evaluate` does.
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
    """Loss and error with so many blocks dropped at random (figure 5a of the paper).

    Parameters
    ----------
    model, batches, mode
        As for `drop_each`.
    counts : iterable of int
        How many blocks to drop.
    draws : int
        Random choices for each count.
    seed : int
        For the choices.

    Returns
    -------
    list of Lesion
        `draws` records for each count, in the order of `counts`.

    Raises
    ------
    ConfigError
        For a count below 0 or above the number of blocks, or as `drop_each` does.
    """
    names, rng = list(blocks(model, "drop_random")), np.random.default_rng(seed)
    draws, sets = integer("drop_random", "draws", draws), []
    for count in counts:
        if not is_integer(count, 0, len(names)):
            raise ConfigError(
                "drop_random",
                "count",
                f"0 to {len(names)}, for so many blocks there are",
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
    """Loss and error with each of `sets`, sequences of names, dropped in turn. See `drop_each`."""
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
        Names of blocks. By default all pairs of neighbours that have the same shape.

    Returns
    -------
    list of Lesion

    Raises
    ------
    ConfigError
        As `swapped` and `drop_each` do.
    """
    check_batches(batches, "swap_each")
    known = list(blocks(model, "swap_each").items())
    if pairs is None:
        pairs = [
            (first, second)
            for (first, a), (second, b) in zip(known, known[1:])
            if _kind(a) == _kind(b)
        ]
    pairs = [(first, second) for first, second in pairs]
    changes = [_swapping(model, first, second) for first, second in pairs]
    return [
        Lesion(pair, *found)
        for pair, found in zip(pairs, _evaluate_each(model, batches, changes, mode))
    ]


def _evaluate_each(model, batches, changes, mode):
    """The `Evaluation` of the net under each of `changes`, dicts of block -> what it computes.

    The blocks before the first that is changed compute what they do in the whole net. So that is
    done once for each batch, which saves half of the work if one block after the other is changed.
    """
    order = list(blocks(model).values())
    # Nets of another kind may call blocks in another order; in training each call draws anew.
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
        evaluate(model, batches, mode)  # says what is wrong
    return [Evaluation(loss / seen, 100 * wrong / seen) for loss, wrong in sums]


def _inputs_of_blocks(model, order, images):
    """What goes into each block of the net for a batch."""
    found = {}

    def on_call(name, inputs, y):
        found[name] = inputs[0]

    with preserve_state(model, "eval"), no_grad(), watching(dict(enumerate(order)), on_call):
        with np.errstate(over="ignore", invalid="ignore"):
            model(Tensor(array_of(images)))
    return [found[i] for i in range(len(order))]


def _from_first(change, order, inputs):
    """`change`, where the blocks before the first that is changed are left out."""
    first = next((i for i, block in enumerate(order) if block in change), None)
    if first is None:
        return change
    compute = change[order[first]]
    before = dict.fromkeys(order[:first], lambda x: x)
    return {**before, **change, order[first]: lambda _: compute(inputs[first])}


def _dropping(model, names):
    """Block -> what it computes without its branch, for each block that is named."""
    return {block: _without_branch(block) for block in pick_blocks(model, names, "dropped")}


def _swapping(model, first, second):
    """Block -> what the other of the two computes."""
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
            "two blocks of one shape",
            f"{name} {one} and {other}",
            "take two from one stage, neither where the shape changes",
        )
    return {a: computation_of(b), b: computation_of(a)}


def _without_branch(block):
    """The function that `block` computes without its F."""
    if not isinstance(block.shortcut, NoShortcut):
        return block.skip
    shortcut = shortcut_without_parameters(block.in_channels, block.out_channels, block.stride)
    return lambda x: F.relu(shortcut(x))  # the ReLU changes nothing: x comes from one


def _kind(block):
    """What two blocks must have in common to stand in each other's place.

    The name and repr, with sizes and stride, of each of their layers, and the stride of the whole.
    """
    layers = [
        (name, repr(layer))
        for name, layer in block.named_modules()
        if not list(layer.children()) and not isinstance(layer, StochasticDepth)
    ]
    return [*layers, ("stride", block.stride)]
