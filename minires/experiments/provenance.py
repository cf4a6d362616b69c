"""The provenance of numbers: which seeds of a run were computed on which machine, with which
versions.

The ``config.json`` of a run contains one ``environment``. A pooled run also has ``sources``, which
lists the folder, the seeds and the environment of each run in it. Seeds that are in no source were
trained later, in the environment of the pooled run.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .seeds import in_words

MACHINE = ("minires", "python", "numpy", "blas", "platform", "processor", "gpu")


def sources(config: Mapping[str, Any], folder: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """The entries for one run in the ``sources`` of a pooled run.

    Parameters
    ----------
    config : dict
        The settings of the run, which may be a pooled run itself, with several sources.
    folder : str
        The name of its folder.
    seeds : list of int
        The seeds that are taken from it.
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
    """Sentences on the machine and versions with which the numbers of a run were computed. If there
    were several, each sentence begins with its seeds.
    """
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
    """A line for each property, such as the processor, in which the environments of the `sources`
    differ.
    """
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
