"""Settings that a person gave and that change nothing, or contradict each other.

A `RunConfig` cannot tell them from defaults; the commands, which know what was given, can.
"""

from collections.abc import Collection

from ..errors import ConfigError
from .config import FOLDER, RunConfig

PHOTOGRAPHS = {"workers": "decoded in processes", "cache": "cached", "skip_damaged": "skipped"}


def check_given(given: Collection[str], config: RunConfig) -> list[str]:
    """A line for each of the `given` settings that changes nothing in the run of `config`.

    Parameters
    ----------
    given : collection of str
        Names of settings.
    config : RunConfig
        With these settings, and others by default.

    Raises
    ------
    ConfigError
        For drops beside milestones, or either of them beside a schedule without steps.
    """
    if {"drops", "milestones"} <= {*given} and config.milestones is not None:
        got = f"drops {_list(config.drops)} and milestones {_list(config.milestones)}"
        raise ConfigError("settings", "drops and milestones", "one of them", got)
    if "drops" in given and config.drops and config.schedule != "steps":
        got = f'schedule "{config.schedule}"'
        raise ConfigError("settings", "drops", 'none, or schedule "steps"', got)
    lines = [
        f"{name} changes nothing: only photographs (dataset {FOLDER!r}) are {what}"
        for name, what in PHOTOGRAPHS.items()
        if name in given and config.dataset != FOLDER
    ]
    if "muon_lr_scale" in given and config.optimizer != "muon":
        lines.append("muon_lr_scale changes nothing: only optimizer 'muon' has a rate of its own")
    if "warmup_from_depth" in given and not config.warmup:
        lines.append("warmup_from_depth changes nothing without a warmup")
    last = config.iterations
    if last is not None and config.warmup >= last:
        lines.append(f"warmup {config.warmup}: lr stays below {config.lr:g} in all {last} steps")
    late = [step for step in config.milestones or () if last is not None and step >= last]
    if late:
        lines.append(f"milestones {_list(late)} change nothing: the run has {last} steps")
    return lines


def _list(values):
    return " ".join(map(str, values))
