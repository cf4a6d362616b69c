"""Check of the training loop: nets that learn with the student's batch norm."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from .... import data, functional, kernels, models, optim
from ....autograd import Tensor
from ....types import Array
from ...across import Answer, as_numbers
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .definitions import batch_axes, moments_of, normalised_by

NETS = (
    "plain, with batch norm",
    "plain, without batch norm",
    "resnet, with batch norm",
    "resnet, without batch norm",
)
FIRST = {  # the first five losses with seed 0; below, those with usual mistakes
    NETS[0]: [2.30390, 2.29003, 2.29329, 2.32151, 2.26843],
    NETS[1]: [2.30263, 2.30099, 2.30026, 2.30573, 2.29519],
    NETS[2]: [2.30072, 2.27070, 2.28173, 2.50080, 2.20506],
    NETS[3]: [2.30256, 2.29068, 2.27234, 2.43991, 2.20457],
}
ADDING_UP = {
    NETS[0]: [2.30390, 2.29003, 2.29053, 2.33803, 2.24791],
    NETS[1]: [2.30263, 2.30099, 2.29971, 2.30773, 2.28803],
    NETS[2]: [2.30072, 2.27070, 2.27396, 2.74091, 2.31610],
    NETS[3]: [2.30256, 2.29068, 2.26296, 2.55458, 2.18867],
}
AT_REST = {
    NETS[0]: [2.30390, 2.29361, 2.30212, 2.30250, 2.30197],
    NETS[1]: [2.30263, 2.30129, 2.30227, 2.30236, 2.30285],
    NETS[2]: [2.30072, 2.27935, 2.30074, 2.30849, 2.30712],
    NETS[3]: [2.30256, 2.28451, 2.29750, 2.30942, 2.31009],
}
IN_EVALUATION = {NETS[0]: FIRST[NETS[1]], NETS[2]: [2.30256, 2.29069, 2.27232, 2.44014, 2.20620]}
IN_INFERENCE_BACKWARD = {
    NETS[0]: [2.30390, 2.28999, 2.29316, 2.32243, 2.26634],
    NETS[2]: [2.30072, 2.27068, 2.28203, 2.50252, 2.21362],
}


@task("a3.train")
def train(losses: Answer, function: Answer, build: Answer, trial: Trial) -> None:
    expect_that(
        isinstance(losses, dict) and set(NETS) <= set(losses),
        "losses: expected the losses of four nets; the cell above collects them once `train` is "
        "written: run that cell again",
    )
    for name in NETS:
        got = losses[name]
        expect_that(
            isinstance(got, (list, tuple)) or getattr(got, "ndim", 0) == 1,
            f"losses, {name}: expected a list of numbers, got {type(got).__name__}; what "
            "does train return?",
        )
        try:
            expect_that(
                not (
                    isinstance(got, (list, tuple)) and any(isinstance(one, Tensor) for one in got)
                ),
                f"losses, {name}: expected numbers, got Tensors: each keeps the whole tape of its "
                "step; use loss.item()",
            )
            got = as_numbers(got)
        except (TypeError, ValueError):
            raise WrongAnswer(
                f"losses, {name}: expected numbers, got {type(got[0]).__name__}"
            ) from None
        expect_that(
            got.size >= 5,
            f"losses, {name}: expected a loss for each of 150 steps, got {got.size}; is the loss "
            "appended in the loop?",
        )
        expect_that(
            np.isfinite(got).all(),
            f"losses, {name}: {int((~np.isfinite(got)).sum())} of {got.size} are not finite",
        )
        mistakes = [
            (
                "gradients of earlier steps are still there: set them to zero before each step "
                "(optimizer.zero_grad())",
                ADDING_UP,
            ),
            ("the weights do not move: call optimizer.step() in every step", AT_REST),
            (
                "the net is in evaluation mode: the running averages, 0 and 1 at first, "
                "change nothing. Call net.train() first",
                IN_EVALUATION,
            ),
            ("dx of your batch norm is that of inference; see task 4", IN_INFERENCE_BACKWARD),
        ]
        expect(
            f"losses, {name}: the first five steps",
            got[:5],
            FIRST[name],
            [(sentence, wrong[name]) for sentence, wrong in mistakes if name in wrong],
            tolerance=3e-4,
        )
        expect_that(
            got.size >= 100,
            f"losses, {name}: expected a loss for each of 150 steps, got {got.size}",
        )
        if name in (NETS[0], NETS[2]):
            expect_that(
                got[-20:].mean() < 2.15,
                f"losses, {name}: expected about 1.7 to 1.9 at the end, and a mean below 2.15 "
                f"over the last 20 steps, got {got[-20:].mean():.2f}",
            )
    _a_few_steps(function, build, trial)


def _a_few_steps(function, build, trial):
    """Check that the loop gives the right losses from weights drawn here."""
    family, steps = ("plain", "resnet")[trial.seed % 2], 3
    own = {"plain": models.plain, "resnet": models.resnet}[family](14, width=8, seed=0)
    for parameter in own.parameters():
        noise = trial.rng.uniform(0.8, 1.2, parameter.shape)
        parameter.data = (parameter.data * noise).astype(np.float32)
    weights = [parameter.data.copy() for parameter in own.parameters()]
    try:
        got = np.array(
            [float(loss) for loss in probe("a3.train", function, build, family, weights, steps)]
        )
    except (TypeError, ValueError):
        raise WrongAnswer("train: expected a list of numbers, the loss of every step") from None
    expect(
        f"train: the losses of {steps} steps from other weights",
        got,
        trained(own, steps),
        [
            (
                "the weights do not move: call optimizer.step() in every step",
                trained(own, steps, 1e-30),
            )
        ],
        tolerance=1e-3,
    )


def trained(net: Any, steps: int, lr: float = 0.1) -> Array:
    """The losses (steps,) of training `net` with the batch norm and ReLU of the definitions.

    The net has its old parameters and running averages afterwards.
    """
    drawn = data.synthetic(2000, 500)[0].resize(16)
    images = (drawn.images / 255 - drawn.pixel_mean()).astype(np.float32)
    rng, losses = np.random.default_rng(0), []
    before = {name: value.data.copy() for name, value in both(net)}

    def norm_forward(x, weight, bias, mean=None, var=None, eps=1e-5):
        if mean is None:
            mean, var = (one.reshape(-1) for one in moments_of(x))
        cache = SimpleNamespace(x=x, weight=weight, mean=mean, var=var, eps=eps)
        return normalised_by(x, weight, bias, mean, var, eps).astype(x.dtype), cache

    def norm_backward(dy, cache):
        axes, n = batch_axes(dy), dy.size // dy.shape[-1]
        x_hat = (cache.x - cache.mean) / np.sqrt(cache.var + cache.eps)
        dweight, dbias = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
        inner = dy - dbias / n - x_hat * dweight / n
        dx = cache.weight / np.sqrt(cache.var + cache.eps) * inner
        return tuple(one.astype(dy.dtype) for one in (dx, dweight, dbias))

    pairs: dict[str, Any] = {
        "batch_norm": (norm_forward, norm_backward),
        "relu": (lambda x: (np.maximum(x, 0), x > 0), lambda dy, above: dy * above),
    }
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    net.train()
    with kernels.use(**pairs):
        for _ in range(steps):
            chosen = rng.integers(0, len(images), 32)
            loss = functional.cross_entropy(net(Tensor(images[chosen])), drawn.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    for name, value in both(net):
        value.data = before[name]
    return np.array(losses)


def both(net: Any) -> list[tuple[str, Any]]:
    """The parameters and the running averages of a net, by name."""
    return [*net.named_parameters(), *net.named_buffers()]
