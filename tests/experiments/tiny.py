"""Settings for runs of a second or two: the smallest nets on images of 8x8 pixels."""

from dataclasses import replace

from minires.experiments.presets import PRESETS
from minires.training import RunConfig


def tiny_preset(**settings):
    """The preset quick on 64 images, with other settings if given.

    The caller says how long a run is, by `iterations` or `epochs`.
    """
    usual = {
        "image_size": 8,
        "net": {"width": 2},
        "train_size": 64,
        "test_size": 20,
        "batch_size": 16,
        "epochs": None,
    }
    return replace(PRESETS["quick"], **(usual | settings))


def tiny_run(**settings):
    """The settings of one net, plain-8, trained on 64 images for 6 steps, with others if given."""
    usual = {
        "model": "plain-8",
        "net": {"width": 1},
        "image_size": 8,
        "train_size": 64,
        "test_size": 20,
        "batch_size": 16,
        "iterations": 6,
    }
    return RunConfig.for_data(**(usual | settings))
