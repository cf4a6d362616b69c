"""What the programs of this folder share: their options, and results that are on disk as soon as
they are there.
"""

import argparse
import inspect
import json
import sys
from pathlib import Path

from minires.experiments import records


def parse(name, description, sections, arguments=None, rounds=15, whole=False):
    """The options of ``python -m benchmarks.NAME``. The folder --out is there afterwards.

    With `whole`, whole trainings are timed, which --iterations shortens.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=rounds,
        help=f"how often each side is timed (default {rounds})",
    )
    if whole:
        parser.add_argument("--iterations", type=_positive, help="steps of each net (default all)")
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=sections,
        default=sections,
        help="what to measure (default all)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/benchmarks"),
        help=f"folder for {name}.json and {name}.md, which are replaced (default runs/benchmarks)",
    )
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {options.out}: cannot write there: {error.strerror}")
    return options


def measure(name, options, results, sections, markdown):
    """Go through the sections asked for, and keep ``NAME.json`` and ``NAME.md`` up to date.

    Parameters
    ----------
    name : str
    options : argparse.Namespace
        Of `parse`.
    results : dict
        What is known beforehand; each section's result is added under its name.
    sections : dict of callables
        Each returns its result, or yields what it has so far, so that a run cut short leaves that.
    markdown : callable
        From the results to their tables.
    """
    try:
        for section in options.sections:
            print(f"\n{section}", flush=True)
            found = sections[section]()
            for results[section] in found if inspect.isgenerator(found) else [found]:
                (options.out / f"{name}.json").write_text(
                    json.dumps(results, indent=1) + "\n", encoding="utf-8"
                )
                (options.out / f"{name}.md").write_text(markdown(results), encoding="utf-8")
    except KeyboardInterrupt:
        sys.exit(f"\nstopped; what was finished is in {options.out}")
    print(f"\n{markdown(results)}\nwritten to {options.out / name}.json and {name}.md")


def environment(name, device="cpu"):
    """The machine, the versions, and the command, without the folder of its results."""
    words, skip = [f"python -m benchmarks.{name}"], False
    for word in sys.argv[1:]:
        if not skip and not word.startswith("--out"):
            words.append(word)
        skip = word == "--out"
    return records.environment(device) | {"command": " ".join(words)}


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
