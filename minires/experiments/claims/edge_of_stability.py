"""Does gradient descent sharpen the loss until its steps are only just stable?

Measured with the squared loss, because with cross-entropy the sharpness falls again once the loss
is nearly 0.
"""

from collections.abc import Sequence
from functools import partial
from statistics import mean, median

import numpy as np

from ... import backend, models, optim, plot
from ... import functional as F
from ...autograd import Tensor
from ...diagnostics import sharpest_curvature, stability_limit
from ...types import Array, Figure, Row
from .frame.claim import Claim
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory

IMAGES = 1024  # all of them in each step
DEPTH = 4
RATES = (0.1, 0.2)  # learning rates: gradient descent is stable below sharpness 20 and 10
STEPS, EVERY = 2000, 100  # steps of training, and steps between two measurements
LAST = 0.5  # the last half of training is judged: by then a net is at the edge, or never will be
LOW, HIGH, MARGIN = 0.9, 1.2, 0.02  # multiples of the limit


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Sharpness and loss along gradient descent on a small fully connected net, for each rate."""
    images, labels = laboratory.batch(IMAGES)
    rows = []
    for lr in RATES:
        net = models.plain_mlp(
            DEPTH,
            image_size=images.shape[1],
            num_classes=len(laboratory.train_set.classes),
            batch_norm=False,
            seed=seed,
        ).to(laboratory.device)
        descent = optim.SGD(net.parameters(), lr)
        for step in range(STEPS + 1):
            loss = squared_loss(net(Tensor(images)), labels)
            if step % EVERY == 0:
                found = sharpest_curvature(
                    net, [(images, labels)], loss=squared_loss, tolerance=0.1, most=20
                )
                rows.append(
                    {
                        "lr": lr,
                        "step": step,
                        "sharpness": found.sharpness,
                        "limit": stability_limit(lr),
                        "loss": loss.item(),
                    }
                )
            net.zero_grad()
            loss.backward()
            descent.step()
    return rows


def squared_loss(outputs: Tensor, labels: Array) -> Tensor:
    """Half the squared distance between outputs (N, classes) and one-hot labels, averaged over the
    N images.
    """
    one_hot = np.eye(outputs.shape[1], dtype=outputs.dtype)[labels]
    target = Tensor(backend.move(one_hot, outputs.device))
    return F.mse_loss(outputs, target) * (outputs.shape[1] / 2)


def settled(rows: Sequence[Row], lr: float) -> list[float]:
    """The sharpness as a multiple of the limit, one median over the last half of training for each
    seed.
    """
    found = []
    for seed in seeds_of(rows):
        chosen = [row for row in rows if (row["lr"], row["seed"]) == (lr, seed)]
        last = max(row["step"] for row in chosen)
        late = [row for row in chosen if row["step"] >= (1 - LAST) * last]
        found.append(median(row["sharpness"] / row["limit"] for row in late))
    return found


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (10.4, 4.6), widths=(1.5, 1))
    for ax, quantity in zip(axes, ("sharpness", "loss")):
        ends = []
        for lr, colour in zip(RATES, plot.OTHERS):
            steps = sorted({row["step"] for row in rows})
            values = [
                [row[quantity] for row in rows if (row["lr"], row["step"]) == (lr, step)]
                for step in steps
            ]
            middle = [mean(of_step) for of_step in values]
            ax.plot(steps, middle, color=colour, linewidth=2.2, zorder=3)
            ax.fill_between(
                steps, [*map(min, values)], [*map(max, values)], color=colour, alpha=0.18, lw=0
            )
            if quantity == "sharpness":
                limit = next(row["limit"] for row in rows if row["lr"] == lr)
                ax.plot([0, steps[-1]], [limit, limit], color=colour, lw=1.2, ls=(0, (2, 2)))
                ends.append((limit, f"2 / {lr:g} = {limit:.3g}", colour, steps[-1]))
            else:
                ends.append((middle[-1], f"lr {lr:g}", colour, steps[-1]))
        ax.set_xlim(0, steps[-1] * 1.25)
        ax.set_xticks(range(0, steps[-1] + 1, max(1, steps[-1] // 4)))
        ax.set_ylim(bottom=0)
        ax.set_xlabel("steps of gradient descent")
        plot.label_ends(ax, ends)
    axes[0].set_ylabel("sharpness: largest eigenvalue of the Hessian")
    axes[1].set_ylabel("squared loss")
    plot.write_below(
        figure,
        f"{caption}, of which {IMAGES:,} in every step, without momentum; {DEPTH} fully connected "
        f"layers, no batch norm; {plot.seeds(rows)}; dotted: 2 / lr, the theory",
    )
    return figure


CRITERIA = tuple(
    side(
        f"at learning rate {lr:g}, the sharpness in the second half of training over 2 / lr",
        partial(settled, lr=lr),
        threshold,
        MARGIN,
    )
    for lr in RATES
    for side, threshold in ((above, LOW), (below, HIGH))
)

CLAIM = Claim(
    name="edge-of-stability",
    statement="Gradient descent on all images at once sharpens the loss until it is only just "
    "stable: sharpness rises to 2 / lr and stays there.",
    source="Cohen et al. 2021, arXiv:2103.00065, section 3",
    predictions={
        "Cohen et al.": "0.9 to 1.2 times 2 / lr, whatever the learning rate",
        "sharpness is the landscape's": "the same sharpness at every learning rate, or one far "
        "from 2 / lr",
    },
    columns=("seed", "lr", "step", "sharpness", "limit", "loss"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.2,
)
