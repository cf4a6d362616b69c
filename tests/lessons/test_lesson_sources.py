"""The sources of the notebooks as lessons: short cells, realistic times, answers that wait for a
guess."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks" / "src"
LESSONS = sorted(FOLDER.glob("[0-9]*.py"))
TAGS = {' tags=["guard"]', ' tags=["guard-full"]', ' tags=["fast"]', ' [markdown] tags=["answer"]'}
#: How the text below a result begins where it gives no answer away, and so needs no folding.
OPEN = (
    "# The solid line is the",  # 00
    "# Do they agree with measured",  # 02
    "# Does the library's convolution agree?",  # 04
    "# The dashed line is the",  # 06
    "# In the library `net.eval()` switches",  # 09
    "# Move the learning rate, and",  # 07
    "# Now look at single images.",  # 08
    "# Move the radius of the",  # 08
    "# The other cost is work.",  # 10
    "# Now a block for a",  # 11
    "# Some recipes start every block",  # 11
    "# Was this learning rate unfair",  # 11
    "# So a shortcut is a",  # 11
    "# Now put the branches back.",  # 11
    "# Which is best? On ImageNet",  # 11
    "# That was one seed of",  # 11
    "# So is a residual network",  # 11
    "# The table gives for each",  # 12
    "# Two seeds tell you next",  # 12
    "# How did the two get",  # 12
    "# Our seven epochs end at",  # 12
    "# Move the step, and watch",  # 13
    "# The factor 1.21 holds for",  # 13
    "# There are three reasons:",  # 15
    "# [`kernels/cpu/im2col.py`](../minires/kernels/cpu/im2col.py) does this, with more",  # 15
    "# <details><summary>For the curious: when it",  # 15
    "# Two threads are hardly ever",  # 15
    "# A prediction is worth making",  # 15
    "# *The rest* is the tape,",  # 15
)


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
        if "cells=2" in text:
            code = [
                later
                for later in found[found.index(following) + 1 :]
                if "[markdown]" not in later[0]
            ]
            assert "tags=" not in code[0][0], f"a hidden cell would be held for {asked}"


def test_the_text_below_a_result_is_folded(source):
    """A student who scrolls on before the guess must not read the answer there."""
    found = [cell for cell in cells(source) if "guard" not in cell[0] and "fast" not in cell[0]]
    for (_, text), (head, below) in zip(found, found[1:]):
        if ".reveal(" in text and "[markdown]" in head and not below.startswith("# ## "):
            assert 'tags=["answer"]' in head or below.startswith(OPEN), below


def test_no_variable_hides_a_function_of_the_lessons(source):
    """``recorded = ...`` in one cell breaks ``recorded("results/...")`` in a later one."""
    code = re.sub(r"(?m)^%", "#", source.read_text(encoding="utf-8"))
    nodes = list(ast.walk(ast.parse(code)))
    imported = {
        name.asname or name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "minires.lessons"
        for name in node.names
    }
    assigned = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert imported and not imported & assigned


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


def minutes_by_section(number):
    """Name of each section of a notebook -> minutes, at 150 words and 8 lines of code a minute."""
    (path,) = FOLDER.glob(f"{number}_*.py")
    minutes, section = {}, "the top"
    for head, text in cells(path):
        if "[markdown]" not in head:
            if "tags=" not in head:
                code = [line for line in text.splitlines() if line.strip()]
                minutes[section] = minutes.get(section, 0) + len(code) / 8
            continue
        for part in re.split(r"(?m)^(?=# #+ )", text):
            title = re.match(r"# #+ (.*)", part)
            section = title[1] if title else section
            prose = re.sub(r"(?s)<details>.*?</details>|\$\$.*?\$\$", " ", part)
            words = len(re.sub(r"(?m)^# ?", "", prose).split())
            minutes[section] = minutes.get(section, 0) + words / 150
    return minutes


def test_the_short_way_to_the_shortcut_takes_three_hours():
    (start,) = FOLDER.glob("00_*.py")
    rows = re.findall(r"(?m)^# \| (\d\d) \| ((?:all|\*).*) \| (\d+) \|$", start.read_text("utf-8"))
    total = 0
    for number, read, said in rows:
        minutes = minutes_by_section(number)
        minutes.pop("Exercises")
        names, listed = list(minutes), re.findall(r"\*(.+?)\*", read)
        assert set(listed) <= set(names), (number, listed)
        if read.startswith("all"):
            parts = set(names) - set(listed)
        else:
            parts = {*names[: names.index(listed[0]) + 1], *listed, "Recap"}
        counted = sum(minutes[name] for name in parts)
        assert abs(counted - int(said)) <= 1, (number, counted)
        total += counted
    assert [number for number, _, _ in rows][-1] == "11" and 170 <= total <= 195
