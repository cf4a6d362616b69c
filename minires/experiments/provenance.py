"""Who computed which seeds of a run, where, and with which versions.

A run has one ``environment`` in its ``config.json``. A pooled run also has ``sources``: for each
run that it was made of, the folder, the seeds and the environment. Seeds that are in no source were
trained in the pooled run's own environment.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .seeds import in_words

MACHINE = ("minires", "python", "numpy", "blas", "platform", "processor", "gpu")


def sources(config: Mapping[str, Any], folder: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """What stands in the ``sources`` of a pooled run for one of its runs.

    Parameters
    ----------
    config : dict
        The settings of that run; it may be a pooled one itself.
    folder : str
        What it is called.
    seeds : list of int
        Its seeds.
    """
    found = [
        {**one, "seeds": [seed for seed in one["seeds"] if seed in seeds]}
        for one in config.get("sources", ())
    ]
    known = {seed for one in found for seed in one["seeds"]}
    own = [seed for seed in seeds if seed not in known]
    if own:
        found.append({"folder": folder, "seeds": own, "environment": config.get("environment", {})})
    return found


def in_sentences(config: Mapping[str, Any]) -> list[str]:
    """What the numbers of a run were computed with; in a pooled run of several, whose."""
    own: dict[str, Any] = {"seeds": [], "environment": config["environment"]}
    computed: dict[str, list[int]] = {}
    for one in sources(config, "", config.get("seeds", [])) or [own]:
        found = one["environment"]
        words = (
            f"minires {found['minires']}, Python {found['python']}, NumPy {found['numpy']}, "
            f"{found.get('gpu') or found['processor']}, {found['date']}"
        )
        computed.setdefault(words, []).extend(one["seeds"])
    sentences = []
    for words, seeds in computed.items():
        whose = f"{in_words(sorted(seeds)).capitalize()}: " if len(computed) > 1 else ""
        sentences.append(f"{whose}{words}.")
    return sentences


def machine_notes(computed: Collection[Mapping[str, Any]]) -> list[str]:
    """A line for each thing in which the environments of the `sources` differ."""
    notes = []
    for name in MACHINE:
        seeds: dict[str, list[int]] = {}
        for one in computed:
            value = str(one["environment"].get(name, "none"))
            seeds.setdefault(value, []).extend(one["seeds"])
        if len(seeds) > 1:
            each = ", ".join(f"{value} ({in_words(sorted(its))})" for value, its in seeds.items())
            notes.append(f"not the same {name} everywhere: {each}")
    return notes
