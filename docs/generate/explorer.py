"""The page of the explorer: the explorer on recorded runs, and links to views of it."""

from html import escape

from minires.experiments import explorer

from .places import ROOT

PAGE = "explorer.md"
FILE = "explorer/recorded.html"
RUNS = (
    "results/degradation-quick-cifar10",
    "results/degradation-quick-synthetic",
    "results/sweep-small/base",
    "results/sweep-small/crops",
)
# Text of a link -> the view that it opens, as the explorer writes it into its address.
VIEWS = {
    "Before training, gradients of plain-56 grow a thousandfold towards the images": "right=",
    "Ten steps later they no longer do": "right=&step=10",
    "Shortcuts alone: plain-56 and resnet-56, each seed on its own": (
        "right=&each=on&without=plain-20&without=resnet-20"
    ),
    "The same nets on CIFAR-10 (JPEG copy) and on drawn images": "",
    "How far the weights have grown at the end": "what=weight&step=540",
    "With and without crops: the runs behind the preset small": "left=base&right=crops",
}


def pages() -> dict[str, str]:
    """Path in the source of the site -> text."""
    links = "".join(
        f'<li><a href="{FILE}{escape(view and "#" + view)}">{escape(words)}</a></li>'
        for words, view in VIEWS.items()
    )
    parts = [
        "# Explorer of runs",
        "Look around in the recorded runs: switch nets and seeds on and off, and move the slider "
        "over the steps of training. `minires explore DIR` makes such a page from a run of yours, "
        "or from several: [how](guide/experiment.md#look-around-in-a-run).",
        f"```{{raw}} html\n<p>Views to begin with, each on a page of its own:</p>\n"
        f"<ul>{links}</ul>\n"
        f'<iframe class="explorer" src="{FILE}#right=" '
        'title="Explorer of the recorded runs"></iframe>\n'
        "```",
    ]
    return {PAGE: "\n\n".join(parts) + "\n"}


def files() -> dict[str, str]:
    """Path in the site -> HTML: the explorer itself, which is no page of Sphinx."""
    return {FILE: explorer.html([explorer.read(ROOT / run) for run in RUNS])}
