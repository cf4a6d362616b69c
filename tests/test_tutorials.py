"""The two tutorials: their commands are commands, and the output that they quote was printed.

results/transfer/outputs.txt holds the output of the commands, and transfer.csv the errors of all
seeds.
"""

import csv
import re
import shlex
from collections import defaultdict
from pathlib import Path
from statistics import mean

import pytest

from minires.cli import _parser

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results" / "transfer"
PAGES = ("transfer.md", "photographs.md")
OUTPUTS = (RECORDS / "outputs.txt").read_text(encoding="utf-8").splitlines()
WAYS = {
    "a new last layer": ("head", "0.1"),
    "all layers": ("all", "0.01"),
    "from scratch": ("scratch", "0.01"),
}
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


def text(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def blocks(page):
    """The fenced blocks without a language: commands, output, and a folder."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text(page), flags=re.DOTALL | re.MULTILINE)
    return [block for kind, block in found if not kind]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one(page):
    commands = [
        command
        for block in blocks(page)
        for command in block.replace("\\\n", " ").splitlines()
        if command.startswith("minires ")
    ]
    assert len(commands) >= 5
    for command in commands:
        _parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_output_was_printed(page):
    outputs = [
        block for block in blocks(page) if not block.startswith(("minires ", "pip ", "photos/"))
    ]
    assert len(outputs) >= 5
    for block in outputs:
        for line in block.splitlines():
            assert line == "..." or line in OUTPUTS, line


def errors():
    """(way, pictures) -> the test error for each seed."""
    found = defaultdict(list)
    with open(RECORDS / "transfer.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["method"], row["lr"], int(row["pictures"])].append(float(row["test_error"]))
    return found


def test_the_table_is_that_of_the_runs():
    found = errors()
    for name, way in WAYS.items():
        cells = [name]
        for pictures in (100, 400):
            values = found[(*way, pictures)]
            assert f"mean of {NUMBERS[len(values)]} seeds" in text("transfer.md")
            cells.append(f"{mean(values):.1f} % ({min(values):.1f} to {max(values):.1f})")
        assert f"| {' | '.join(cells)} |" in text("transfer.md"), cells


def test_the_result_at_the_other_rate_is_that_of_one_run():
    for pictures in (100, 400):
        (value,) = errors()["scratch", "0.1", pictures]
        assert f"{value:.1f} % with {pictures}" in text("transfer.md")


def test_pretraining_helps_with_every_seed():
    """The conclusion of the page holds for both numbers of pictures and for every seed."""
    found = errors()
    for pictures in (100, 400):
        head, everything, scratch = (found[(*way, pictures)] for way in WAYS.values())
        assert max(head) < min(scratch) and max(everything) < min(scratch)
        assert max(everything) < min(head)
    few, many = found[(*WAYS["a new last layer"], 100)], found[(*WAYS["from scratch"], 400)]
    assert abs(mean(few) - mean(many)) < 2  # "as well as"
