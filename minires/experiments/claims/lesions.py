"""What if a block is taken out of a trained net, or two are exchanged?"""

from statistics import mean, median

from ... import plot
from ...diagnostics import drop_each, swap_each
from .claim import Claim
from .verdict import above, below, together

NETS = ("plain-56", "residual-56")
HARDLY, LOST = 5.0, 20.0               # percentage points of test error
MARGIN = 1.0
IMAGES = 500


def measure(laboratory, seed):
    rows = []
    for net in NETS:
        model, batches = laboratory.trained(net, seed), laboratory.test_batches(IMAGES)
        whole, *lesions = drop_each(model, batches)
        rows += [{"net": net, "lesion": "dropped", "blocks": "+".join(lesion.blocks), "increase": lesion.error - whole.error} for lesion in lesions]
        rows += [{"net": net, "lesion": "swapped", "blocks": "+".join(lesion.blocks), "increase": lesion.error - whole.error}
                 for lesion in swap_each(model, batches)]
    return rows


def judge(rows):
    return together(below(_medians(rows, "residual-56"), HARDLY, MARGIN, "increase of residual-56's test error by dropping a block, median", "points"),
                    above(_medians(rows, "plain-56"), LOST, MARGIN, "of plain-56's", "points"))


def _medians(rows, net):
    return [median(row["increase"] for row in rows if (row["net"], row["lesion"], row["seed"]) == (net, "dropped", seed))
            for seed in sorted({row["seed"] for row in rows})]


@plot.styled
def draw(rows, caption):
    figure, axes = plot.panels(2, (9.6, 4.4), share_y=True)
    for ax, lesion, title in zip(axes, ("dropped", "swapped"), ("one block dropped", "two neighbours swapped")):
        for net in NETS:
            names = list(dict.fromkeys(row["blocks"] for row in rows if (row["net"], row["lesion"]) == (net, lesion)))
            values = [mean(row["increase"] for row in rows if (row["net"], row["lesion"], row["blocks"]) == (net, lesion, name)) for name in names]
            ax.plot(range(1, len(names) + 1), values, "o-", markersize=4, linewidth=1.6, color=plot.COLOURS[net.split("-")[0]], label=net)
        ax.set_title(title)
        ax.set_xlabel("block, from the images to the logits")
    for first_of_stage in (10, 19):
        axes[0].axvline(first_of_stage, color="#bbbbbb", linewidth=1, linestyle=":", zorder=1)
    axes[0].set_ylabel("increase of the test error, points")
    axes[0].legend()
    count = len({row["seed"] for row in rows})
    plot.write_below(figure, f"{caption}; {IMAGES} test images; dotted: blocks that halve the map; " + ("1 seed" if count == 1 else f"mean of {count} seeds"))
    return figure


CLAIM = Claim(
    name="lesions",
    statement="Taking one block out of a trained residual net hardly matters; a plain net is lost.",
    source="Veit et al. 2016, arXiv:1605.06431, section 4.1, figure 3",
    predictions={"Veit et al.": "a median increase of a few points in the residual net; a plain net falls to chance",
                 "every layer counts": "both lose much"},
    columns=("seed", "net", "lesion", "blocks", "increase"), text=("net", "lesion", "blocks"), measure=measure, judge=judge, draw=draw)
