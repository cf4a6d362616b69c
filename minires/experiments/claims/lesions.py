"""What happens to a trained net when a block is taken out, or two blocks are swapped?"""

from collections.abc import Sequence
from functools import partial
from statistics import mean, median

from ... import plot
from ...diagnostics import drop_each, swap_each
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory

NETS = ("plain-56", "resnet-56")
HARDLY, LOST = 0.25, 0.5  # fractions of the net's lead over chance
MARGIN = 0.05
IMAGES = 500


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The test error with each block dropped, and with each pair of neighbours swapped.

    The column ``lost`` holds the fraction of the net's lead over chance that the lesion costs.
    """
    rows = []
    for net in NETS:
        model, batches = laboratory.trained(net, seed), laboratory.test_batches(IMAGES)
        chance = 100 - 100 / len(laboratory.test_set.classes)
        whole, *lesions = drop_each(model, batches)
        found = [("dropped", lesion) for lesion in lesions] + [
            ("swapped", lesion) for lesion in swap_each(model, batches)
        ]
        rows += [
            {
                "net": net,
                "lesion": kind,
                "blocks": "+".join(lesion.blocks),
                "error": lesion.error,
                "whole": whole.error,
                "lost": (lesion.error - whole.error) / max(chance - whole.error, 1.0),
            }
            for kind, lesion in found
        ]
    return rows


def _medians(rows, net):
    """The median, over all blocks that are dropped, of what a net loses; for each seed."""
    return [
        median(
            row["lost"]
            for row in rows
            if (row["net"], row["lesion"], row["seed"]) == (net, "dropped", seed)
        )
        for seed in seeds_of(rows)
    ]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (9.6, 4.4), share_y=True)
    for ax, lesion, title in zip(
        axes, ("dropped", "swapped"), ("one block dropped", "two neighbours swapped")
    ):
        for net in NETS:
            names = list(
                dict.fromkeys(
                    row["blocks"] for row in rows if (row["net"], row["lesion"]) == (net, lesion)
                )
            )
            values = [
                mean(
                    row["error"]
                    for row in rows
                    if (row["net"], row["lesion"], row["blocks"]) == (net, lesion, name)
                )
                for name in names
            ]
            colour = plot.COLOURS[net.split("-")[0]]
            ax.plot(
                range(1, len(names) + 1),
                values,
                "o-",
                markersize=4,
                linewidth=1.6,
                color=colour,
                label=net,
            )
            ax.axhline(
                mean(row["whole"] for row in rows if row["net"] == net),
                color=colour,
                linewidth=1.2,
                linestyle=(0, (4, 2)),
            )
        ax.set_title(title)
        ax.set_xlabel("block, from the images to the logits")
    for first_of_stage in (10, 19):
        axes[0].axvline(first_of_stage, color="#bbbbbb", linewidth=1, linestyle=":", zorder=1)
    axes[0].set_ylabel("test error, %")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper right", ncols=2)
    plot.write_below(
        figure,
        f"{caption}; {IMAGES} test images; dashed: the whole net; dotted: blocks that halve "
        f"the map; {plot.seeds(rows, 'mean of {} seeds')}",
    )
    return figure


CRITERIA = (
    below(
        "what resnet-56 loses of its lead over chance by dropping a block, median",
        partial(_medians, net="resnet-56"),
        HARDLY,
        MARGIN,
    ),
    above("what plain-56 loses", partial(_medians, net="plain-56"), LOST, MARGIN),
)

CLAIM = Claim(
    name="lesions",
    statement="Taking one block out of a trained residual net hardly matters; a plain net is lost.",
    source="Veit et al. 2016, arXiv:1605.06431, section 4.1, figure 3",
    predictions={
        "Veit et al.": "the residual net keeps most of its lead over chance, by the median of its "
        "blocks; a plain net falls to chance",
        "every layer counts": "both lose much",
    },
    columns=("seed", "net", "lesion", "blocks", "error", "whole", "lost"),
    text=("net", "lesion", "blocks"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
