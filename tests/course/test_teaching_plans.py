"""The teaching plans quote messages that the checks really print, and name files that exist."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import checks, notebooks

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "teaching_plans.md").read_text(encoding="utf-8")
PARTS = dict(zip(notebooks.KEYS, re.split(r"^## A\d: .*$", PAGE, flags=re.MULTILINE)[1:]))
ROWS = re.findall(r"^\| `(a\d\.\w+)` \| (.+?) \|", PAGE, re.MULTILINE)


def plain(text):
    return " ".join(re.sub(r"[^\w ]", " ", text).split()).lower()


def test_there_is_a_page_for_each_assignment_with_the_same_parts():
    for key in notebooks.KEYS:
        for part in ("Goals", "Before", "Timing", "Discuss", "Extension"):
            assert PARTS[key].count(f"**{part}.**") == 1
        assert 5 <= PARTS[key].count(f"| `{key}.") <= 6
        assert len(PARTS[key].split()) < 450  # it fits on a page


@pytest.mark.parametrize("task, quoted", ROWS, ids=[f"{task}: {text[:30]}" for task, text in ROWS])
def test_a_message_is_one_that_the_check_prints(task, quoted):
    """Each message belongs to a mistake planted in tests/course/mistakes, whose tests show that the
    check prints it."""
    key = task.split(".")[0]
    assert task in checks.tasks(key)
    planted = import_module(f"{__package__}.mistakes.{key}").MISTAKES
    assert any(one[0] == task and plain(one[3]) in plain(quoted) for one in planted)
    files = Path(checks.__file__).with_name(key).glob("*.py")
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    strings = plain(re.sub(r'"\s+f?"|\{[^{}]*\}', "", source))
    for part in re.sub("'layers' ", "", quoted.removeprefix("It looks as if ")).split("..."):
        assert plain(part) in strings


def test_hours_are_those_of_the_instructors_page_and_of_the_assignment():
    table = (DOCS / "instructors.md").read_text(encoding="utf-8")
    hours = dict(
        re.findall(r"^\| A(\d) \|.*\| (\d) \|$", table.split("## In three")[0], re.MULTILINE)
    )
    sources = {path.stem.split("_")[0]: path for path in notebooks.find().values()}
    for key in notebooks.KEYS:
        assert re.search(rf"\*\*Timing\.\*\* {hours[key[1]]} hours", PARTS[key])
        assert f"**Time** about {hours[key[1]]} hours." in sources[key].read_text(encoding="utf-8")


def test_the_instructors_page_links_to_the_plans():
    assert "(teaching_plans.md)" in (DOCS / "instructors.md").read_text(encoding="utf-8")
    assert json.dumps("teaching_plans") in (DOCS / "generate/index_pages.py").read_text()
