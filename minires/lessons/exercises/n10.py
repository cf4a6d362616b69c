"""Exercises of notebook 10: what a deeper net costs, and what its errors say."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that, expect_tuple
from ...types import Array
from .kinds import Exercise

VERDICTS = "degradation", "overfitting", "deeper is better"
CASES = (  # (training, test error) of the shallow net, of the deep one, the verdict
    ((30.0, 40.0), (50.0, 58.0), 0),
    ((30.0, 40.0), (10.0, 55.0), 1),
    ((30.0, 40.0), (20.0, 33.0), 2),
    ((5.0, 40.0), (6.0, 35.0), 0),  # a better test error does not change what training did
    ((9.7, 11.0), (9.5, 11.5), 1),
)


def _check_verdict(verdict: Callable[..., Any]) -> None:
    for shallow, deep, which in CASES:
        got = call(verdict, shallow, deep)
        case = f"training and test error {shallow} with few layers, {deep} with many"
        expect_that(
            got in VERDICTS,
            f"expected one of {', '.join(map(repr, VERDICTS))}, got {got!r} for {case}",
        )
        if got == VERDICTS[which]:
            continue
        why = {
            0: "the deeper net has the higher *training* error: that is degradation, whatever the "
            "test errors are",
            1: "the training error fell and the test error rose: the deeper net overfits",
            2: "both errors fell",
        }[which]
        expect_that(False, f"{case}: {why}. Got {got!r}")


def _work(n: float, width: int, size: int, strides: bool = True, classes: int = 10) -> int:
    total, channels = size**2 * 27 * width, width
    for stage in range(3):
        out = width * 2**stage
        side = size // 2**stage if strides else size
        for _ in range(round(2 * n)):
            total, channels = total + side**2 * 9 * channels * out, out
    return total + channels * classes


def _check_work(work_of: Callable[..., Any]) -> None:
    for n, width, size in ((3, 16, 32), (9, 16, 32), (1, 8, 16)):
        want = _work(n, width, size)
        linear, first = 4 * width * 10, size**2 * 27 * width
        opening = sum(
            (size // 2**stage) ** 2 * 9 * (width * 2**stage) ** 2 // 2 for stage in (1, 2)
        )
        mistakes = [
            ("the maps keep their size: stages 2 and 3 halve it", _work(n, width, size, False)),
            ("a stage has n layers; it has 2 n of them", _work(n / 2, width, size)),
            (
                "the first convolution is counted with one channel; an image has three",
                want - 2 * first / 3,
            ),
            (
                "the layers that open stages 2 and 3 still work on the larger maps",
                want + 3 * opening,
            ),
            ("pixels are not counted: these are the weights", _work(n, width, 1, False)),
            ("it is in millions", want / 1e6),
            ("the linear layer is missing", want - linear),
            ("the first convolution is missing", want - first),
            ("the first convolution and the linear layer are missing", want - first - linear),
            ("the layers that open stages 2 and 3 get half of the channels only", want + opening),
            (
                "each multiply-add counts twice; it is one multiplication with its addition",
                2 * want,
            ),
        ]
        got = call(work_of, n, width, size)
        expect(f"work_of({n}, {width}, {size})", got, want, mistakes, tolerance=1e-9)


def _answers(w1: Array, w2: Array, x: Array) -> Array:
    y: Array = np.maximum(x @ w1, 0) @ w2
    return y


def _check_wider(wider: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    w1, w2, x = (
        rng.standard_normal((4, 6)),
        rng.standard_normal((6, 3)),
        rng.standard_normal((9, 4)),
    )
    first, second = expect_tuple("wider", call(wider, w1, w2), 2, "the two larger matrices")
    for name, got, shape in (("first", first, (4, 12)), ("second", second, (12, 3))):
        expect_that(
            np.shape(got) == shape,
            f"wider: the {name} matrix: expected shape {shape}, got {np.shape(got)}",
        )
    want = _answers(w1, w2, x)
    mistakes = [
        ("everything is added up twice: each half should bring half of the answer", 2 * want),
        ("both matrices were halved", want / 2),
    ]
    expect("wider: the answers", _answers(first, second, x), want, mistakes)
    expect_that(
        np.linalg.matrix_rank(np.asarray(first)) > 0
        and all(np.abs(first).sum(axis=0) > 0)
        and all(np.abs(second).sum(axis=1) > 0),
        "wider: the answers are right, but some of the new units do nothing at all. Let each of "
        "them share the work",
    )


EXERCISES = (
    Exercise(
        "10.verdict",
        1,
        "What do the two errors say?",
        """Write `verdict(shallow, deep)`. Each argument is a pair (training error, test error) in
percent. Return `"degradation"`, `"overfitting"` or `"deeper is better"`.""",
        (
            "Which of the two errors decides whether it is degradation?",
            "First compare the training errors. Only if the deeper net's is lower do the test "
            "errors matter.",
        ),
        """
def verdict(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"  # training itself got worse
    return "overfitting" if deep[1] > shallow[1] else "deeper is better"
""",
        _check_verdict,
    ),
    Exercise(
        "10.work",
        2,
        "The work of a whole network",
        """Write `work_of(n, width, size)`, which returns the multiply-adds of the plain network of
6n + 2 layers and ten classes, for one image of `size` times `size` pixels and three channels. Leave
out batch norm, ReLU and the mean. For `work_of(3, 16, 32)` the summary above says 40.6 million.""",
        (
            "One convolution takes H' * W' * 9 * C_in * C_out multiply-adds, where H' and W' are "
            "the size of its *output*.",
            "Go through the network as `parameters_by_hand` does, with one more variable for the "
            "size of the maps.",
            "The layer that opens a stage already works on the smaller map, from the fewer "
            "channels of the stage before.",
        ),
        """
def work_of(n, width, size):
    total, channels = size**2 * 27 * width, width
    for stage in range(3):
        out, side = width * 2**stage, size // 2**stage
        for _ in range(2 * n):
            total, channels = total + side**2 * 9 * channels * out, out
    return total + channels * 10
""",
        _check_work,
    ),
    Exercise(
        "10.wider",
        3,
        "A solution exists in width, too",
        """A network of two linear layers, `relu(x @ w1) @ w2`, has h units in the middle. Write
`wider(w1, w2)`: two matrices with 2h units in the middle that give the same answers for every `x`.
Each of the new units must do some of the work.""",
        (
            "What happens if every unit in the middle is there twice?",
            "Then every unit counts twice in the last sum. What makes up for that?",
        ),
        """
def wider(w1, w2):
    return np.concatenate([w1, w1], axis=1), np.concatenate([w2, w2]) / 2
""",
        _check_wider,
    ),
    Exercise(
        "10.explain",
        0,
        "perhaps it cannot",
        """A friend says: *perhaps a network of 56 layers cannot express what one of 20 layers does.
Then no training could help.* Answer in three sentences, with the copy that you made.""",
        ("What do the 36 added layers of the copy do?",),
        """It can. The copy has 56 layers, as many parameters as the plain-56 that was trained, and
the errors of plain-20, because its added layers return what they get. So far better weights exist,
and training does not find them: it does not even find weights for 256 images.""",
    ),
)
