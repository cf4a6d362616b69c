"""docs/presets.md on the sweep matches the sweep's records."""

import re
from pathlib import Path

import pytest

from minires.experiments.records import read_table

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
RUNS = sorted(ROOT.glob("results/sweep-small/*/sweep.csv"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.parent.name)
def test_a_candidate(path):
    for row in read_table(path, ("model", "train_error", "test_error"), ("model",)):
        errors = f"{row['train_error']:.1f} | {row['test_error']:.1f}"
        assert f"| {path.parent.name} | {row['model']} | {errors} |" in DOC


def test_there_are_no_others():
    assert RUNS
    named = set(re.findall(r"^\| ([\w-]+) \| resnet-", DOC, re.MULTILINE))
    assert named == {path.parent.name for path in RUNS}
