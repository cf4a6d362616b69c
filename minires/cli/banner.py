"""The lines around a run at a terminal: before it a banner with what is trained, how long it takes
and where the results go, and after it the errors as curves. Files and pipes get neither.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..drawing.terminal import curves, has_blocks, has_colours, painted
from ..names import printable
from .printing import say

#: Multiply-adds per second of two cores that each train a small net; quick: 245 s, small: 45 min.
TWO_CORES = 1.75e10
START = 10.0  # seconds until all processes compute
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def show_start(*sentences: str, out: Path) -> None:
    """Print the banner, if stdout is a terminal."""
    if sys.stdout.isatty():
        say(f"{' '.join(sentences)}\nResults: {out}\n")


def of_degradation(settings: Mapping[str, Any], cost: float, device: str) -> list[str]:
    """Sentences on what a run with these settings trains, and how long it takes. `cost` is in
    multiply-adds.
    """
    depths, seeds = settings["depths"], settings["seeds"]
    nets = 2 * len(depths) * len(seeds)
    repeated = f", {len(seeds)} seeds" if len(seeds) > 1 else ""
    count = NUMBERS.get(nets, str(nets))
    length = _length(settings["epochs"], settings["iterations"])
    trained = (
        f"Training {count} nets, plain and residual ({_listed(depths)} layers{repeated}), "
        f"for {length} each on {settings['train_size']:,} {_images(settings)}."
    )
    if device != "cpu":
        return [trained]
    return [trained, f"It takes {about(cost / TWO_CORES + START)} on two cores."]


def of_one_net(settings: Mapping[str, Any]) -> list[str]:
    """A sentence on what a run of ``minires train`` or ``finetune`` with these settings trains."""
    part = {"all": "", "head": "the last layer of "}.get(
        settings["train"], f"{settings['train']} and what follows it in "
    )
    length = _length(settings["epochs"], settings["all_iterations"])
    return [
        f"Training {part}{settings['model']} ({settings['parameters']:,} parameters) for {length} "
        f"on {settings['training_images']:,} {_images(settings)}."
    ]


def of_sweep(settings: Mapping[str, Any]) -> list[str]:
    """A sentence on the nets that ``minires train`` trains with ``--seeds`` or ``--sweep``."""
    runs, common = settings["runs"], settings["common"]
    count = NUMBERS.get(len(runs), str(len(runs)))
    length = ""
    if common.get("epochs") or common.get("iterations"):
        length = f" for {_length(common['epochs'], common['iterations'])} each"
    images = {name: common.get(name) for name in ("image_size", "dataset")}
    on = _images({**images, "dataset_name": settings["dataset_name"]})
    values: dict[str, dict[str, None]] = {}  # setting -> its values, in order
    for pair in (pair for name in runs for pair in name.split(",")):
        setting, _, value = pair.partition("=")
        values.setdefault(setting, {})[printable(value)] = None
    swept = [f"{setting} {_listed(list(taken))}" for setting, taken in values.items()]
    nets = "one net" if len(runs) == 1 else f"{count} nets"
    return [f"Training {nets}{length} on {on}: {', '.join(swept)}."]


def of_evaluation(settings: Mapping[str, Any]) -> list[str]:
    """A sentence on the net that ``minires evaluate`` evaluates, and on the test set."""
    net = f"{settings['model']} ({settings['parameters']:,} parameters)"
    where = _test_images(settings["test_images"], settings["dataset_name"])
    return [f"Evaluating {net} with {printable(settings['weights'])} on {where}."]


def of_diagnosis(settings: Mapping[str, Any]) -> list[str]:
    """A sentence on the nets that ``minires diagnose`` looks into, and on the images."""
    nets = _listed([printable(name) for name in settings["nets"]])
    where = _test_images(settings["images"], settings["dataset_name"])
    return [f"Looking inside {nets} with {where}."]


def of_claims(chosen: Sequence[Any], args: Any) -> list[str]:
    """Sentences on the claims that are measured, and how long that may take."""
    claims = f"the claim {chosen[0].name}" if len(chosen) == 1 else f"{len(chosen)} claims"
    seeds = args.seeds if args.decide is None else args.decide
    count = seeds if isinstance(seeds, int) else len(seeds)
    words = f"{count} seed{'s' * (count > 1)}" if count else "the deciding seeds"
    sentences = [f"Measuring {claims} with {words} on {args.dataset}."]
    if args.preset == "quick" and args.device == "cpu":
        sentences.append("All claims together take about 50 minutes a seed on two cores.")
    return sentences


def _length(epochs, iterations):
    return f"{iterations:,} steps" if epochs is None else f"{epochs:g} epoch{'s' * (epochs != 1)}"


def _images(settings):
    size = f"{settings['image_size']}x{settings['image_size']} " if settings["image_size"] else ""
    if settings["dataset"] == "synthetic":
        return f"drawn {size}images"
    return f"{size}images of {printable(settings['dataset_name'])}"


def _test_images(count, name):
    if name == "synthetic":
        return f"{count:,} drawn test images"
    return f"{count:,} test images of {printable(name)}"


def _listed(things: Sequence[object]) -> str:
    *first, last = map(str, things)
    return f"{', '.join(first)} and {last}" if first else last


def about(seconds: float) -> str:
    """A time in words, rounded as roughly as it is known."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds / length
        if count >= 1.5:
            return f"about {round(count) if count < 10 else 5 * round(count / 5)} {unit}s"
        if count >= 0.83:
            return f"about {'an' if unit == 'hour' else 'a'} {unit}"
    return "half a minute" if seconds >= 20 else "a few seconds"


def show_errors(title: str, curve_of: Mapping[str, Sequence[float]]) -> None:
    """Print errors in percent by epoch as curves, each in the colour of its net, if the terminal
    can show them.
    """
    if not has_blocks(sys.stdout):
        return
    title_line, *lines = [printable(line) for line in curves(title, curve_of)] or [""]
    if has_colours(sys.stdout):
        parts = [line.rpartition("  ") for line in lines]  # the numbers are not coloured
        lines = [painted(curve, curve) + gap + numbers for curve, gap, numbers in parts]
    if lines:
        print("\n".join(["", title_line, *lines]))
