"""Exercises of notebook 11: the residual block, and the paths through many of them."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that, expect_tuple
from ...types import Array
from .kinds import Exercise


def _check_one_layer(plain_weights: Callable[..., Any]) -> None:
    w = np.random.default_rng(0).standard_normal((4, 4))
    mistakes = [
        ("1 is added to every weight: the identity has ones on its diagonal only", w + 1),
        ("only the identity comes back: w itself is missing", np.eye(4)),
        ("w comes back as it is: the shortcut is missing", w),
        ("the identity is taken away", w - np.eye(4)),
    ]
    expect("plain_weights", call(plain_weights, w), w + np.eye(4), mistakes)


def _block_backward(
    dy: Array,
    x: Array,
    w1: Array,
    w2: Array,
    alpha: float,
    last: bool = True,
    inner: bool = True,
    on_shortcut: bool = True,
    forward: float | None = None,
) -> tuple[Array, Array, Array]:
    """The gradients (dx, dw1, dw2); each flag leaves out a part, as a typical mistake does.

    `forward` is the factor of the shortcut in the forward pass, if it is not alpha.
    """
    a = np.maximum(x @ w1, 0)
    ds = dy * (a @ w2 + (alpha if forward is None else forward) * x > 0) if last else dy
    da = ds @ w2.T
    if inner:
        da = da * (a > 0)
    return da @ w1.T + alpha * (ds if on_shortcut else dy), x.T @ da, a.T @ ds


def _check_backward(block_backward: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 7, 4))
    w1, w2 = rng.standard_normal((4, 5)), rng.standard_normal((5, 4))
    for alpha in (1.0, 0.5, 0.0):
        case = dy, x, w1, w2, alpha
        got = expect_tuple("block_backward", call(block_backward, *case), 3, "dx, dw1 and dw2")
        right = _block_backward(*case)
        unlike: dict[str, dict[str, Any]] = {
            "the last ReLU is left out: the gradient passes it first": {"last": False},
            "the ReLU between the two layers is left out": {"inner": False},
            "the shortcut passes back dy: the gradient must go through the last ReLU first": {
                "on_shortcut": False
            },
            "the forward pass leaves out alpha": {"forward": 1.0},
            "the forward pass leaves out the shortcut, so the last ReLU is cut elsewhere": {
                "forward": 0.0
            },
        }
        mistakes = {why: _block_backward(*case, **part) for why, part in unlike.items()}
        ds = dy * (np.maximum(x @ w1, 0) @ w2 + alpha * x > 0)
        branch = right[0] - alpha * ds
        one = _block_backward(dy, x, w1, w2, 1.0)[0]
        for i, name in enumerate(("dx", "dw1", "dw2")):
            known = [(why, wrong[i]) for why, wrong in mistakes.items()]
            if name == "dx":
                known += [
                    ("the path along the shortcut is missing", branch),
                    ("alpha is left out of the gradient", branch + ds),
                    (
                        "x comes back along the shortcut: it is the gradient that does",
                        branch + alpha * x,
                    ),
                    ("alpha is left out, forward and backward", one),
                ]
            expect(f"block_backward: {name} for alpha {alpha:g}", got[i], right[i], known)


TOO_LONG = 0.1  # seconds for 16 blocks: adding up takes a hundredth of it, all 65,536 paths more


def _by_length(slopes: Array) -> Array:
    sums = np.array([1.0])
    for slope in slopes:
        sums = np.append(sums, 0) + slope * np.append(0, sums)
    return sums


def _check_by_length(by_length: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for n in (3, 8, 16, 27):
        slopes = rng.normal(0, 0.5, n)
        want = _by_length(slopes)
        started = perf_counter()
        got = call(by_length, slopes)
        seconds = perf_counter() - started
        expect_that(np.ndim(got) == 1, "by_length: expected n + 1 numbers, one for each length")
        mistakes = [
            ("the paths are counted: add up their products", _by_length(np.ones(n))),
            ("it begins with the path through all branches: reverse it", want[::-1]),
            ("these are powers of the sum, which use a branch more than once", _powers(slopes)),
            ("the path along all shortcuts is missing", want[1:]),
        ]
        expect(f"by_length for {n} blocks", got, want, mistakes, tolerance=1e-9)
        expect_that(
            n != 16 or seconds < TOO_LONG,
            f"by_length is right, but takes {seconds:.1f} s for 16 blocks. If it walks along every "
            f"path, 27 blocks take 2,048 times as long. Add up paths of one length together",
        )


def _powers(slopes):
    return np.array([slopes.sum() ** k for k in range(len(slopes) + 1)])


EXERCISES = (
    Exercise(
        "11.one_layer",
        1,
        "Why two layers?",
        """A block of a single layer returns `relu(x @ w + x)`. A plain layer with other weights can
