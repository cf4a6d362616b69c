"""A6: gradient norms, and one claim."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from ... import data, models, nn
from ...training import RunConfig, Trainer
from ...types import Array
from . import Answer

#: "linear", or (family, depth, width, batch_norm).
Kind: TypeAlias = str | tuple[str, int, int, bool]


def net_of(kind: Kind, seed: int = 0) -> Any:
    """A small net to look at: a name of `models` with its depth and width, or "linear", twelve
    layers in a row.
    """
    if kind == "linear":
        rng = np.random.default_rng(seed)
        return nn.Sequential(*(nn.Linear(3, 3, rng=rng) for _ in range(12)))
    family, depth, width, batch_norm = cast(tuple[str, int, int, bool], kind)
    return {"plain": models.plain, "resnet": models.resnet}[family](
        depth, width=width, batch_norm=batch_norm, seed=seed
    )


def layers(
    function: Answer, kind: Kind, weights: Mapping[str, Array], gradients: Mapping[str, Array]
) -> Any:
    """What a function says of a net with these weights and gradients, dicts by the parameters'
    names: a list of pairs.
    """
    net = net_of(kind)
    for name, parameter in net.named_parameters():
        parameter.data[...] = weights[name]
        parameter.grad = gradients[name].copy()
    result = function(net)
    return (
        [tuple(item) for item in result.items()]
        if isinstance(result, dict)
        else list(result)
        if isinstance(result, (list, tuple))
        else result
    )


def at_start(
    norms_at_start: Answer, kind: Kind, images: Array, labels: Array, seeds: Sequence[int]
) -> tuple[Any, list[int]]:
    """The table of norms, and the seeds that nets were built with."""
    built = []

    def build(seed):
        built.append(int(seed))
        return net_of(kind, seed)

    result = norms_at_start(build, images, labels, seeds)
    return np.asarray(result, float) if isinstance(result, np.ndarray) else result, built


def drawing(draw: Answer, norms: Any) -> tuple[Any, ...]:
    """What a function draws: the scales of the axes, a (label, x, y) for each line, the texts at
    the axes and in the legend.
    """
    import matplotlib.pyplot as plt

    open_before = set(plt.get_fignums())
    figure, (ax, _) = plt.subplots(1, 2)  # the one that is handed in is not the current one
    try:
        draw(ax, norms)
        legend = ax.get_legend()
        return (
            (ax.get_xscale(), ax.get_yscale()),
            [
                (
                    str(line.get_label()),
                    np.asarray(line.get_xdata(), float),
                    np.asarray(line.get_ydata(), float),
                )
                for line in ax.get_lines()
            ],
            [ax.get_xlabel(), ax.get_ylabel()],
            [text.get_text() for text in legend.get_texts()] if legend else [],
        )
    finally:
        for number in set(plt.get_fignums()) - open_before:
            plt.close(number)


def blocks(block_gradients: Answer, kind: Kind, images: Array, labels: Array) -> tuple[Any, ...]:
    """The norms at the blocks, twice, and how many hooks are left in the net afterwards."""
    net = net_of(kind)
    found = []
    for _ in range(2):
        result = block_gradients(net, images, labels)
        found.append(np.asarray(result, float) if isinstance(result, np.ndarray) else result)
        net.zero_grad()
    return (
        *found,
        sum(
            len(vars(module).get(hooks, ()))
            for module in net.modules()
            for hooks in ("_forward_hooks", "_backward_hooks")
        ),
    )


def training(kind: Kind, steps: int, callback_of: Answer) -> Any:
    """Train a net on a few drawn images; `callback_of(net)` makes a callback for the Trainer, which
    is returned.
    """
    train_set, test_set = data.synthetic(100, 20, size=8)
    net = net_of(kind)
    callback = callback_of(net)
    config = RunConfig(iterations=steps, batch_size=25, lr=0.2, drops=(), crop_padding=0)
    Trainer(net, train_set, test_set, config, callbacks=[callback], progress=False).run()
    return callback


def record(recorder_class: Answer, kind: Kind, steps: int) -> list[Any]:
    """What a recorder has noted after some steps, another one before it: its two tables, None for
    one that is not there, or what is wrong with its rows.
    """
    training(kind, 1, recorder_class)
    recorder = training(kind, steps, recorder_class)
    tables: list[Any] = []
    for name in ("gradients", "moved"):
        rows = getattr(recorder, name, None)
        try:
            tables.append(None if rows is None else np.asarray(rows, float))
        except (TypeError, ValueError):
            tables.append(
                f"{type(rows).__name__}, the first row of which is "
                f"{str(rows[0])[:60] if isinstance(rows, list) and rows else '?'}"
            )
    return tables
