"""The page on a diagnosis of trained nets, which needs no other file."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from ... import plot as plots
from ...names import expanded
from ...serialization.files import replace_text
from ...types import PathLike
from .. import html_page, provenance
from ..records import of_one_run, read_config, save_figures
from . import findings
from .measuring import NAME as EXPERIMENT

NAME = "report.html"
FIGURES = {  # name -> heading, what the figure shows, and what to look for
    "lesions": (
        "Lesions",
        "error of each net without one of its blocks, with two blocks swapped, and without several",
        "In a plain net every layer works on what the one before it made. A residual block adds to "
        "what passes by. Veit et al. 2016 say that such a net is an ensemble of paths of many "
        "lengths: then one block less costs little, and the error rises smoothly with the number "
        "of blocks left out.",
    ),
    "responses": (
        "Responses",
        "standard deviation of each layer's response, in the order of the layers and by size",
        "He et al. 2015 (figure 7) found that layers of residual nets respond less than those of "
        "plain nets, and less the deeper the net: each block changes its input only a little.",
    ),
    "paths": (
        "Paths of the gradient",
        "how many paths there are of each length, and how much gradient they carry",
        "A net of n residual blocks holds 2^n paths, most through half of the blocks. Veit et al. "
        "2016 found that each branch on the way weakens the gradient, so that short paths carry "
        "nearly all of it: the curve on the right lies left of that on the left.",
    ),
    "gradients": (
        "Gradients, and what is left of the differences between images",
        "gradient norm of each layer's weights, and effective rank after each block",
        "Left, the gradient of the loss by each layer's weights: whether it vanishes or explodes "
        "towards the images. Right, in how many directions the outputs for different images "
        "differ: a net that forgets its input has few.",
    ),
}


def html(folder: PathLike, drawn: Mapping[str, tuple[bytes, bytes]]) -> str:
    """The page on a diagnosis.

    Parameters
    ----------
    folder : str or Path
        Of the run.
    drawn : dict
        Each figure by name: for light and for dark pages, as PNG.

    Raises
    ------
    DataError
        If records are missing or damaged.
    """
    folder = expanded(folder)
    config = read_config(folder, EXPERIMENT)
    with of_one_run(folder):
        found = findings.results(folder)
        names = ", ".join(config["nets"])
        title = f"Inside {names}"
        body = [
            f"<h1>{escape(title)}</h1>",
            f'<p class="small">{escape(findings.caption(config))}</p>',
            *(f"<p>{escape(line)}</p>" for line in findings.sentences(found)),
            html_page.table(
                findings.HEAD,
                [
                    [cell.replace(" %", "\N{NO-BREAK SPACE}%") for cell in row]
                    for row in findings.rows(found)
                ],
            ),
            f'<p class="small">{escape(findings.BELOW)}</p>',
        ]
        for name, (heading, shown, words) in FIGURES.items():
            if name in drawn:
                light, dark = drawn[name]
                picture = html_page.picture(light, shown, dark=dark)
                body += [f"<h2>{escape(heading)}</h2>", f"<p>{escape(words)}</p>", picture]
        body += [
            "<h2>The nets</h2>",
            html_page.table(("net", "model", "file", "parameters", "inputs"), _nets(config)),
            f'<p class="small">{escape(" ".join(provenance.in_sentences(config)))}</p>',
            f"<pre><code>{escape(config['environment']['command'])}</code></pre>",
        ]
        return html_page.page(title, body)


def _nets(config):
    for name, one in config["nets"].items():
        settings = ", ".join(f"{key} {value}" for key, value in one["net"].items())
        transform = one["transform"]
        mean, std = (" ".join(f"{x:.4g}" for x in transform[key]) for key in ("mean", "std"))
        inputs = f"{transform['crop']} pixels, mean {mean}, std {std}"
        model = f"{one['model']} ({settings})" if settings else one["model"]
        yield name, model, one["weights"], f"{one['parameters']:,}", inputs


def draw(folder: PathLike) -> list[Path]:
    """Draw the figures into the folder of the diagnosis, write the page, and return their paths.

    Raises as `html`, or CheckpointError if something cannot be written.
    """
    folder = expanded(folder)
    light = findings.figures(folder)
    with plots.use_theme(plots.DARK):
        dark = {name: plots.picture(figure) for name, figure in findings.figures(folder).items()}
    paths = save_figures(light, folder)
    drawn = {name: (path.read_bytes(), dark[name]) for name, path in zip(light, paths)}
    replace_text(folder / NAME, html(folder, drawn))
    return [*paths, folder / NAME]
