"""The ratios in the notes on speed are those of the recorded files."""

import json
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
NOTES = (ROOT / "benchmarks/NOTES.md").read_text()
RECORDED = json.loads((ROOT / "benchmarks/results/cpu.json").read_text())
THREADS = max(RECORDED["threads"])
ROWS = re.findall(
    r"^\| (training step|inference) / (.+?) \| [\d.]+ \| (.+?) \|$", NOTES, flags=re.MULTILINE
)

OTHER_ROWS = re.findall(
    r"^\| (.+) \| ([12]) \| (PyTorch.*?) \| [\d.]+ \| ([\d.]+) \|$", NOTES, flags=re.MULTILINE
)


def ratio(net, what, side):
    (entry,) = (
        entry
        for entry in RECORDED["nets"]
        if entry["name"].startswith(f"{net} {what}, width 16") and entry["threads"] == THREADS
    )
    return median(entry["seconds"]["minires"]) / median(entry["seconds"][side])


@pytest.mark.parametrize("what, other, measured", ROWS)
def test_ratios_are_those_of_the_recorded_run(what, other, measured):
    side = "PyTorch, channels_last" if other == "channels_last" else "PyTorch"
    numbers = re.findall(r"(ResNet-\d+) ([\d.]+)", measured)
    assert len(numbers) == 2
    for net, number in numbers:
        assert number == f"{ratio(net, what, side):.2f}"


def test_there_are_four_rows():
    assert len(ROWS) == 4


def test_memory_is_that_of_the_recorded_run():
    peaks = {
        entry["side"]: entry["peak"] / 2**20
        for entry in RECORDED["memory"]
        if entry["name"].startswith("ResNet-56 training step")
    }
    said = re.search(r"ResNet-56 needs (\d+) MiB at most, PyTorch's (\d+)", NOTES)
    assert said.groups() == (f"{peaks['minires']:.0f}", f"{peaks['PyTorch']:.0f}")


@pytest.mark.parametrize("name, threads, side, measured", OTHER_ROWS)
def test_other_ratios_are_those_of_the_recorded_run(name, threads, side, measured):
    (entry,) = (
        entry
        for entry in RECORDED["nets"] + RECORDED["imagenet"]
        if (entry["name"], entry["threads"]) == (name, int(threads))
    )
    seconds = entry["seconds"]
    assert measured == f"{median(seconds['minires']) / median(seconds[side]):.2f}"


def test_there_are_nine_other_rows():
    assert len(OTHER_ROWS) == 9
