"""Exercises of notebook 15: the gain from a faster part, fair timing, and bytes that move."""

from collections.abc import Callable
from statistics import mean, median
from typing import Any

import numpy as np

from ...course.calling import call, reported
from ...course.compare import expect, expect_that, expect_tuple
from ...types import Array
from .kinds import Exercise


def _check_amdahl(times_as_fast: Callable[..., Any]) -> None:
    for shares, factors in (([0.2], [2.0]), ([0.6, 0.25], [2.0, 5.0]), ([0.5, 0.5], [4.0, 1.0])):
        p, s = np.array(shares), np.array(factors)
        want = 1 / (1 - p.sum() + (p / s).sum())
        mistakes = [
            ("the new time is returned: the whole is 1 over that many times as fast", 1 / want),
            ("the part that stays as it is, 1 minus all shares, is missing", 1 / (p / s).sum()),
            (
                "the factors are averaged, weighted by the shares: add up times instead",
                1 - p.sum() + (p * s).sum(),
            ),
            ("the effects of the parts are multiplied", np.prod(1 / (1 - p + p / s))),
            ("the parts are made slower by their factors", 1 / (1 - p.sum() + (p * s).sum())),
            (
                "the new times are taken off: take the shares off 1, then add the new times",
                1 / (1 - (p / s).sum()),
            ),
            ("only the first part is made faster", 1 / (1 - p[0] + p[0] / s[0])),
        ]
        got = call(times_as_fast, list(shares), list(factors))
        expect(f"times_as_fast({shares}, {factors})", got, want, mistakes)


class _Clock:
    """Two tasks on a simulated computer that gets slower and slower and is disturbed now and then.

    The first run of each task is slow, and so is one later run. Every run returns the time that it
    took.
    """

    def __init__(self) -> None:
        self.order = ""
        self.times: dict[str, list[float]] = {"a": [], "b": []}

    def run(self, name: str) -> float:
        self.order += name
        mine = self.times[name]
        factor = 9.0 if not mine else 30.0 if len(mine) == 4 and name == "a" else 1.0
        mine.append((1.0 if name == "a" else 1.5) * factor * (1 + 0.1 * len(self.order)))
        return mine[-1]


def _check_fair(fair_ratio: Callable[..., Any]) -> None:
    clock, rounds = _Clock(), 9
    with reported("fair_ratio"):
        got = fair_ratio(lambda: clock.run("a"), lambda: clock.run("b"), rounds)
    a, b = clock.times["a"], clock.times["b"]
    expect_that(
        len(a) == len(b),
        f"expected as many runs of the second as of the first, {len(a)}, got {len(b)}",
    )
    expect_that(len(a) > 0, "neither of the two was run")
    expect_that(len(a) != rounds, "no warm-up: the first run of each must not count")
    expect_that(
        len(a) == rounds + 1,
        f"expected one warm-up and {rounds} rounds, {rounds + 1} runs of each; got {len(a)}",
    )
    swaps = sum(one != other for one, other in zip(clock.order[2:], clock.order[3:]))
    expect_that(
        swaps >= 2 * rounds - 1 - rounds // 2,
        f"the order was {clock.order}: take turns, so that a slow minute hits both",
    )
    want = median(b[1:]) / median(a[1:])
    mistakes = [
        ("the warm-up counts too", median(b) / median(a)),
        ("the means are compared; one disturbed run moves a mean", mean(b[1:]) / mean(a[1:])),
        ("the fastest runs are compared", min(b[1:]) / min(a[1:])),
        ("the ratio is the wrong way round: second over first", 1 / want),
        ("the last pair alone counts", b[-1] / a[-1]),
        (
            "the median of the ratios is taken; take the median of each list, then their ratio",
            median(late / early for early, late in zip(a[1:], b[1:])),
        ),
    ]
    expect("fair_ratio", got, want, mistakes)


def _traffic(N: int, H: int, W: int, C: int, C_out: int) -> dict[str, float]:
    x, columns, w, y = N * H * W * C, 9 * N * H * W * C, 9 * C * C_out, N * H * W * C_out
    return {"x": x, "columns": columns, "w": w, "y": y, "flop": 2 * N * H * W * 9 * C * C_out}


def _one_pixel(t: dict[str, float], small: float) -> Array:
    """The intensities if the filters had a single pixel, but the columns of the copy had nine."""
    less = small - t["w"] * 8 / 9
    return np.array([t["flop"] / 36 / (less + 2 * t["columns"]), t["flop"] / 36 / less])


def _narrow(t: dict[str, float], small: float) -> Array:
    return np.array([t["flop"] / 4 / (small + 2 * t["x"]), t["flop"] / 4 / small])


def _without(t: dict[str, float], small: float, name: str) -> Array:
    less = small - t[name]
    return np.array([t["flop"] / 4 / (less + 2 * t["columns"]), t["flop"] / 4 / less])


