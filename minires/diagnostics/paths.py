"""Which paths through a residual net carry its gradient: Veit et al. 2016 (arXiv:1605.06431).

A net of n blocks y = relu(F(x) + S(x)) is a sum over 2^n paths. A path takes either the residual
branch F or the shortcut S of each block. If it takes k branches, its length is k. There are C(n, k)
paths of length k, so most have a length near n / 2. But each branch weakens the gradient, so the
gradient that reaches the images comes mostly along short paths.

This works for all residual nets of `models.resnet` and `models.imagenet`: with basic blocks or
bottlenecks, with or without pre-activation or batch norm.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from .. import functional as F
from ..autograd import Tensor
from ..checks import integer, is_integer
from ..errors import ConfigError
from ..models.shortcuts import NoShortcut
from ..nn import Module
from ..nn.overriding import overridden
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, Loss, array_of, blocks, norm, pick_blocks, standard_error


class PathGradient(NamedTuple):
    """The gradient that paths of one length carry to the images."""

    length: int  # residual branches on the path
    paths: int  # how many paths there are of this length, C(n, length)
    sampled: int  # how many of them were tried
    norm: float  # |dL/dimages| along a single path, over the batch: the mean of the paths tried
    standard_error: float  # of that mean; 0 if all paths were tried, nan if only one of several
    total: float  # paths * norm: the gradient of all these paths, if they all pointed one way


@contextmanager
def routed(model: Module, *through: str) -> Iterator[None]:
    """Within: backward goes through the branch of the blocks `through`, and the shortcut of others.

    The net's output stays the same. In y = relu(F(x) + S(x)) one of the two terms is detached from
    the tape. If both terms begin with the same batch norm and ReLU, as in a block with
    pre-activation and a projection, these belong to both paths.

    In training, stochastic depth goes on: a dropped block has only its shortcut, and no gradient
    passes through its branch.

    Raises
    ------
    ConfigError
        For a name that is not that of a block, or a net without shortcuts.
    """
    pick_blocks(model, through, "routed")
    blocked = [
        block.shortcut if name in through else block.branch_end
        for name, block in _residual_blocks(model, "routed").items()
    ]
    with overridden(outputs=dict.fromkeys(blocked, Tensor.detach)):
        yield


def path_gradient(
    model: Module,
    images: Images,
    labels: Array,
    through: Iterable[str],
    mode: Mode = "eval",
    loss: Loss = F.cross_entropy,
) -> Array:
    """dL/dimages along the one path that takes the branches of the blocks `through`, and no others.

    The sum over all 2^n choices of `through` is the whole gradient, by the chain rule.

    Parameters
    ----------
    model : nn.Module
        A residual net, with any blocks. Stays as it is.
    images : Tensor or array (N, H, W, C)
    labels : array of int (N,)
    through : iterable of str
        Names of the blocks whose branch the path takes.
    mode : {"train", "eval"}
    loss : callable
        Takes logits and labels, returns a single number as a Tensor.

    Returns
    -------
    array (N, H, W, C)
        On the device of `images`.

    Raises
    ------
    ConfigError
        For the reasons that `routed` names, or for an unknown mode.
    """
    with preserve_state(model, mode), routed(model, *through):
        x = Tensor(array_of(images), requires_grad=True)
        loss(model(x), labels).backward()
        # No gradient arrives through a branch that stochastic depth dropped.
        return np.zeros_like(x.data) if x.grad is None else x.grad


def path_gradients(
    model: Module,
    images: Images,
    labels: Array,
    lengths: Iterable[int] | None = None,
    samples: int = 10,
    seed: int = 0,
    mode: Mode = "eval",
    loss: Loss = F.cross_entropy,
) -> list[PathGradient]:
    """The gradient that reaches the images along paths of each length (figure 6 of the paper).

    As in the paper, `samples` paths of each length are drawn at random. If there are no more than
    that, each of them is tried once.

    Parameters
    ----------
    model, images, labels, mode, loss
        As for `path_gradient`.
    lengths : iterable of int, optional
        By default all lengths, from 0 to the number of blocks n.
    samples : int
        How many paths of each length to try. The paper tries 1,000.
    seed : int
        For the random paths.

    Returns
    -------
    list of PathGradient

    Raises
    ------
    ConfigError
        For a length that is not a whole number from 0 to n, for `samples` below 1, or for the
        reasons that `path_gradient` names.

    Notes
    -----
    The paper's figure shows ``total``, which adds up the norms of paths. The gradients themselves
    point in different directions, so the norm of their sum is smaller.
    """
    names, rng = list(_residual_blocks(model, "path_gradients")), np.random.default_rng(seed)
    samples = integer("path_gradients", "samples", samples)
    records = []
    for length in range(len(names) + 1) if lengths is None else lengths:
        if not is_integer(length, 0, len(names)):
            raise ConfigError(
                "path_gradients",
                "length",
                f"0 to {len(names)}, the number of blocks",
                repr(length),
            )
        paths = comb(len(names), length)
        chosen: Iterable[Sequence[str]]
        if paths <= samples:
            chosen = combinations(names, length)
        else:
            chosen = (
                [names[i] for i in rng.choice(len(names), length, replace=False)]
                for _ in range(samples)
            )
        norms = [
            norm(path_gradient(model, images, labels, through, mode, loss)) for through in chosen
        ]
        mean = float(np.mean(norms))
        error = 0.0 if paths <= samples else float(standard_error(norms))
        records.append(PathGradient(length, paths, len(norms), mean, error, paths * mean))
    return records


def _residual_blocks(model, where):
    """The `blocks` of a net. Raises ConfigError if one of them has no shortcut."""
    found = blocks(model, where)
    if any(isinstance(block.shortcut, NoShortcut) for block in found.values()):
        raise ConfigError(
            where,
            "a plain net has only one path",
            "a net with shortcuts, such as models.resnet(20)",
            "one without",
        )
    return found
