"""How large an experiment is: over a coffee, a lunch or a night on a laptop, or as large as the
paper's.

Quick shows the first half of the paper's picture: depth hurts plain nets, and shortcuts mend it.
The second half, that with shortcuts deeper is better, takes longer trainings: small is the
shortest to try it with. Demo is a look of half a minute, not a measurement.
"""

from dataclasses import replace
from typing import Any

from ..training.config import RunConfig

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
        warmup=390,  # an epoch
        crop_padding=2,  # as large a part of 16 pixels as the paper's 4 are of 32
    ),
    "standard": RunConfig(
        image_size=32,
        net={"width": 16},
        train_size=50_000,
        test_size=10_000,
        epochs=20,
        drops=(0.6, 0.85),
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


def preset(name: str, **given: Any) -> RunConfig:
    """The preset `name` with some settings changed.

    In a shorter training the preset's warm-up is shorter too: it stays the same part of all steps.

    Raises
    ------
    ConfigError
        For a setting out of its range, or a batch larger than the training set.
    """
    usual = PRESETS[name]
    config = replace(usual, **given)
    if not usual.warmup or "warmup" in given:
        return config
    steps, of = (one.resolve(one.train_size or 0).iterations or 1 for one in (config, usual))
    return replace(config, warmup=min(usual.warmup, round(usual.warmup * steps / of)))
