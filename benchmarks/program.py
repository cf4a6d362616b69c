"""What the programs of this folder share: their options, the machine they ran on, and files of
results that are written after each measurement.
"""

import argparse
import inspect
import json
import re
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from minires.experiments import records


def parse(name, documentation, sections, arguments=None, rounds=15, iterations=None):
    """Parse the options of ``python -m benchmarks.NAME``, and make the folder of ``--out``.

    Parameters
    ----------
    name : str
    documentation : str
        The docstring of the module; its first sentence describes the program.
    sections : sequence of str
        What can be measured.
    arguments : list of str, optional
        Those of the command line by default.
    rounds : int
        The default of ``--rounds``.
    iterations : str, optional
        The help text of an option ``--iterations``, which shortens trainings. By default there is
        no such option.

    Returns
    -------
    argparse.Namespace
        With ``rounds``, ``sections``, ``out`` and, where it is an option, ``iterations``.

    Raises
    ------
    SystemExit
        With a message, for options that are wrong or a folder that cannot be made.
    """
    description = re.split(r":\s+``", documentation)[0] + "."
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=rounds,
        help=f"how often each side is timed (default: {rounds})",
    )
    if iterations:
        parser.add_argument("--iterations", type=_positive, help=iterations)
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=sections,
        default=sections,
        metavar="SECTION",
        help=f"what to measure (default: all): {'; '.join(sections)}",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/benchmarks"),
        help=f"folder for {name}.json and {name}.md, which are replaced (default: runs/benchmarks)",
    )
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {options.out}: cannot write there: {error.strerror}")
    return options


def measure(name, options, results, sections, markdown):
    """Measure the chosen sections one after another, and write ``NAME.json`` and ``NAME.md`` anew
    whenever there is more.

    Parameters
    ----------
    name : str
    options : argparse.Namespace
        From `parse`.
    results : dict
        What is known beforehand. The result of each section is added under its name.
    sections : dict of str to callable
        Each returns its result, or yields its result so far, so that a run cut short leaves that.
    markdown : callable
        From `results` to the text of ``NAME.md``.

    Raises
    ------
    SystemExit
        If it is stopped with Ctrl-C.
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
        sys.exit(f"\nstopped; the results so far are in {options.out}")
    print(f"\n{markdown(results)}\nwritten to {options.out / name}.json and {name}.md")


def environment(name, device="cpu"):
    """The machine, the versions, and the command without its ``--out``.

    Parameters
    ----------
    name : str
        Of the program.
    device : {"cpu", "gpu"}

    Returns
    -------
    dict
        As `records.environment`, and ``torch``, the version of PyTorch, if it is installed.
    """
    torch = {"torch": version("torch")} if find_spec("torch") else {}
    words, skip = [f"python -m benchmarks.{name}"], False
    for word in sys.argv[1:]:
        if not skip and not word.startswith("--out"):
            words.append(word)
        skip = word == "--out"
    return records.environment(device) | {"command": " ".join(words)} | torch


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
