"""Probes for A6, gradient norms and one claim."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from ...types import Array
from ..across import Answer, attribute, beside, contents, hold_result, items, set_values, type_name

#: "linear", or (family, depth, width, batch_norm).
Kind: TypeAlias = str | tuple[str, int, int, bool]


def net_of(kind: Kind, seed: int = 0, near: Answer = None) -> Any:
    """Build a small net in the process where `near` is; "linear" has twelve linear layers."""
    models, nn = beside(near, "minires.models"), beside(near, "minires.nn")
    if kind == "linear":
        rng = hold_result(beside(near, "numpy.random").default_rng, seed)
        return nn.Sequential(*(nn.Linear(3, 3, rng=rng) for _ in range(12)))
    family, depth, width, batch_norm = cast(tuple[str, int, int, bool], kind)
    return {"plain": models.plain, "resnet": models.resnet}[family](
        depth, width=width, batch_norm=batch_norm, seed=seed
    )


def layers(
    function: Answer, kind: Kind, weights: Mapping[str, Array], gradients: Mapping[str, Array]
) -> tuple[Any, bool]:
    """Call a student's function with a net that has these weights and gradients (dicts by name).

    A dict comes back as a list of pairs, anything else unchanged. Beside it comes whether the
    function left the gradients where they were.
    """
    net = net_of(kind, near=function)
    for name, parameter in items(net.named_parameters()):
        set_values(parameter, "data", weights[name])
        parameter.grad = gradients[name].copy()
    result = contents(function(net))
    kept = all(
        np.array_equal(parameter.grad, gradients[name])
        for name, parameter in items(net.named_parameters())
    )
    if isinstance(result, dict):
        return [tuple(item) for item in result.items()], kept
    return list(result) if isinstance(result, (list, tuple)) else result, kept


def at_start(
    norms_at_start: Answer, kind: Kind, images: Array, labels: Array, seeds: Sequence[int]
) -> tuple[Any, list[int]]:
    """A student's table of norms, and the seeds that it built nets with."""
    built = []

    def build(seed):
        built.append(int(seed))
        return net_of(kind, seed, norms_at_start)

    result = norms_at_start(build, images, labels, seeds)
    return np.asarray(result, float) if isinstance(result, np.ndarray) else result, built


def drawing(draw: Answer, norms: Any) -> tuple[Any, ...]:
    """Let a student's function draw, and report what is there.

    Returns the scales of both axes, (label, x, y) of each line, the labels of the axes, and the
    texts of the legend.
    """
    plt = beside(draw, "matplotlib.pyplot")
    open_before = set(plt.get_fignums())
    figure = plt.figure()
    ax = figure.add_subplot(1, 2, 1)
    figure.add_subplot(1, 2, 2)  # the current Axes; the student gets the other one
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
                for line in items(ax.get_lines())
            ],
            [ax.get_xlabel(), ax.get_ylabel()],
            [text.get_text() for text in items(legend.get_texts())] if legend else [],
        )
    finally:
        for number in set(plt.get_fignums()) - open_before:
            plt.close(number)


def blocks(block_gradients: Answer, kind: Kind, images: Array, labels: Array) -> tuple[Any, ...]:
    """A student's norms at the blocks, from two calls, and how many hooks are left in the net."""
    net = net_of(kind, near=block_gradients)
    found = []
    for _ in range(2):
        result = block_gradients(net, images, labels)
        found.append(np.asarray(result, float) if isinstance(result, np.ndarray) else result)
        net.zero_grad()
    return (
        *found,
        sum(
            beside(net, "builtins").len(attribute(module, hooks, ()))
            for module in items(net.modules())
            for hooks in ("_forward_hooks", "_backward_hooks")
        ),
    )


def training(kind: Kind, steps: int, callback_of: Answer) -> Any:
    """Train a net on a few drawn images with the callback `callback_of(net)`, and return the
    callback.
    """
    minires, training = beside(callback_of, "minires"), beside(callback_of, "minires.training")
    train_set, test_set = minires.data.synthetic(100, 20, size=8)
    net = net_of(kind, near=callback_of)
    callback = callback_of(net)
    config = training.RunConfig(iterations=steps, batch_size=25, lr=0.2, drops=(), crop_padding=0)
    training.Trainer(net, train_set, test_set, config, callbacks=[callback], progress=False).run()
    return callback


def record(recorder_class: Answer, kind: Kind, steps: int) -> list[Any]:
    """The two tables that a student's recorder has after some steps.

    A table is None if it is missing, or a text that describes its rows if they are no numbers.
    Another recorder is made and used before, to find lists that belong to the class.
    """
    training(kind, 1, recorder_class)
    recorder = training(kind, steps, recorder_class)
    tables: list[Any] = []
    for name in ("gradients", "moved"):
        rows = attribute(recorder, name)
        try:
            array = None if rows is None else beside(rows, "numpy").asarray(rows, "float64")
            tables.append(array)
        except Exception:  # no numbers: either process may say so
            tables.append(
                f"{type_name(rows)}, the first row of which is "
                f"{str(rows[0])[:60] if isinstance(rows, list) and rows else '?'}"
            )
    return tables


def elsewhere(measure: Answer, seed: int) -> Any:
    """A student's measurement when all nets have another ReLU."""
    things = beside(measure, "minires.course.things")
    with beside(measure, "minires.kernels").use(relu=(things.leaky_forward, things.leaky_backward)):
        return contents(measure(seed))
