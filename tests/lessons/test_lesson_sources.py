"""The sources of the notebooks as lessons: short cells, realistic times, answers that wait for a
guess."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks" / "src"
LESSONS = sorted(FOLDER.glob("[0-9]*.py"))
TAGS = {' tags=["guard"]', ' tags=["guard-full"]', ' tags=["fast"]'}


def cells(source):
    """(head, text) of each cell; the head holds "[markdown]" or tags."""
    parts = source.read_text(encoding="utf-8").split("# %%")[1:]
    return [tuple(part.split("\n", 1)) for part in parts]


@pytest.fixture(params=LESSONS, ids=[source.stem for source in LESSONS])
def source(request):
    return request.param


def test_cells_that_readers_see_hold_one_idea_and_no_scaffolding(source):
    for head, text in cells(source):
        if "tags=" in head:
            assert head in TAGS
        elif "[markdown]" not in head:
            assert not re.search(r"\bFAST\b|MINIRES_FAST|os\.environ", text), text
            assert len([line for line in text.splitlines() if line.strip()]) <= 25, text


def test_the_answer_waits_in_the_next_cell(source):
    found = cells(source)
    for i, (head, text) in enumerate(found):
        asked = re.findall(r"(?m)^(\w+) = predict\(", text)
        if "[markdown]" in head or not asked:
            continue
        following = next(
            (later_head, later)
            for later_head, later in found[i + 1 :]
            if "[markdown]" not in later_head and "predict(" not in later
        )
        assert "tags=" not in following[0], f"a hidden cell would be held for {asked}"
        for name in asked:
            assert f"{name}.reveal(" in following[1], name
            assert f"{name}.reveal(" not in text, name


def test_the_stated_minutes_are_realistic(source):
    """150 words and 8 lines of code a minute."""
    words = lines = 0
    for head, text in cells(source):
        if "[markdown]" in head:
            prose = re.sub(r"(?s)<details>.*?</details>|\$\$.*?\$\$", " ", text)
            words += len(re.sub(r"(?m)^# ?", "", prose).split())
        elif "tags=" not in head:
            lines += len([line for line in text.splitlines() if line.strip()])
    said = re.search(
        r"About (\d+) minutes, and (\d+) more for the exercises",
        source.read_text(encoding="utf-8").replace("\n# ", " "),
    )
    assert said, "About ... minutes, and ... more for the exercises"
    assert abs(int(said[1]) - (words / 150 + lines / 8)) <= 4, (words, lines)
    assert 15 <= int(said[2]) <= 30
