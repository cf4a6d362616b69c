"""The sizes of an experiment, from half a minute or a coffee break on a laptop to the size of the
paper.

"quick" shows the first half of the paper's result: depth hurts plain nets, and shortcuts cure that.
The second half, that with shortcuts deeper is better, needs longer trainings; "small" is the
smallest preset that can show it. "demo" takes half a minute and measures nothing reliably.
"""

from dataclasses import replace
from typing import Any

from ..data.datasets import cifar10, synthetic
from ..training.config import RunConfig

ALL_IMAGES = {"synthetic": synthetic.TRAIN_SIZE, "cifar10": cifar10.TRAIN_SIZE}  # to train on

PRESETS = {
    "demo": RunConfig(
        image_size=8,
        net={"width": 8},
        train_size=4_000,
        test_size=2_000,
        epochs=4,
        drops=(0.6, 0.85),
        crop_padding=0,
    ),
    "quick": RunConfig(
        image_size=16,
        net={"width": 8},
        train_size=10_000,
        test_size=2_000,
        epochs=7,
        drops=(0.6, 0.85),
        crop_padding=0,
    ),
    "small": RunConfig(
        image_size=16,
        net={"width": 8},
        train_size=50_000,
        test_size=10_000,
        epochs=16,
        schedule="cosine",
        warmup=390,  # steps: one epoch
        crop_padding=2,  # for 16 pixels, like the paper's 4 for 32
    ),
    "standard": RunConfig(
        image_size=32,
        net={"width": 16},
        train_size=50_000,
        test_size=10_000,
        epochs=20,
        schedule="cosine",
        warmup=390,  # steps: one epoch
    ),
    "paper": RunConfig(
        image_size=32,
        net={"width": 16},
        train_size=50_000,
        test_size=10_000,
        iterations=64_000,
        drops=(0.5, 0.75),
        warmup=400,
        warmup_from_depth=110,
    ),
}
#: Preset -> what to expect of it, for the help of commands.
EXPECT = {
    "demo": "half a minute",
    "quick": "a few minutes on two cores; half of the paper's result",
    "small": "a longer training, about three quarters of an hour",
    "standard": "many hours on two cores",
    "paper": "the paper's own training; for a GPU, or patience",
}


def sizes(name: str) -> str:
    """The images, width and length of a preset in words: "8x8 images, width 8, ..."."""
    one = PRESETS[name]
    length = f"{one.epochs} epochs" if one.iterations is None else f"{one.iterations:,} iterations"
    size, width = f"{one.image_size}x{one.image_size}", one.net["width"]
    return f"{size} images, width {width}, {one.train_size:,} images, {length}"


def preset(name: str, **given: Any) -> RunConfig:
    """The preset `name` with the `given` settings changed.

    If they make the training shorter, its warm-up becomes shorter in proportion.

    Raises
    ------
    KeyError
        If there is no such preset.
    ConfigError
        If a setting is out of its range, or a batch is larger than the training set.
    """
    usual = PRESETS[name]
    config = replace(usual, **given)
    if not usual.warmup or "warmup" in given:
        return config
    # A folder of photographs may hold any number: here it counts as the preset's.
    images = ALL_IMAGES.get(config.dataset, usual.train_size or 0)
    steps, usual_steps = (
        one.resolve(one.train_size or images).iterations or 1 for one in (config, usual)
    )
    return replace(config, warmup=min(usual.warmup, round(usual.warmup * steps / usual_steps)))
