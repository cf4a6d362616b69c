"""A2: convolution."""

import time
from operator import index
from typing import Any

import numpy as np

from ...types import Array
from ..across import Answer, ByReference, as_numbers, beside, call_and_look, fetch, hold_result
from .common import expect_shapes, seconds


def times(
    forward: Answer, naive: Answer, x: Array, w: Array, padding: int
) -> tuple[float, float, float, list[tuple[Array, Any]]]:
    """Seconds for an image, at stride 1: of the fast function, of the loops, and of a plain loop
    over as many multiplications. And what the fast function made of which images.

    Every go has images of its own, so that a result from before is of no use.
    """
    made: list[tuple[Array, Any]] = []

    def once(function, images):
        numpy = beside(function, "numpy")
        filters, images = hold_result(numpy.array, w), np.roll(images, 1 + len(made), axis=1)
        there = hold_result(numpy.array, images)
        started = time.perf_counter()
        result = hold_result(function, there, filters, 1, padding)
        y = _first(result)  # in the time: what is not computed before it is asked for counts
        taken = time.perf_counter() - started
        made.append((images, y))
        return taken

    slow = min(once(naive, x[:1]) for _ in range(2))
    made.clear()
    fast = once(forward, x)
    if fast < 0.2 * slow * len(x):
        fast = min(once(forward, x) for _ in range(15))
    multiplications = x[0, ..., 0].size * w.size
    part = np.ones(multiplications // 10, x.dtype)
    return fast / len(x), slow, 10 * seconds(_plain_loop, part), made


def _first(result):
    """The first of the things that a function returned, or the only one."""
    try:
        return fetch(beside(result, "operator").getitem(result, 0))
    except Exception:
        return fetch(result)


def _plain_loop(numbers):
    total = 0
    for i in range(len(numbers)):
        total += numbers[i] * numbers[i]
    return total


def errors(
    gradient_errors: Answer,
    kind: str | None,
    x: Array,
    w: Array,
    stride: int,
    padding: int,
    rng: np.random.Generator,
) -> tuple[Any, list[tuple[int, int]], Array, Array]:
    """Let a student's gradient check judge a matrix product of every pixel's channels, with a
    mistake of some `kind`, or none.

    Returns what it says, the settings that forward was called with, and x and w as they are
    afterwards.
    """
    settings = set()

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        expect_shapes("forward", (x, w), arguments[2:4])
        settings.add((index(stride), index(padding)))
        return x @ w, (x.copy(), w.copy())

    def backward(dy, cache):
        expect_shapes("backward", (dy, *cache), (arguments[2] @ arguments[3], *arguments[2:4]))
        x, w = cache
        dx, dw = dy @ w.T, np.einsum("nijc,nijo->co", x, dy[::-1] if kind == "mixed up" else dy)
        size, smallest = abs(dw).max(), np.argsort(abs(dw), axis=None)
        if kind in ("large", "three times"):
            dx = dx * (1.01 if kind == "large" else 3)
        elif kind == "one number":
            dw.flat[smallest[0]] += 0.2 * size
            dw.flat[smallest[1]] -= 0.2 * size
        elif kind == "down":
            dw.flat[smallest[0]] -= 0.2 * size
        elif kind == "nan":
            dx[0, 0, 0, 1] = np.nan
        return dx, dw

    arguments = (forward, backward, x, w, stride, padding, rng)
    found, (_, _, x, w, *_) = call_and_look(gradient_errors, arguments)
    return found, sorted(settings), x, w


def train(
    train: Answer, forward: Answer, backward: Answer, steps: int, seed: int
) -> tuple[Array | None, int, int]:
    """Let a student's loop train with a student's pair; return the losses and how often forward and
    backward were called.
    """
    calls = [0, 0]

    def counted_forward(x, w, **settings):
        calls[0] += 1
        return hold_result(forward, x, w, **settings)

    def counted_backward(dy, cache):
        calls[1] += 1
        return hold_result(backward, dy, cache)

    losses = train((ByReference(counted_forward), ByReference(counted_backward)), steps, seed)
    return None if losses is None else as_numbers(losses), calls[0], calls[1]
