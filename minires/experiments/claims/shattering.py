"""Do the gradients of a deep plain net look like white noise along a path between two images?"""

from collections.abc import Sequence
from statistics import mean

from ... import plot
from ...diagnostics import gradient_path
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import above
from .frame.laboratory import Laboratory

NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
POINTS = 64  # on the path from one image to another
LAGS = 24  # the largest distance, in points, of two gradients that are compared
LAG = 1  # the distance at which nets are judged: neighbouring points
MARGIN = 0.1  # difference of autocorrelations


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The autocorrelation of the input's gradient along a path between two training images."""
    images, _ = laboratory.batch(2)
    rows = []
    for net in NETS:
        found = gradient_path(
            laboratory.fresh(net, seed), images[0], images[1], points=POINTS, max_lag=LAGS
        )
        rows += [
            {"net": net, "lag": lag, "autocorrelation": float(value)}
            for lag, value in enumerate(found.autocorrelation)
        ]
    return rows


def _apart_at_lag(rows: Sequence[Row]) -> list[float]:
    """The autocorrelation of resnet-56 minus that of plain-56 at `LAG`, for each seed."""

    def at_lag(net):
        return [
            row["autocorrelation"]
            for row in sorted(rows, key=lambda row: row["seed"])
            if (row["net"], row["lag"]) == (net, LAG)
        ]

    return [a - b for a, b in zip(at_lag("resnet-56"), at_lag("plain-56"), strict=True)]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (6.4, 4.4))
    for net in NETS:
        family, depth = net.split("-")
        lags = sorted({row["lag"] for row in rows})
        ax.plot(
            lags,
            [
                mean(
                    row["autocorrelation"] for row in rows if (row["net"], row["lag"]) == (net, lag)
                )
                for lag in lags
            ],
            color=plot.SHADES[family][0 if depth == "20" else 1],
            linewidth=2,
            label=net,
        )
    ax.axhline(0, color=plot.GREY, linewidth=0.8)
    ax.set_xlabel(f"distance on the path between two images, of {POINTS} points")
    ax.set_ylabel("autocorrelation of the input's gradient")
    ax.legend()
    plot.write_below(
        figure,
        f"{caption}; at initialisation, batch norm in training mode; "
        f"{plot.seeds(rows, 'mean of {} seeds')}",
    )
    return figure


CRITERIA = (
    above(
        f"autocorrelation of gradients at lag {LAG} of {POINTS} points, resnet-56 minus plain-56",
        _apart_at_lag,
        0,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="shattering",
    statement="In a deep plain net the gradients at nearby inputs have little in common; shortcuts "
    "keep them alike.",
    source="Balduzzi et al. 2017, arXiv:1702.08591 (correlation 2^-L in plain nets, 1 / sqrt(L) in "
    "residual ones)",
    predictions={
        "Balduzzi et al.": "the autocorrelation falls at once in plain-56, and slowly in resnet-56",
        "no shattering": "equal curves",
    },
    columns=("seed", "net", "lag", "autocorrelation"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