compute exactly the same. Write `plain_weights(w)`, which returns its `v`: `relu(x @ v)` must be
`relu(x @ w + x)` for every `x`. So what is left of the shortcut's advantage?""",
        (
            "Write the second x as a matrix product too.",
            "`x @ w + x` is `x @ (w + I)`, where I is the matrix that changes nothing.",
        ),
        """
def plain_weights(w):
    return w + np.eye(len(w))  # only the start differs, and what weight decay pulls towards;
    # the paper saw no advantage with one layer (section 3.2)
""",
        _check_one_layer,
    ),
    Exercise(
        "11.backward",
        2,
        "Back through a scaled shortcut",
        """The block is `y = relu(relu(x @ w1) @ w2 + alpha * x)`. Write
`block_backward(dy, x, w1, w2, alpha)`, which returns `dx, dw1, dw2`. It begins with a forward pass,
because it needs to know where the two ReLUs were open.""",
        (
            "Begin with the cell above that writes a block out by hand. Where does alpha come in?",
            "Forward, in the sum before the last ReLU. Backward, on one of the two ways to x.",
            "`dx = da @ w1.T + alpha * ds`; the last ReLU's mask belongs to `ds`, so to both ways.",
        ),
        """
def block_backward(dy, x, w1, w2, alpha):
    a = np.maximum(x @ w1, 0)
    ds = dy * (a @ w2 + alpha * x > 0)
    da = (ds @ w2.T) * (a > 0)
    return da @ w1.T + alpha * ds, x.T @ da, a.T @ ds
""",
        _check_backward,
    ),
    Exercise(
        "11.by_length",
        3,
        "All paths, without walking along them",
        """`slopes` holds the derivatives of the branches of n blocks in a row. Write
`by_length(slopes)`, which returns an array of n + 1 numbers. Number k is the sum over all paths
through k branches, and each path counts with the product of its slopes. For three blocks with
slopes a, b, c that is `[1, a + b + c, a*b + a*c + b*c, a*b*c]`. It must work for 27 blocks,
where listing all paths would take minutes.""",
        (
            "Take one block at a time. What does it do to the sums that you have for the blocks "
            "before it?",
            "A path either takes the new block's shortcut and keeps its length, or takes its "
            "branch: then it is one longer, and multiplied by the slope.",
            "Start with `[1]`. Each block makes `sums` with a 0 at the end, plus the slope times "
            "`sums` with a 0 in front.",
        ),
        """
def by_length(slopes):
    sums = np.array([1.0])  # without blocks: one path, of length 0
    for slope in slopes:
        sums = np.append(sums, 0) + slope * np.append(0, sums)
    return sums  # n * n steps instead of 2**n
""",
        _check_by_length,
    ),
    Exercise(
        "11.explain",
        0,
        "skipping layers",
        """A friend says: *a shortcut lets the network skip layers. So the deep residual network is
really a shallow one, and we could have trained the shallow one.* What is right about that, and what
is not?""",
        ("Can the network skip a block for some images only? Does a block that is skipped learn?",),
        """Right: a block can do nothing, by making F(x) small, and at the start most of the signal
goes along the shortcuts. That is why a deep residual network is hardly harder to train than a
shallow one. But nothing is switched off. Every block's F(x) is added to x for every image, and gets
the whole gradient, so it learns whatever small change helps. If the layers added nothing, removing
a block would change nothing, and a network of 56 layers would end where one of 20 does. You will
measure both, in notebooks 14 and 12.""",
    ),
)
