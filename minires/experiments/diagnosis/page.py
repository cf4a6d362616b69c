"""The HTML page about a diagnosis of trained nets; it contains its own figures."""

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
        "In a plain net every layer works on the output of the layer before it. A residual block "
        "only adds to its input. Veit et al. 2016 therefore regard a residual net as an ensemble "
        "of paths of many lengths. If they are right, leaving out one block costs little, and the "
        "error rises smoothly with the number of blocks left out.",
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
        "A net of n residual blocks contains 2^n paths, and most of them go through about half of "
        "the blocks. Veit et al. 2016 found that every residual branch on a path weakens the "
        "gradient, so that short paths carry nearly all of it. Then the curve in the right panel "
        "lies further to the left than the curve in the left panel.",
    ),
    "gradients": (
        "Gradients, and what is left of the differences between images",
        "gradient norm of each layer's weights, and effective rank after each block",
        "The left panel shows whether the gradient of the loss with respect to the weights "
        "vanishes or explodes towards the images. The right panel shows in how many directions the "
        "outputs for different images differ. In a net that forgets its input they are few.",
    ),
}


def html(folder: PathLike, drawn: Mapping[str, tuple[bytes, bytes]]) -> str:
    """The page about a diagnosis, as HTML.

    Parameters
    ----------
    folder : str or Path
        The folder of the diagnosis.
    drawn : dict
        Name of a figure -> its PNG files for light and for dark pages.

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
    """Draw the figures and write the page into the folder of a diagnosis, and return their paths.

    Raises DataError as `html` does, and CheckpointError if a file cannot be written.
    """
    folder = expanded(folder)
    light = findings.figures(folder)
    with plots.use_theme(plots.DARK):
        dark = {name: plots.picture(figure) for name, figure in findings.figures(folder).items()}
    paths = save_figures(light, folder)
    drawn = {name: (path.read_bytes(), dark[name]) for name, path in zip(light, paths)}
    replace_text(folder / NAME, html(folder, drawn))
    return [*paths, folder / NAME]
