"""docs/instructors.md on answers that can be found in the notebooks and in the library."""

import re
from pathlib import Path

import pytest

from minires.course import notebooks

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "docs/instructors.md")
    .read_text(encoding="utf-8")
    .split("## What the notebooks already show\n")[1]
    .split("\n## ")[0]
)
ROWS = re.findall(r"^\| (A\d) \((\d+) of (\d+)\) \| (.*) \| (.*) \| (.*) \|$", SECTION, re.M)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_names_in_each_row_exist(row):
    key, _, points, in_notebooks, in_library, _ = row
    (source,) = (path for path in notebooks.find().values() if path.stem.startswith(key.lower()))
    text = source.read_text(encoding="utf-8")
    assert re.search(rf"\*\*Points\*\* {points}\b", text)
    numbers = re.findall(r"\b\d\d\b", in_notebooks)
    assert numbers
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for number in numbers
        for path in (ROOT / "notebooks/src").glob(f"{number}_*.py")
    )
    for name in re.findall(r"`(\w+)`", in_notebooks):
        assert re.search(rf"(def|class) {name}\b", code + text), name
    for path in re.findall(r"`([\w/]+\.py)`", in_library):
        assert (ROOT / "minires" / path).is_file(), path


def test_every_assignment_has_a_row():
    assert [row[0].lower() for row in ROWS] == list(notebooks.KEYS)