def _check_traffic(intensities: Callable[..., Any]) -> None:
    for sizes in ((128, 32, 32, 16, 16), (128, 8, 8, 64, 64), (1, 32, 32, 3, 16)):
        t = _traffic(*sizes)
        small = t["x"] + t["w"] + t["y"]
        want = np.array([t["flop"] / 4 / (small + 2 * t["columns"]), t["flop"] / 4 / small])
        once = np.array([t["flop"] / 4 / (small + t["columns"]), want[1]])
        mistakes = [
            ("the columns are counted once; they are written, and then read", once),
            (
                "a factor of 2 is missing: a term is a multiplication and an addition, 2 flop, and "
                "float32 has 4 bytes, not 8",
                want / 2,
            ),
            ("numbers are counted, not bytes: float32 has 4", want * 4),
            ("the two numbers are exchanged: first with the copy, then without", want[::-1]),
            ("these are bytes for each flop: divide the other way round", 1 / want),
            ("the 9 is missing: a window has 9 C numbers", _one_pixel(t, small)),
            (
                "the columns are treated as if they were as large as x; they are 9 times as large",
                _narrow(t, small),
            ),
            ("w is left out", _without(t, small, "w")),
            ("y is left out", _without(t, small, "y")),
        ]
        got = expect_tuple("intensities", call(intensities, *sizes), 2, "with copy, without")
        expect(f"intensities{sizes}", np.asarray(got, float), want, mistakes)


EXERCISES = (
    Exercise(
        "15.amdahl",
        1,
        "Several parts made faster",
        """Part i of a program takes the share `shares[i]` of the time, and you make it
`factors[i]` times as fast. The rest of the time stays as it is. Write `times_as_fast(shares,
factors)`, which returns how many times as fast the whole is. Then try it: convolution takes 0.6
and becomes twice as fast, batch norm takes 0.25 and becomes five times as fast.""",
        (
            "How long does the whole take afterwards, if it took 1 before?",
            "1 minus all shares, plus share / factor for each part. Then 1 over that.",
        ),
        """
def times_as_fast(shares, factors):
    after = 1 - sum(shares) + sum(p / s for p, s in zip(shares, factors))
    return 1 / after
""",
        _check_amdahl,
    ),
    Exercise(
        "15.fair",
        2,
        "A fair comparison",
        """Write `fair_ratio(time_a, time_b, rounds)`. Each of the two functions runs something and
returns the seconds it took. Run each once as a warm-up that does not count, then take turns for
`rounds` rounds, and return the median time of b over that of a. (The check runs it on a computer
that gets slower all the time.)""",
        (
            "One loop, with both calls in it.",
            "Collect the times in two lists; `median` is imported above.",
        ),
        """
def fair_ratio(time_a, time_b, rounds):
    time_a(), time_b()  # warm up
    a, b = [], []
    for _ in range(rounds):
        a.append(time_a())
        b.append(time_b())
    return median(b) / median(a)
""",
        _check_fair,
    ),
    Exercise(
        "15.traffic",
        3,
        "What the copy costs",
        """A 3x3 convolution with padding 1 turns float32 images of shape `(N, H, W, C)` into
`(N, H, W, C_out)`. Write `intensities(N, H, W, C, C_out)`, which returns its flop a byte twice:
first if im2col writes the columns of the whole batch to memory and reads them again, then if
the columns stay in the cache. x and w are read once, and y is written once. Under which part of
*your* roofline do the two lie, for the layers of ResNet-20?""",
        (
            "flop: 2 for each of the N H W C_out outputs and each of the 9 C numbers in a window.",
            "With the copy, 9 N H W C numbers are written and read: 2 * 9 N H W C more.",
            "Each number has 4 bytes.",
        ),
        """
def intensities(N, H, W, C, C_out):
    pixels = N * H * W
    flop = 2 * pixels * 9 * C * C_out
    small = pixels * C + 9 * C * C_out + pixels * C_out  # x, w, y
    return flop / (4 * (small + 2 * 9 * pixels * C)), flop / (4 * small)

# With 16 channels about 3.6 with the copy, and 36 without: on our roofline under the slope, and
# under the ceiling.
""",
        _check_traffic,
    ),
    Exercise(
        "15.explain",
        0,
        "three times as fast",
        """A friend rewrote one function and says: *it was 3 times as fast when I tried it, so my
program is now 3 times as fast.* What two questions do you ask?""",
        ("How was it timed? And how much of the whole is it?",),
        """First: how was it timed? One run of each says little. The first run pays for what is done
once, and the computer does other things meanwhile, so warm up, take turns, and compare medians.
Time the old function against itself, too, to see how far luck alone goes. Second: what share of the
program's time did the function take? By Amdahl's law a function that takes a fifth of the time
makes the whole at most 1.25 times as fast, even if it becomes infinitely fast. So profile
first.""",
    ),
)
