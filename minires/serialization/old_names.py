"""Names in files of earlier versions, and what these things are called today."""

import re

NET_SETTINGS = {"survival": "survival_prob"}


def with_current_names(settings, names=NET_SETTINGS):
    """The dict `settings` with today's names; `names` maps old ones to new ones."""
    return {names.get(name, name): value for name, value in settings.items()}


def current_generator(name):
    """A random generator's name in checkpoints.

    What was "layer1.0.random" is "layer1.0.stochastic_depth.random".
    """
    return re.sub(r"^(layer\d+\.\d+)\.random$", r"\1.stochastic_depth.random", name)
