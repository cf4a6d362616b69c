"""The page of speed: charts and tables of the recorded benchmarks."""

import json
from statistics import median
from typing import Any

from benchmarks import report
from minires.plot.saving import picture as image_of
from minires.plot.style import styled
from minires.plot.themes import DARK, LIGHT, theme, use_theme

from .places import ROOT, read

RECORDED = "benchmarks/results"
PAGE = "speed.md"
THEMES = {"light": LIGHT, "dark": DARK}


def results() -> dict[str, Any]:
    """The recorded benchmark of the CPU."""
    return json.loads(read(f"{RECORDED}/cpu.json"))


def charts() -> dict[str, bytes]:
    """Path in the source of the site -> PNG, for each chart on a light page and on a dark one."""
    known, found = results(), {}
    for name, colours in THEMES.items():
        with use_theme(colours):
            for chart, draw in CHARTS.items():
                found[f"charts/{chart}-{name}.png"] = image_of(draw(known), "png", 110)
    return found


@styled
def nets(known: dict[str, Any]):
    """Draw the time of a step of each net beside PyTorch's, with all threads.

    Like all charts, it is drawn from `results`.
    """
    rows = [row for row in known["nets"] if row["threads"] == max(known["threads"])]
    return _bars(rows, known["sides"], "Training steps and inference")


@styled
def imagenet(known: dict[str, Any]):
    """Draw the time of a step of the nets for large images beside PyTorch's, with all threads."""
    rows = [row for row in known["imagenet"] if row["threads"] == max(known["threads"])]
    return _bars(rows, known["sides"], "Nets for ImageNet")


@styled
def kernels(known: dict[str, Any]):
    """Draw the time of each kernel, forward and backward, beside PyTorch's, on one thread."""
    both = ", forward and backward"  # the title says it for all of them
    rows = [
        {**row, "name": row["name"].removesuffix(both)}
        for row in known["kernels"]
        if row["threads"] == 1 and row["name"].endswith(both)
    ]
    return _bars(rows, known["sides"], "Kernels, forward and backward, one thread")


@styled
def growth(known: dict[str, Any]):
    """Draw the milliseconds of a training step for each GFLOP, as depth, width, batch or image size
    grows.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.9), layout="constrained")
    axes = figure.subplots(1, len(known["cost"]), sharey=True)
    for ax, (what, rows) in zip(axes, known["cost"].items()):
        values = [str(row["value"]) for row in rows]
        cost = [1e12 * median(row["seconds"]) / row["flop"] for row in rows]
        ax.plot(values, cost, marker="o", color=theme().shades["resnet"][1])
        ax.set_title(what)
        ax.tick_params(axis="x", labelrotation=60)
    axes[0].set_ylim(bottom=0)  # of all four, which share it; earlier it would fix the top as well
    axes[0].set_ylabel("ms per GFLOP")
    return figure


def _bars(rows, sides, title):
    """Horizontal bars of medians, in milliseconds: a group for each row, a bar for each side."""
    from matplotlib.figure import Figure

    shades = theme().shades
    colours = [shades["resnet"][1], shades["plain"][1], shades["plain"][0]]
    figure = Figure(figsize=(8, 0.9 + 0.5 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for i, side in enumerate(sides):
        heights = [
            (1e3 * median(row["seconds"][side]) if side in row["seconds"] else 0) for row in rows
        ]
        places = [place + (i - 1) * 0.27 for place in range(len(rows))]
        ax.barh(places, heights, 0.25, color=colours[i], label=side)
    ax.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=8)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("milliseconds, median; shorter is faster")
    ax.set_title(title)
    figure.legend(loc="outside lower right", ncols=len(sides))
    return figure


#: Chart -> what draws it.
CHARTS = {"nets": nets, "imagenet": imagenet, "kernels": kernels, "growth": growth}
#: Chart -> the same in words, for readers who cannot see it.
ALT_TEXTS = {
    "nets": "Bars of milliseconds for training steps and inference, minires beside PyTorch; the "
    "numbers are in the tables",
    "imagenet": "Bars of milliseconds for ResNet-18 and ResNet-50, minires beside PyTorch; the "
    "numbers are in the tables",
    "kernels": "Bars of milliseconds for forward and backward of each kernel, minires beside "
    "PyTorch; the numbers are in the tables",
    "growth": "Milliseconds for each GFLOP as depth, width, batch and image size grow: all four "
    "lines fall",
}


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    known = results()
    environment = known["environment"]
    tables = sorted(path.stem for path in (ROOT / RECORDED).glob("*.md"))
    listed = "\n".join(f"- [{name}](guide/benchmark_{name}.md)" for name in tables)
    text = f"""# Speed

Recorded by `{environment["command"]}` on {environment["date"]}: {report.machine(environment)}.
Medians of {known["rounds"]} rounds; minires and PyTorch took turns. The charts are drawn from
`benchmarks/results/cpu.json` when this page is made. Other programs on this machine change its
speed. Measure yours with the same command.

{_figure("nets")}

{_figure("imagenet")}

{_figure("kernels")}

{_figure("growth")}

In the last chart the lines fall: the larger the net, the batch or the image, the less time minires
takes for each operation.

## With all threads

{report.summary(known)}

## All tables

{listed}

The [notes](guide/benchmark_notes.md) say what each change was predicted to bring, and what it did.
"""
    return {PAGE: text}


def _figure(chart: str) -> str:
    """A chart for light pages and one for dark pages, as Markdown. The theme shows one of them."""
    alt = ALT_TEXTS[chart]
    return "\n".join(
        f"```{{image}} charts/{chart}-{name}.png\n:alt: {alt}\n:class: only-{name}\n```"
        for name in THEMES
    )
