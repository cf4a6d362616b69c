"""A2: convolution."""

import time
from operator import index
from typing import Any

import numpy as np

from ...types import Array, Shape
from ..across import Answer, ByReference, as_numbers, beside, call_and_look, fetch, hold_result
from .common import expect_shapes, seconds


def times(
    forward: Answer, shape: Shape, filters: Shape, padding: int, rng: np.random.Generator
) -> tuple[float, float, list[tuple[Array, Array, Any]]]:
    """Seconds for an image, at stride 1: of a student's function, and of a plain loop over as many
    multiplications here. And (images, filters, result) of every call.

    Every go has numbers of its own, which are sent within the time: nothing of the student's can
    work on them before.
    """
    made: list[tuple[Array, Array, Any]] = []

    def once():
        x, w = (rng.standard_normal(one).astype(np.float32) for one in (shape, filters))
        started = time.perf_counter()
        # The result is fetched in the time: what is not computed before it is asked for counts.
        y = _first(hold_result(forward, x, w, 1, padding))
        taken = time.perf_counter() - started
        made.append((x, w, y))
        return taken

    multiplications = int(np.prod(shape[1:3])) * int(np.prod(filters))
    part = np.ones(multiplications // 10, np.float32)
    slow = 10 * seconds(_plain_loop, part)
    fast = once()
    if fast < 0.2 * slow * shape[0]:
        fast = min(once() for _ in range(15))
    return fast / shape[0], min(slow, 10 * seconds(_plain_loop, part)), made


def _first(result):
    """The first of the things that a function returned, or the only one."""
    try:
        return fetch(beside(result, "operator").getitem(result, 0))
    except Exception:
        return fetch(result)


def loop_time(naive: Answer, x: Array, w: Array, padding: int) -> float:
    """Seconds that a student's loops take for an image, to be told to the student."""
    started = time.perf_counter()
    hold_result(naive, x, w, 1, padding)
    return time.perf_counter() - started


def _plain_loop(numbers):
    total = 0
    for i in range(len(numbers)):
        total += numbers[i] * numbers[i]
    return total


def errors(
    gradient_errors: Answer,
    kind: str,
    by: float,
    x: Array,
    w: Array,
    stride: int,
    padding: int,
    rng: np.random.Generator,
    its_rng: np.random.Generator,
) -> tuple[Any, list[tuple[int, int]], Array, Array]:
    """Let a student's gradient check, with `its_rng`, judge a matrix product of every pixel's
    channels, weighted by numbers that nobody knows beforehand, with a mistake of some `kind`,
    by so much, or none.

    Returns what it says, the settings that forward was called with, and x and w as they are
    afterwards.
    """
    settings = set()
    share, size = rng.uniform(0.5, 1.5, x.shape[1:]), rng.uniform(0.5, 1.5, w.shape)

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        expect_shapes("forward", (x, w), arguments[2:4])
        settings.add((index(stride), index(padding)))
        return (share * x) @ (size * w), (x.copy(), w.copy())

    def backward(dy, cache):
        expect_shapes("backward", (dy, *cache), (arguments[2] @ arguments[3], *arguments[2:4]))
        x, w = cache
        dx = share * (dy @ (size * w).T)
        above = dy[::-1] if kind == "mixed up" else dy
        dw = size * np.einsum("nijc,nijo->co", share * x, above)
        largest, smallest = abs(dw).max(), np.argsort(abs(dw), axis=None)
        if kind in ("large", "times"):
            dx = dx * (1 + by)
        elif kind == "one number":
            dw.flat[smallest[0]] += by * largest
            dw.flat[smallest[1]] -= by * largest
        elif kind == "down":
            dw.flat[smallest[0]] -= by * largest
        elif kind == "nan":
            dx[0, 0, 0, 1] = np.nan
        return dx, dw

    arguments = (forward, backward, x, w, stride, padding, its_rng)
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
