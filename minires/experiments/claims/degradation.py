"""Does depth hurt in training, and not only on new images?"""

from statistics import mean

from ... import plot
from .claim import Claim
from .verdict import above, together

NETS = ("plain-20", "plain-56", "residual-20", "residual-56")
SETTINGS = {"usual": "all training images", "1,024 images": "1,024 images"}
MARGIN = 2.0           # percentage points


def measure(laboratory, seed):
    rows = []
    for variant in SETTINGS:
        for net in NETS:
            last = laboratory.metrics(net, seed, variant)[-1]
            rows.append({"net": net, "variant": variant, "train_error": last["train_error"], "test_error": last["test_error"]})
    return rows


def judge(rows):
    verdicts = []
    for variant, words in SETTINGS.items():
        gaps = [_error(rows, "plain-56", variant, seed) - _error(rows, "plain-20", variant, seed) for seed in seeds(rows)]
        verdicts.append(above(gaps, 0, MARGIN, f"training error of plain-56 minus plain-20 on {words}", "percentage points"))
    return together(*verdicts)


@plot.styled
def draw(rows, caption):
    figure, axes = plot.panels(len(SETTINGS), (9.6, 4.4), share_y=True)
    for ax, (variant, title) in zip(axes, SETTINGS.items()):
        for i, net in enumerate(NETS):
            colour = plot.SHADES[net.split("-")[0]][0 if net.endswith("20") else 1]
            errors = [_error(rows, net, variant, seed) for seed in seeds(rows)]
            tests = [_error(rows, net, variant, seed, "test_error") for seed in seeds(rows)]
            ax.bar(i, mean(errors), width=0.6, color=colour)
            ax.plot([i] * len(errors), errors, "o", color="black", markersize=4, zorder=4)
            ax.plot([i + 0.38] * len(tests), tests, "_", color=plot.GREY, markersize=9, markeredgewidth=1.6, zorder=4)
            ax.annotate(f"{mean(errors):.1f}", (i, 0), xytext=(0, 4), textcoords="offset points", ha="center", color="white", fontweight="bold")
        ax.set_xticks(range(len(NETS)), [net.replace("-", "\n") for net in NETS])
        ax.set_title(title)
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("training error, %")
    plot.write_below(figure, f"{caption}; {len(seeds(rows))} seed(s): a dot each, the bar is their mean; grey: test error")
    return figure


def seeds(rows):
    return sorted({row["seed"] for row in rows})


def _error(rows, net, variant, seed, column="train_error"):
    (row,) = [row for row in rows if (row["net"], row["variant"], row["seed"]) == (net, variant, seed)]
    return row[column]


CLAIM = Claim(
    name="degradation",
    statement="Deeper plain nets train worse: depth hurts the optimisation, not the generalisation.",
    source="He et al. 2015, arXiv:1512.03385, sections 1 and 4.2, figures 1 and 6",
    predictions={"He et al.": "the training error of plain-56 is above that of plain-20, whatever the number of images",
                 "overfitting, if that were the cause": "a lower training error of plain-56 and a higher test error"},
    columns=("seed", "net", "variant", "train_error", "test_error"), text=("net", "variant"),
    measure=measure, judge=judge, draw=draw)
