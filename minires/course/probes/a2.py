"""Probes for A2, convolution."""

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
    """Time a student's convolution at stride 1, and a plain loop with as many multiplications.

    Every call gets new numbers, which are sent while the clock runs, so that the student's code
    cannot work on them before.

    Returns
    -------
    fast, slow : float
        Seconds for one image: of the student's function, and of the loop.
    made : list of (images, filters, result)
        One for every call.
    """
    made: list[tuple[Array, Array, Any]] = []

    def once():
        x, w = (rng.standard_normal(one).astype(np.float32) for one in (shape, filters))
        started = time.perf_counter()
        # The result is fetched while the clock runs: work that was put off until then counts.
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
    """The first of the results of a function, or its only one."""
    try:
        return fetch(beside(result, "operator").getitem(result, 0))
    except Exception:
        return fetch(result)


def loop_time(naive: Answer, x: Array, w: Array, padding: int) -> float:
    """Seconds that a student's loops take for the images x; they appear in a message."""
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
    """Let a student's gradient check judge a pair of functions, right or with a mistake.

    The pair multiplies the channels of every pixel by a matrix, weighted by random numbers.

    Parameters
    ----------
    kind : str
        "right", or the mistake in the gradients: "large" or "times" (dx), "one number" or "down"
        (dw), "nan", "mixed up" (images of a batch).
    by : float
        How large the mistake is, relative to the right gradient.
    its_rng : np.random.Generator
        For the student's function.

    Returns
    -------
    found : object
        What the student's function returned.
    settings : list of (int, int)
        The strides and paddings that forward was called with.
    x, w : ndarray
        As they are afterwards.
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
    """Let a student's loop train with a student's pair.

    Returns
    -------
    losses : ndarray or None
    forwards, backwards : int
        How often each function of the pair was called.
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
