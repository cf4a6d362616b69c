"""The HTML page about a run of the degradation experiment; it contains its own figures."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ...types import Row
from .. import html_page, provenance
from ..presets import PRESETS, preset
from ..seeds import as_text
from . import gradient_slider, verdict

NAME = "report.html"
QUESTION = "Does depth hurt?"
SHOWN = {
    "degradation": "training and test error against epoch, plain nets left, residual nets right",
    "depths": "final training and test error against depth, plain and residual nets",
    "seeds": "final training and test error of each net with each seed",
    "gradients": "gradient norm of each layer before training and at its end",
}
FLAGS = {  # settings -> the options that set them, in `minires degradation`
    "dataset": "--dataset",
    "image_size": "--image-size",
    "train_size": "--train-size",
    "batch_size": "--batch-size",
    "lr": "--lr",
    "epochs": "--epochs",
    "iterations": "--iterations",
}


def html(
    config: Mapping[str, Any],
    caption: str,
    metrics: Sequence[Row],
    gradients: Sequence[Row],
    parameters: Mapping[str, int],
    pictures: Mapping[str, tuple[bytes, bytes]],
    unfinished: Sequence[str] = (),
) -> str:
    """The page as HTML.

    Parameters
    ----------
    config : dict
        The settings of the run.
    caption : str
        The settings in one line.
    metrics : list of dict
        The rows of ``metrics.csv`` of all finished nets.
    gradients : list of dict
        The rows of ``gradients.csv``.
    parameters : dict
        Net -> its number of parameters.
    pictures : dict
        Name of a figure -> its PNG files for light and for dark pages.
    unfinished : list of str
        Lines about nets that are not finished.
    """
    images = "drawn images" if config["dataset"] == "synthetic" else config["dataset_name"]
    title = f"{QUESTION} Plain and residual nets on {images}"
    body = [f"<h1>{escape(title)}</h1>", f'<p class="small">{escape(caption)}</p>']
    if metrics:
        for sentence in verdict.verdict(metrics):
            name, colon, rest = sentence.partition(": ")
            body.append(f"<p><b>{escape(name + colon)}</b>{escape(rest)}</p>")
        if missing := verdict.not_shown(config, metrics):
            body.append(f"<p>{escape(missing[0])}</p>")
    body += [f"<p>{escape(line)}</p>" for line in unfinished]
    body += ["<h2>Errors</h2>", _picture(pictures, "degradation")]
    if metrics:
        rows = verdict.rows(metrics, parameters)
        body += [
            html_page.table(verdict.HEAD, rows),
            f'<p class="small">{verdict.below(metrics)}</p>',
        ]
    body += [_picture(pictures, name) for name in ("depths", "seeds") if name in pictures]
    body += [
        "<h2>Gradients</h2>",
        "<p>The norm of the gradient of each layer's weights. Move the slider to see it change "
        "while the nets are trained.</p>",
        gradient_slider.html(gradients),
        _picture(pictures, "gradients"),
        "<h2>Settings</h2>",
        html_page.table((), _settings(config)),
        f'<p class="small">{escape(" ".join(provenance.in_sentences(config)))}</p>',
        "<h2>Run it again</h2>",
        *_how_to_run_again(config),
    ]
    return html_page.page(title, body, gradient_slider.STYLE)


def _picture(pictures, name):
    light, dark = pictures[name]
    return html_page.picture(light, SHOWN[name], dark=dark)


def _settings(config):
    shown_elsewhere = {"experiment", "environment", "sources", "settings_hash", "dataset_name"}
    for name, value in config.items():
        if name not in shown_elsewhere and value is not None:
            if isinstance(value, Mapping):
                value = ", ".join(f"{key} {own}" for key, own in value.items())
            elif isinstance(value, (list, tuple)):
                value = ", ".join(map(str, value))
            yield name.replace("_", " "), str(value)


def _how_to_run_again(config):
    found = command(config)
    if found is None:
        yield (
            "<p>The options of the command do not cover all of these settings. In Python, with the "
            "settings above:</p>"
        )
        found = "degradation.run(RunConfig(...), out, depths, seeds)"
    yield f"<pre><code>{escape(found)}</code></pre>"


def command(config: Mapping[str, Any]) -> str | None:
    """The command for another run with these settings, with the preset that makes it shortest; None
    if the command's options cannot give all these settings.
    """
    found = [_with_preset(name, config) for name in PRESETS]
    return min((" ".join(words) for words in found if words is not None), key=len, default=None)


def _with_preset(name, config):
    usual = PRESETS[name].deciding()
    given = {
        setting: config[setting]
        for setting in (*FLAGS, "net")
        if setting in config and config[setting] != usual[setting]
    }
    if not {*given.get("net", {})} <= {"width"}:
        return None
    made = preset(name, **given).deciding()
    for setting in made.keys() - {"model", "seed"}:
        if _plain(config.get(setting, made[setting])) != _plain(made[setting]):
            return None
    words = ["minires degradation"] + ([f"--preset {name}"] if name != "quick" else [])
    for setting, value in given.items():
        if setting == "net":
            words.append(f"--width {value['width']}")
        elif value is not None:  # a run has either epochs or iterations; the other one is None
            shown = f"{value:g}" if isinstance(value, float) else value
            words.append(f"{FLAGS[setting]} {shown}")
    if list(config["depths"]) != [20, 56]:
        words.append(f"--depths {' '.join(map(str, config['depths']))}")
    if list(config["seeds"]) != [0]:
        words.append(f"--seeds {as_text(config['seeds'])}")
    return words


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
