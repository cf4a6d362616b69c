"""Check of the training loop: a net that learns with the student's convolution."""

import numpy as np

from ....types import Array
from ...across import Answer, as_numbers
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .backward import filter_gradient, image_gradient
from .definitions import LAYERS, STEPS, convolution


def trained(
    seed: int,
    zero: bool = True,
    steps: int = STEPS,
    momentum: float = 0.9,
    evaluation: bool = False,
) -> Array:
    """The losses (steps,) of the assignment's net, trained with the convolution of `definitions`.

    Three arguments plant mistakes. `zero=False` leaves out optimizer.zero_grad(); `momentum=0` is
    also that of a new optimizer in each step; `evaluation=True` trains after net.eval().
    """
    import minires as mr
    from minires import functional as F

    drawn, _ = mr.data.synthetic(60, 10, size=16)
    images = mr.Tensor((drawn.images / 255 - 0.5).astype(np.float32))

    def conv_forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        return convolution(x, w, stride, padding), (x, w, stride, padding)

    def conv_backward(dy, cache):
        x, w, stride, padding = cache
        return image_gradient(w, x.shape, stride, padding, dy), filter_gradient(
            x, w.shape[:2], stride, padding, dy
        )

    net, losses = mr.models.resnet(8, width=8, seed=seed), []
    if evaluation:
        net.eval()
    optimizer = mr.optim.SGD(net.parameters(), lr=0.1, momentum=momentum)
    with mr.kernels.use(conv2d=(conv_forward, conv_backward)):
        for _ in range(steps):
            loss = F.cross_entropy(net(images), drawn.labels)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return np.array(losses)


@task("a2.train")
def train(
    function: Answer, forward: Answer, backward: Answer, losses: Answer, trial: Trial
) -> None:
    try:
        got, forwards, backwards = probe("a2.train", function, forward, backward, STEPS, trial.seed)
    except WrongAnswer as error:
        if "HeldBackError" in str(error):
            raise WrongAnswer(
                "train: the net calls the library's convolution, which is held back. Use yours "
                "for the whole loop: with mr.kernels.use(conv2d=pair): ..."
            ) from None
        raise
    expect_that(
        got is not None, "train: expected a list of losses, got None; is a `return` missing?"
    )
    expect_that(
        forwards > 0,
        "train: the functions of `pair` were never called. Use them for the whole loop: with "
        "mr.kernels.use(conv2d=pair): ...",
    )
    expect_that(
        backwards > 0,
        "train: the backward function of the pair was never called: loss.backward() is missing",
    )
    expect_that(
        got.shape == (STEPS,), f"train: expected a loss for each of {STEPS} steps, got {got.size}"
    )
    expect_that(
        forwards >= LAYERS * STEPS <= backwards,
        f"train: {STEPS} steps of a net with {LAYERS} convolutions call each function of the pair "
        f"{LAYERS * STEPS} times; yours were called {forwards} times forward and {backwards} "
        "times backward",
    )
    _compare(f"train: the first {STEPS} losses", got, trial.seed)
    losses = as_numbers(losses)
    expect_that(
        losses.size == 50,
        f"losses: expected the losses of 50 steps, from the cell above, got {losses.size}",
    )
    _compare(f"losses: the first {STEPS}", losses[:STEPS], 0)
    expect_that(
        np.isfinite(losses).all() and losses[-5:].mean() < 1,
        f"losses: expected less than 1 at the end, got {losses[-5:].mean():.3g}",
    )


def _compare(what, got, seed):
    right, tolerance = trained(seed), 1e-3
    if np.isfinite(got).all() and (np.abs(got - right) <= tolerance * right.max()).all():
        return
    expect(
        what,
        got,
        right,
        [
            (
                "the weights never change: is optimizer.step() missing, or are the "
                "gradients set to zero after loss.backward()?",
                np.full(STEPS, right[0]),
            ),
            (
                "gradients of earlier steps are still there: optimizer.zero_grad() before "
                "each loss.backward()",
                trained(seed, zero=False),
            ),
            (
                "the losses are shifted by one step: take each loss before optimizer.step()",
                trained(seed, steps=STEPS + 1)[1:],
            ),
            (
                "the momentum is missing: SGD(..., momentum=0.9), made *once*, before the loop; a "
                "new optimizer for every step has no momentum yet",
                trained(seed, momentum=0),
            ),
            (
                "the net is in evaluation mode, so batch norm uses its running averages: "
                "net.train() before the loop, or leave out net.eval()",
                trained(seed, evaluation=True),
            ),
            ("the losses are added up over the images: leave the mean as it is", 60 * right),
        ],
        tolerance=tolerance,
    )
    raise WrongAnswer(
        f"{what}: expected the losses that this net gives when it is trained as the task says"
    )
