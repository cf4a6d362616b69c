"""Names in files of earlier versions, and what these things are called today.

Weights, settings files, records and checkpoints with old names are still read, and runs go on from
them.
"""

import re
from collections.abc import Mapping
from typing import Any

NET_SETTINGS = {"survival": "survival_prob"}
RUN_SETTINGS = {"held_out": "val_fraction"}
MOST_SEEDS = 100_000  # of a run; a config.json with more was not written by one
EXPERIMENTS = {"one net": "single net"}


def with_current_names(
    settings: Mapping[str, Any], names: Mapping[str, str] = NET_SETTINGS
) -> dict[str, Any]:
    """The dict `settings` with today's names; `names` maps old ones to new ones."""
    return {names.get(name, name): value for name, value in settings.items()}


def current_net(name: str) -> str:
    """A net's name in tables: what was "residual-56" is "resnet-56"."""
    return re.sub(r"^residual-(?=\d)", "resnet-", name)


def previous_net(name: str) -> str:
    """The name that earlier versions gave to a net, in file names too."""
    return re.sub(r"^resnet-(?=\d)", "residual-", name)


def current_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a run's ``config.json``, a dict, by today's names.

    Presets once had a `width`, and `warmup_from_110`, the iterations of warm-up for nets of 110
    layers or more. The claims kept the name of a net as "net", and how it was trained in a dict of
    its own, "recipe". Runs had a number of seeds, those from 0 on.
    """
    config = with_current_names(config, RUN_SETTINGS)
    if "experiment" in config:
        config["experiment"] = EXPERIMENTS.get(config["experiment"], config["experiment"])
    seeds = config.get("seeds")
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds <= MOST_SEEDS:
        config["seeds"] = list(range(seeds))
    if isinstance(config.get("net"), str):
        config["model"] = current_net(config.pop("net"))
    if "warmup_from_110" in config:
        steps = config.pop("warmup_from_110")
        config |= {
            "warmup": steps,
            "warmup_from_depth": 110 if steps else None,
            "net": {"width": config.pop("width")},
        }
    if "recipe" in config:
        config |= config.pop("recipe") | {"epochs": None}
    return config | {"net": with_current_names(config["net"])} if "net" in config else config


def current_generator(name: str) -> str:
    """A random generator's name in checkpoints.

    What was "layer1.0.random" is "layer1.0.stochastic_depth.random".
    """
    return re.sub(r"^(layer\d+\.\d+)\.random$", r"\1.stochastic_depth.random", name)
